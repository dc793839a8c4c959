from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.blocks import MAX_BLOCK_CHARS, PIECE_CHARS, Segment, segments

SENTENCE = "The committee met on Tuesday and heard what the neighbours had to say about the wall. "
WRAPPED = """The committee met on Tuesday and heard what the neighbours had
to say about the wall, which had stood since before the war and
which nobody had thought of mending. Two of them wanted it gone.
The others would rather see it made good."""
PIECES = [
    "a",
    "Word ",
    "end. ",
    "\n",
    "\n\n",
    "\r\n",
    "\f",
    "\u2029",
    "\u2028",
    "\xa0",
    "\t",
    "\ud800",
    "\0",
    ". ",
    "。",
    "- ",
]
MESSY = st.lists(st.sampled_from([*PIECES, SENTENCE, SENTENCE * 9, WRAPPED, "x" * 650]), max_size=40).map("".join)


def texts(text: str) -> list[str]:
    return [text[part.start : part.end] for part in segments(text)]


@given(text=MESSY | st.text())
def test_segments_are_in_order_disjoint_bare_and_cover_what_is_no_space(text):
    end, block, covered = 0, 0, []
    for part in segments(text):
        assert end <= part.start < part.end <= len(text)
        assert block <= part.block <= block + 1
        piece = text[part.start : part.end]
        assert piece == piece.strip()
        covered.append(piece)
        end, block = part.end, part.block
    assert "".join("".join(covered).split()) == "".join(text.split())


@given(text=MESSY | st.text())
def test_no_segment_is_longer_than_the_longest_block(text):
    assert all(part.end - part.start <= MAX_BLOCK_CHARS for part in segments(text))


@given(text=MESSY)
def test_a_piece_that_another_follows_is_not_short_where_words_allow(text):
    for part, following in pairwise(segments(text)):
        if part.block == following.block and len(set(text[part.start : part.end].split())) > 60:
            assert part.end - part.start >= PIECE_CHARS[0]


@given(text=MESSY)
def test_segments_part_their_own_text_no_further_where_it_is_one_line(text):
    for part in texts(text):
        if not set(part) & set("\n\r\f\v\x85\u2028\u2029"):
            assert segments(part) == [Segment(0, len(part), 0)]


def test_blank_lines_part_blocks():
    assert texts("A heading\n\nBy Ann Writer\n \t\nThe council met.\n") == [
        "A heading",
        "By Ann Writer",
        "The council met.",
    ]


@pytest.mark.parametrize(
    "gap", ["\n\n", "\r\n\r\n", "\r\r", "\n\xa0\n", "\n\t \n", "\f", "\u2029", "\u2028\u2028", "\x85\n"]
)
def test_a_gap_of_any_kind_parts_blocks(gap):
    assert [part.block for part in segments(f"{WRAPPED}{gap}{WRAPPED}")] == [0, 1]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028"])
def test_prose_wrapped_by_hand_stays_together(line_end):
    text = WRAPPED.replace("\n", line_end)
    assert texts(text) == [text]


def test_long_lines_are_paragraphs_of_their_own():
    lines = [SENTENCE * 2, "Jan K.", SENTENCE * 3]
    assert texts("\n".join(lines)) == [line.strip() for line in lines]


def test_names_and_comments_are_lines_of_their_own():
    lines = ["Mary Smith", "I made 5,000 a week with him, ask me how", "2 days ago", "Reply"]
    assert texts("\n".join(lines)) == lines


def test_sentences_and_headlines_of_like_length_are_not_taken_for_wrapped_prose():
    lines = [
        "Storm leaves thousands without power along the northern coast",
        "Council puts off its vote on the new bridge to next spring",
    ]
    assert texts("\n".join(lines * 3)) == lines * 3


def test_list_items_stand_alone_after_wrapped_prose():
    assert texts(WRAPPED + "\n- one\n- two")[-2:] == ["- one", "- two"]


def test_a_short_line_ends_a_wrapped_paragraph():
    assert texts(WRAPPED + "\n" + WRAPPED) == [WRAPPED, WRAPPED]


def test_a_long_block_is_cut_at_sentences():
    parts = texts(SENTENCE * 30)
    assert all(part.endswith("wall.") for part in parts)
    assert all(PIECE_CHARS[0] <= len(part) <= PIECE_CHARS[1] for part in parts[:-1])
    assert {part.block for part in segments(SENTENCE * 30)} == {0}


def test_an_abbreviation_or_a_decimal_point_ends_no_sentence():
    parts = texts("He paid Mr. Jones of the U.S. office 3.5 million with J. Smith. " * 30)
    assert all(part.endswith("Smith.") for part in parts)


def test_words_without_sentences_are_cut_at_spaces():
    parts = texts("wordless " * 300)
    assert {word for part in parts for word in part.split()} == {"wordless"}


def test_letters_without_spaces_are_cut_at_a_stated_length():
    assert [len(part) for part in texts("a" * 2000)] == [600, 600, 600, 200]


def test_chinese_is_cut_after_its_full_stop():
    assert all(part.endswith("。") for part in texts("市議会は火曜日に会合を開いた。" * 100))


@pytest.mark.parametrize("text", ["", " ", "\n", "\n" * 9, "\xa0\n\f"])
def test_nothing_has_no_segments(text):
    assert segments(text) == []


@pytest.mark.parametrize("unit", ["a", "\n", ". ", "\0", "\ud800 ", "a ", " \n", "&", "\u2029"])
def test_floods_are_parted(unit):
    parts = segments(unit * 300_000)
    assert sum(part.end - part.start for part in parts) <= 300_000 * len(unit)
    assert len(parts) <= 300_000
