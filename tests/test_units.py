import re
from itertools import pairwise

import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_blocks import MESSY, SENTENCE

from classifier.blocks import MAX_BLOCK_CHARS, Segment, segments
from classifier.text import fold
from classifier.units import MIN_STRETCHES, Unit, is_short, n_words, parted_by_blank_lines, units

BLANK_LINE = re.compile(r"\n\s*\n")
LINES = ["FREE", "Fast loans", "Reply", "https://a.example", HAM[0], HAM[3], SPAM[1], SENTENCE * 4, SENTENCE * 9]
GAPS = ["\n", "\n", "\n\n", "\n \t\n", "\r\n\r\n"]
SIX = "the council met about a bridge today"
LISTED = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(GAPS)), max_size=25).map(
    lambda lines: "".join(line + gap for line, gap in lines)
)


def folded_segments(text: str) -> tuple[list[Segment], list[str]]:
    parts = segments(text)
    return parts, [fold(text[part.start : part.end]) for part in parts]


def joined(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in units(text, *folded_segments(text))]


def naive_stretches(text: str, parts: list[Segment]) -> list[int]:
    return [len(BLANK_LINE.findall(text[: part.start])) for part in parts]


def is_parted(stretches: list[int]) -> bool:
    """There are five stretches or more, and at most a third of them hold several segments."""
    counts = [stretches.count(stretch) for stretch in set(stretches)]
    return len(counts) >= 5 and 3 * sum(n > 1 for n in counts) <= len(counts)


@given(text=MESSY | LISTED | st.text())
def test_every_segment_is_in_one_unit_in_order(text):
    parts, folded = folded_segments(text)
    found = units(text, parts, folded)
    assert [i for unit in found for i in range(unit.first, unit.last)] == list(range(len(parts)))
    assert all(unit.first < unit.last for unit in found)


@given(text=MESSY | LISTED | st.text())
def test_a_unit_begins_with_its_first_segment_and_ends_with_its_last(text):
    parts, folded = folded_segments(text)
    for unit in units(text, parts, folded):
        first, last = parts[unit.first], parts[unit.last - 1]
        assert (unit.start, unit.end, unit.block) == (first.start, last.end, first.block)


@given(text=MESSY | LISTED)
def test_no_unit_goes_across_a_blank_line(text):
    assert not any(BLANK_LINE.search(unit) for unit in joined(text))


@given(text=MESSY | LISTED)
def test_no_unit_is_longer_than_the_longest_block(text):
    assert all(len(unit) <= MAX_BLOCK_CHARS for unit in joined(text))


@given(text=LISTED)
def test_what_may_be_joined_is_and_nothing_else(text):
    parts, folded = folded_segments(text)
    stretches, short = naive_stretches(text, parts), is_short(folded)
    for unit in units(text, parts, folded):
        for i in range(unit.first + 1, unit.last):
            assert is_parted(stretches) or (short[i - 1] and short[i])
        if (i := unit.last) < len(parts) and stretches[i - 1] == stretches[i]:
            is_full = parts[i].end - unit.start > MAX_BLOCK_CHARS
            assert is_full or not (is_parted(stretches) or (short[i - 1] and short[i]))


@given(text=LISTED)
def test_a_page_is_parted_where_the_plain_rule_says_so(text):
    stretches = naive_stretches(text, segments(text))
    assert parted_by_blank_lines(np.array(stretches, np.int64)) == is_parted(stretches)


def test_nothing_has_no_units():
    assert units("", [], []) == []


def test_neighbouring_short_lines_are_one_unit():
    assert joined("Fast loans\nBad credit loans\nhttps://a.example") == [
        "Fast loans\nBad credit loans\nhttps://a.example"
    ]


def test_long_lines_stand_alone_on_a_page_that_is_not_parted_by_blank_lines():
    assert joined("\n".join([HAM[0], "By Ann Writer", "Leeds", HAM[1]])) == [HAM[0], "By Ann Writer\nLeeds", HAM[1]]


def test_lines_of_a_stretch_are_one_unit_on_a_page_parted_by_blank_lines():
    stretches = [*HAM[:5], f"{SPAM[1]}\nCall now\n{SPAM[3]}", HAM[5]]
    assert joined("\n\n".join(stretches)) == stretches


@pytest.mark.parametrize(
    ("n_single", "n_several", "is_joined"),
    [
        (MIN_STRETCHES - 1, 1, True),
        (MIN_STRETCHES - 2, 1, False),
        (4, 2, True),
        (3, 3, False),
        (0, MIN_STRETCHES, False),
    ],
)
def test_few_stretches_or_many_of_several_lines_do_not_part_a_page(n_single, n_several, is_joined):
    stretches = [f"{SPAM[0]}\n{SPAM[1]}"] * n_several + [HAM[0]] * n_single
    assert len(joined("\n\n".join(stretches))) == len(stretches) + (0 if is_joined else n_several)


@pytest.mark.parametrize("n_paragraphs", [0, MIN_STRETCHES])
@pytest.mark.parametrize("gap", ["\n\n", "\n \t\n", "\n\xa0\n", "\r\n\r\n", "\n\n\n\n", "\n\f\n"])
def test_a_short_line_joins_nothing_across_a_blank_line(gap, n_paragraphs):
    text = gap.join(["Fast loans", "Bad credit", *[HAM[0]] * n_paragraphs])
    assert joined(text)[:2] == ["Fast loans", "Bad credit"]


@pytest.mark.parametrize("gap", ["\r\r", "\f", "\u2029", "\u2028\u2028", "\x85\n", "\x85\x85", "\v\v"])
def test_a_gap_of_any_kind_parts_units(gap):
    assert joined(f"Fast loans{gap}Bad credit") == ["Fast loans", "Bad credit"]


def test_many_short_lines_are_units_as_long_as_may_be():
    found = joined("\n".join(["Fast loans"] * 200))
    assert "\n".join(found) == "\n".join(["Fast loans"] * 200)
    assert all(len(f"{unit}\n{following[:10]}") > MAX_BLOCK_CHARS for unit, following in pairwise(found))


@pytest.mark.parametrize(("n_chars", "n_units"), [(MAX_BLOCK_CHARS, 1), (MAX_BLOCK_CHARS + 1, 2)])
def test_the_longest_block_is_the_longest_unit(n_chars, n_units):
    assert len(joined("Free\n" + "a" * (n_chars - 5))) == n_units


def test_a_segment_beyond_the_longest_block_is_a_unit_alone():
    text = "a" * 900 + "\nFree\nCash"
    parts = [Segment(0, 900, 0), Segment(901, 905, 1), Segment(906, 910, 2)]
    assert units(text, parts, ["a" * 900, "free", "cash"]) == [Unit(0, 900, 0, 1, 0), Unit(901, 910, 1, 3, 1)]


@pytest.mark.parametrize(
    ("folded", "n"),
    [
        ("", 0),
        ("free", 1),
        ("fast loans, bad credit!", 4),
        ("free free free _link_ free", 1),
        ("it's what you don't say that counts", 7),
        ("_link_ _usd_ _e2_ _mail_", 0),
        ("_link_ free _usd_", 1),
        ("000 ... a b c", 0),
        ("mp3 h1n1 2nd", 0),
        ("привет мир", 0),
        ("市议会 星期二", 0),
        ("naïve señor façade łódź café", 4),
        (fold("Ünlü école, naïve Señor à Łódź"), 5),
        ("'quoted' (bracketed) hyphen-ated", 4),
    ],
)
def test_words_are_the_different_ones_in_latin_letters(folded, n):
    assert n_words(folded) == n


@pytest.mark.parametrize(
    ("folded", "short"),
    [
        ("", True),
        ("free", True),
        (SIX.removesuffix("today"), True),
        (SIX, False),
        ("free " * 50, True),
        ("_link_ _usd_ _e2_ 000 ... a b c d e f", True),
        ("by our own reporter leeds _link_", True),
        ("городской совет собрался во вторник чтобы выслушать соседей", True),
        (fold("Le café était fermé à Besançon, señor"), False),
        ("it's what you don't say that counts", False),
    ],
)
def test_words_alone_make_a_segment_long_enough(folded, short):
    assert is_short([folded]).tolist() == [short]


def test_each_of_several_is_told_by_itself():
    assert is_short(["free", SIX, ""]).tolist() == [True, False, True]
    assert is_short([]).shape == (0,)
