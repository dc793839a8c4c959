import sys

import pytest

from classifier.characters import COMMON, HOMOGLYPHS, OTHER, STYLED, character_edits, fold_character, lower, sketch

ALL = list(map(chr, range(sys.maxunicode + 1)))


def test_folding_any_character_twice_is_folding_it_once() -> None:
    folded = {character: fold_character(character) for character in ALL}
    parts = {part for whole in folded.values() for part in whole}
    assert {part for part in parts if fold_character(part) != part} == set()


def test_no_character_folds_to_more_than_eight() -> None:
    assert max(len(fold_character(character)) for character in ALL) <= 8


def test_line_break_and_space_are_the_only_white_space_left() -> None:
    assert {part for character in ALL for part in fold_character(character) if part.isspace()} == {" ", "\n"}


def test_common_characters_are_folded_as_others_are() -> None:
    assert all(folded == fold_character(character) for character, folded in COMMON.items())


def test_homoglyphs_are_folded_characters_of_one_latin_letter() -> None:
    assert all(fold_character(letter) == letter for letter in HOMOGLYPHS)
    assert all(len(latin) == 1 and latin.isascii() and latin.islower() for latin in HOMOGLYPHS.values())


def test_styled_letters_are_latin_in_any_text() -> None:
    assert all(latin.isascii() and latin.isalpha() for latin in STYLED.values())


@pytest.mark.parametrize(
    ("character", "folded"),
    [
        ("É", "e"),
        ("ß", "ss"),
        ("İ", "i"),
        ("ſ", "s"),
        ("№", "no"),
        ("\u00a0", " "),
        ("\r", "\n"),
        ("\x00", ""),
        ("½", "1/2"),
    ],
)
def test_character(character: str, folded: str) -> None:
    assert fold_character(character) == folded


def test_edits_leave_out_what_stays() -> None:
    text = "a — é £ б?"
    assert character_edits(text, sketch(text)) == [(2, 3, "-"), (4, 5, "e")]


def test_lower_leaves_all_but_ascii() -> None:
    assert lower("ABC É") == "abc É"
    assert lower("ABC") == "abc"


def test_sketch_has_a_byte_for_each_character() -> None:
    text = "".join(ALL)
    drawn = sketch(text)
    assert len(drawn) == len(text)
    assert set(drawn[128:]) == {OTHER}


def test_sketch_marks_what_folding_replaces() -> None:
    plain = [c for c in map(chr, range(128)) if fold_character(c) != c.lower()]
    assert all(sketch(character) == bytes([OTHER]) for character in plain)
