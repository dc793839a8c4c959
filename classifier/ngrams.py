"""The n-grams: which hashed n-grams a folded text has, and how often each.

A word n-gram is one to `words` neighbouring words; a character n-gram is `n` neighbouring bytes of the
text with every run of white space read as one space. Digits are read as 0, so an amount keeps its
shape and no more. Each n-gram falls into one of 2**bits buckets of its block: words have the first
block of buckets, characters the second.

Two programs count the same: `count` here, in NumPy, for a few texts, and `classifier.compiled` for
many. Invariant: on any text both give the same buckets with the same counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

# Odd multipliers of multiplicative hashing: 2**64 divided by the golden ratio (Knuth, vol. 3, 6.4) for
# the bucket, and the second prime of xxHash64 to set the first word of a pair apart from the second.
SPREAD = 0x9E3779B97F4A7C15
PAIR = 0xC2B2AE3D27D4EB4F

SEPARATOR, WORD, MARK = 0, 1, 2
SPACE, ZERO = 0x20, 0x30


def byte_kinds() -> NDArray[np.uint8]:
    """Return the kind of each byte: of a word, white space, or a mark of its own.

    Bytes of a character beyond ASCII are of a word, so that words of any script, and pictures, count.
    """
    kinds = np.full(256, MARK, np.uint8)
    kinds[: SPACE + 1] = SEPARATOR
    kinds[list(b"abcdefghijklmnopqrstuvwxyz0123456789_'%")] = WORD
    kinds[128:] = WORD
    return kinds


def byte_forms() -> NDArray[np.uint8]:
    """Return what each byte is read as: white space as a space, digits as 0, others as they are."""
    forms = np.arange(256, dtype=np.uint8)
    forms[: SPACE + 1] = SPACE
    forms[list(b"123456789")] = ZERO
    return forms


KINDS, FORMS = byte_kinds(), byte_forms()
_SPREAD, _PAIR = np.uint64(SPREAD), np.uint64(PAIR)
_FORMS_TABLE = FORMS.tobytes()
_WORDS_TABLE = bytes(form if kind == WORD else SPACE for form, kind in zip(FORMS, KINDS, strict=True))


@dataclass(frozen=True, slots=True)
class NgramSpec:
    """Which n-grams are counted.

    Attributes
    ----------
    words : int
        Longest word n-gram, 0 to 2; 0 for none.
    chars : tuple of int
        Lengths of character n-grams in bytes, each 1 to 7.
    bits : int
        2**bits buckets in each of the two blocks, 10 to 24.
    """

    words: int = 2
    chars: tuple[int, ...] = ()
    bits: int = 20

    @property
    def block_size(self) -> int:
        """Number of buckets of one block; the characters' buckets begin here."""
        return 1 << self.bits

    @property
    def n_buckets(self) -> int:
        """Number of buckets of both blocks."""
        return 2 << self.bits


@dataclass(frozen=True, slots=True)
class Counts:
    """Counted n-grams of some texts, as a compressed sparse row matrix.

    Attributes
    ----------
    buckets : int32 array of shape (n_entries,)
        Bucket of each entry; within a text each bucket stands once.
    counts : float32 array of shape (n_entries,)
        How often its n-grams stand in the text.
    starts : int64 array of shape (n_texts + 1,)
        Entries of text i are `starts[i]:starts[i + 1]`.
    """

    buckets: NDArray[np.int32]
    counts: NDArray[np.float32]
    starts: NDArray[np.int64]


def word_list(folded: str) -> list[bytes]:
    """Split a folded text into its words, digits read as 0."""
    return encode(folded).translate(_WORDS_TABLE).split()


def encode(folded: str) -> bytes:
    """Encode a folded text; what UTF-8 cannot say becomes a question mark."""
    return folded.encode("utf-8", "replace")


def word_buckets(words: Sequence[bytes], spec: NgramSpec) -> Iterator[NDArray[np.int64]]:
    """Yield the buckets of the words, then of the pairs of neighbouring words, in order."""
    keys = np.fromiter(map(crc32, words), np.uint64, len(words))
    yield spread(keys, spec)
    if spec.words >= 2:
        yield spread(keys[:-1] * _PAIR + keys[1:], spec)


def spread(keys: NDArray[np.uint64], spec: NgramSpec) -> NDArray[np.int64]:
    """Return the bucket of each key within its block."""
    return ((keys * _SPREAD) >> np.uint64(64 - spec.bits)).view(np.int64)


def char_stream(folded: str) -> bytes:
    """Return the bytes whose neighbours make character n-grams, a space before the first and after the last."""
    return b" " + b" ".join(encode(folded).translate(_FORMS_TABLE).split()) + b" "


def char_buckets(stream: bytes, n: int, spec: NgramSpec) -> NDArray[np.int64]:
    """Return the bucket of each run of `n` bytes, in order."""
    n_runs = max(len(stream) - n + 1, 0)
    # Every eight neighbouring bytes as one number, of which the first n are kept: no copy for each byte of a run.
    eights = np.ndarray((n_runs,), ">u8", stream + bytes(8), strides=(1,))
    keys = (eights.astype(np.uint64) >> np.uint64(64 - 8 * n)) | np.uint64(n << 8 * n)
    return spread(keys, spec) + spec.block_size


def text_buckets(folded: str, spec: NgramSpec) -> NDArray[np.int64]:
    """Return the bucket of every n-gram of a text, repeats included."""
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    if spec.words:
        found += word_buckets(word_list(folded), spec)
    if spec.chars:
        stream = char_stream(folded)
        found += (char_buckets(stream, n, spec) for n in spec.chars)
    return np.concatenate(found)


def different(buckets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each bucket once, ascending: `numpy.unique` in a quarter of its time, for the few of one text."""
    ordered = np.sort(buckets)
    is_first = np.empty(len(ordered), bool)
    is_first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def count(texts: Sequence[str], spec: NgramSpec) -> Counts:
    """Count the n-grams of folded texts, in NumPy.

    Parameters
    ----------
    texts : sequence of str
        Folded texts (`classifier.text.fold`).
    spec : NgramSpec
        Which n-grams.

    Returns
    -------
    Counts
        Buckets ascending within each text.
    """
    rows: list[Any] = [np.unique(text_buckets(text, spec), return_counts=True) for text in texts]
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(buckets) for buckets, _ in rows], out=starts[1:])
    if not rows:
        return Counts(np.empty(0, np.int32), np.empty(0, np.float32), starts)
    return Counts(
        np.concatenate([buckets for buckets, _ in rows]).astype(np.int32),
        np.concatenate([counts for _, counts in rows]).astype(np.float32),
        starts,
    )
