"""What an n-gram is, and which buckets a text has."""

from itertools import pairwise
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ngrams import PAIR, SPREAD, NgramSpec, char_stream, count, encode, text_buckets, word_list

WORDS = NgramSpec(words=1)
PAIRS = NgramSpec(words=2)


def bucket(key: int, bits: int = 20) -> int:
    """Say the formula once more, in whole numbers without end."""
    return (key * SPREAD % 2**64) >> (64 - bits)


@pytest.mark.parametrize(
    ("folded", "words"),
    [
        ("", []),
        (" \t\n\x00\x1f", []),
        ("earn bitcoins", [b"earn", b"bitcoins"]),
        ("don't, really!", [b"don't", b"really"]),
        ("snake_case 50%", [b"snake_case", b"00%"]),
        ("a-b/c.d", [b"a", b"b", b"c", b"d"]),
        ("1234 2024x", [b"0000", b"0000x"]),
        ("café прибыль", ["café".encode(), "прибыль".encode()]),
        ("win\x00now\x7fok", [b"win", b"now", b"ok"]),
        ("🚀moon", ["🚀moon".encode()]),
    ],
)
def test_words(folded: str, words: list[bytes]) -> None:
    assert word_list(folded) == words


def test_word_falls_into_the_bucket_of_its_crc() -> None:
    assert text_buckets("earn", WORDS).tolist() == [bucket(crc32(b"earn"))]


def test_pair_is_two_neighbours_in_order() -> None:
    first, second = crc32(b"earn"), crc32(b"bitcoins")
    pair = bucket((first * PAIR + second) % 2**64)
    assert text_buckets("earn bitcoins", PAIRS).tolist() == [bucket(first), bucket(second), pair]
    assert pair not in text_buckets("bitcoins earn", PAIRS)


def test_pair_reaches_over_marks() -> None:
    assert np.array_equal(text_buckets("earn, bitcoins!", PAIRS), text_buckets("earn bitcoins", PAIRS))


def test_no_words_no_chars_no_ngrams() -> None:
    counts = count(["earn bitcoins"], NgramSpec(words=0))
    assert counts.buckets.tolist() == []
    assert counts.starts.tolist() == [0, 0]


def test_digits_are_read_as_0() -> None:
    spec = NgramSpec(words=2, chars=(3,))
    assert np.array_equal(text_buckets("$1,995 in 24h", spec), text_buckets("$7,000 in 00h", spec))


@pytest.mark.parametrize(
    ("folded", "stream"),
    [("", b"  "), ("a", b" a "), ("  a \n\t b\x00", b" a b "), ("a, 19", b" a, 00 "), ("é", " é ".encode())],
)
def test_spaces_are_evened(folded: str, stream: bytes) -> None:
    assert char_stream(folded) == stream


def test_character_ngram_is_neighbouring_bytes() -> None:
    keys = [int.from_bytes(b"\x03" + run) for run in (b" ab", b"abc", b"bc ")]
    spec = NgramSpec(words=0, chars=(3,))
    assert text_buckets("abc", spec).tolist() == [spec.block_size + bucket(key) for key in keys]


@pytest.mark.parametrize("bits", [10, 20, 24])
def test_words_and_characters_have_a_block_each(bits: int) -> None:
    spec = NgramSpec(words=2, chars=(4,), bits=bits)
    assert (spec.block_size, spec.n_buckets) == (2**bits, 2 ** (bits + 1))
    words = text_buckets("earn bitcoins", NgramSpec(words=2, bits=bits))
    buckets = text_buckets("earn bitcoins", spec)
    assert np.array_equal(buckets[: len(words)], words)
    assert (words < spec.block_size).all()
    assert ((buckets[len(words) :] >= spec.block_size) & (buckets[len(words) :] < spec.n_buckets)).all()


def test_text_shorter_than_the_ngram_has_none() -> None:
    assert text_buckets("ab", NgramSpec(words=0, chars=(5,))).tolist() == []


def test_unencodable_is_a_question_mark() -> None:
    assert encode("a\ud800b") == b"a?b"


def test_counts_are_rows_in_order() -> None:
    counts = count(["b a b", "", "a"], WORDS)
    a, b = bucket(crc32(b"a")), bucket(crc32(b"b"))
    assert counts.starts.tolist() == [0, 2, 2, 3]
    assert dict(zip(counts.buckets[:2].tolist(), counts.counts[:2].tolist(), strict=True)) == {a: 1.0, b: 2.0}
    assert counts.buckets[2] == a


def test_types_without_texts() -> None:
    counts = count([], PAIRS)
    assert (counts.buckets.dtype, counts.counts.dtype) == (np.int32, np.float32)
    assert counts.starts.tolist() == [0]


@given(st.lists(st.text()), st.sampled_from([10, 20, 24]))
def test_buckets_are_in_range_and_ascend(texts: list[str], bits: int) -> None:
    spec = NgramSpec(words=2, chars=(1, 4, 7), bits=bits)
    counts = count(texts, spec)
    for start, end in pairwise(counts.starts.tolist()):
        row = counts.buckets[start:end]
        assert np.all(np.diff(row) > 0)
        assert np.all((row >= 0) & (row < spec.n_buckets))
        assert np.all(counts.counts[start:end] >= 1)


@given(st.text())
def test_every_ngram_is_counted(text: str) -> None:
    spec = NgramSpec(words=2, chars=(4,), bits=10)
    assert count([text], spec).counts.sum() == len(text_buckets(text, spec))
