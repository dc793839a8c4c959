import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.characters import sketch
from classifier.text import STEPS, applied, changes, fold, fold_aligned, moved, words_alone

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "folding.jsonl").read_text(encoding="utf-8").strip().split("\n")
]
PASSING = [case for case in CASES if case["expect"] == "pass"]
FAILING = [case for case in CASES if case["expect"] == "fail"]

RICH = "aein m0135$@.:/-_*()[],'\n\t +ukcxбосвіпοα£€🚀💰\u200b\u0301\u00adÉＡ１’…\ud800\x00"
PIECES = [
    *("http://", "www.", ".com", "@", "t.me/", "usd", "$", "5", "000", "1,000", ".5", " ", "-\n", "(dot)", "[at]"),
    *("gmail", "btc", "m0n3y", "n0w", "+44", "0", "202", "555", "0143", "(", ")", "a", "b", "a b c", "x.y.z", "0x"),
    *("1boat", "million", "k", "rs.", "n", "é", "🚀", "соin", "п", "\u200b", "-", "_", "/", "A", "Zz", "?"),
]
TEXTS = st.one_of(
    st.text(st.characters()),
    st.text(RICH, max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
)

HOSTILE = [
    *(
        "a",
        "a ",
        "a.",
        "1",
        "1 ",
        "1,",
        "1.",
        "$",
        "@",
        "a@",
        "http://",
        "x-",
        "\u0301",
        "🚀",
        "🚀💰",
        "bitсоin ",
        "аа",
    ),
    *("привет ", "a1", "12345678901234567 ", "$1 ", "x.com ", "a.com.", "://", "www.", "0x", "m0n3y n0w ", "(dot)"),
    *("a[.]", "a-\n", "£ 5", "n1,000", "usd 5 ", "1 k", "+(", "@a.", "a@b.c", "00 ", "- ", "\ud800", "(1)", "a.b c"),
]


@pytest.mark.parametrize("case", PASSING, ids=lambda case: case["id"])
def test_case(case: dict[str, str]) -> None:
    assert fold(case["text"]) == case["folded"]


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case["id"])
@pytest.mark.xfail(strict=True, reason="known failure")
def test_known_failure(case: dict[str, str]) -> None:
    assert fold(case["text"]) == case["folded"]


def test_cases_are_well_formed() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert set(case) == {"id", "text", "folded", "why", "provenance", "expect"}
        assert case["provenance"] in {"written", "synthetic"}
        assert case["expect"] in {"pass", "fail"}
        assert case["why"]


def test_texts_of_cases_fold_once_and_for_all() -> None:
    for case in CASES:
        assert fold(fold(case["text"])) == fold(case["text"])


@settings(deadline=None)
@given(TEXTS)
def test_folding_is_idempotent(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded


@settings(deadline=None)
@given(TEXTS)
def test_folding_grows_no_text_without_measure(text: str) -> None:
    assert len(fold(text)) <= 8 * len(text) + 16


@settings(deadline=None)
@given(TEXTS)
def test_folded_text_is_plain(text: str) -> None:
    folded = fold(text)
    assert not any(character.isascii() and character.isupper() for character in folded)
    assert all(character == "\n" or character.isprintable() for character in folded if character.isascii())
    folded.encode()


@settings(deadline=None)
@given(TEXTS)
def test_no_step_has_an_edit_for_a_folded_text(text: str) -> None:
    folded = fold(text)
    assert all(step(folded, sketch(folded)) == [] for _, step in STEPS)


@settings(deadline=None)
@given(TEXTS)
def test_a_step_skipped_for_its_sign_has_no_edit(text: str) -> None:
    for _, folded in changes(text):
        text = folded
        drawn = sketch(text)
        assert all(step(text, drawn) == [] for sign, step in STEPS if sign is not None and sign not in drawn)


@settings(deadline=None)
@given(TEXTS)
def test_edits_are_ordered_and_disjoint(text: str) -> None:
    before = text
    for edits, after in changes(text):
        ends = [0, *(end for _, end, _ in edits)]
        assert all(last <= start <= end <= len(before) for last, (start, end, _) in zip(ends, edits, strict=False))
        before = after


@settings(deadline=None)
@given(TEXTS)
def test_aligned_folding_is_folding(text: str) -> None:
    aligned = fold_aligned(text)
    assert aligned.folded == fold(text)
    assert len(aligned.starts) == len(aligned.ends) == len(aligned.folded)


@settings(deadline=None)
@given(TEXTS)
def test_alignment_is_monotone_and_inside_the_text(text: str) -> None:
    aligned = fold_aligned(text)
    assert list(aligned.starts) == sorted(aligned.starts)
    assert list(aligned.ends) == sorted(aligned.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(aligned.starts, aligned.ends, strict=True))


def test_alignment_of_plain_text_is_the_identity() -> None:
    aligned = fold_aligned("Plain News")
    assert aligned.starts == tuple(range(10))
    assert aligned.ends == tuple(range(1, 11))


def test_a_token_stands_for_all_it_replaces() -> None:
    text = "pay $500 at once"
    aligned = fold_aligned(text)
    token = aligned.folded.index("_usd_")
    assert text[aligned.starts[token] : aligned.ends[token]] == "$500"


def test_alignment_skips_what_is_dropped() -> None:
    text = "a\u200b.b.c o\u00adin"
    aligned = fold_aligned(text)
    assert [text[start:end] for start, end in zip(aligned.starts, aligned.ends, strict=True)] == list("abc oin")


def test_alignment_points_to_the_disguise() -> None:
    text = "№ m0nеy"
    aligned = fold_aligned(text)
    assert aligned.folded == "no money"
    assert [text[aligned.starts[i] : aligned.ends[i]] for i in (0, 1, 4, 6)] == ["№", "№", "0", "е"]


def test_moved_offsets_of_an_insertion_are_empty() -> None:
    assert moved([0, 1], [1, 2], [(1, 1, " ")]) == ([0, 1, 1], [1, 1, 2])


def test_applied_makes_edits_in_order() -> None:
    assert applied("abcdef", [(0, 1, "X"), (2, 2, "-"), (3, 5, "")]) == "Xb-cf"


@settings(deadline=None)
@given(TEXTS)
def test_words_alone_are_at_rest(text: str) -> None:
    words = applied(text, words_alone(text))
    assert fold(words) == words


def duration(text: str) -> float:
    began = time.process_time()
    fold(text)
    return time.process_time() - began


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    short, long = (piece * (n // len(piece)) for n in (10_000, 40_000))
    fold(short)
    ratios = (duration(long) / max(duration(short), 1e-4) for _ in range(5))
    assert any(ratio < 12 for ratio in ratios)
