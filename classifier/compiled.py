"""The compiled n-gram loop: counts and logits of many folded texts, one text after the other in a small table.

Texts are joined into one buffer of bytes. The n-grams of a text are hashed as its bytes go by and counted
in an open-addressing table no larger than the text needs, so that it stays in the processor's cache; then
one pass over the n-grams seen, in the order they were first seen, weighs them block by block and empties
the table.

Invariants: `count` equals `classifier.ngrams.count`; `logits` equals `classifier.weights.logits` to
rounding, and the logit of a text has the same bits in whatever batch it stands.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from classifier import folding
from classifier.ngrams import FORMS, KINDS, PAIR, SPACE, SPREAD, WORD, Counts, NgramSpec, encode
from classifier.weights import Weights

# Bytes of text worked on at once; bounds the memory beside the result. Chosen; 256 kB and 8 MB are as fast.
BATCH_BYTES = 1 << 20
# Memory is made for texts of this length, until a longer one comes.
MIN_TEXT_BYTES = 1 << 9
# The polynomial of zlib.crc32, bits reversed (RFC 1952, section 8).
CRC_POLYNOMIAL = 0xEDB88320
# A text's table has at least this many slots, as a power of two.
MIN_SLOT_BITS = 6

# In compiled code a uint64 and an int64 meet as a float64, so every number of the hashing is a uint64.
_SPREAD, _PAIR = np.uint64(SPREAD), np.uint64(PAIR)
_ZERO, _ONE, _EIGHT, _HALF = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(32)
_LOW_BYTE, _LOW_HALF = np.uint64(0xFF), np.uint64(0xFFFFFFFF)


def crc_table() -> NDArray[np.uint64]:
    """Return what each low byte of a running CRC-32 turns its other bytes by."""
    remainders = np.arange(256, dtype=np.uint64)
    for _ in range(8):
        remainders = (remainders >> _ONE) ^ (remainders & _ONE) * np.uint64(CRC_POLYNOMIAL)
    return remainders


_CRC = crc_table()
# Odd, and drawn anew by each process: nobody can write a text whose n-grams all fall into neighbouring slots, which
# took 0.14 s for 100 kB instead of 5 ms (measured November 2026). What is counted does not depend on it.
_FACTOR = np.frombuffer(os.urandom(8), np.uint64) | _ONE
# What a byte of a word is read as; 0 where a byte ends a word.
_WORD_FORMS = np.where(KINDS == WORD, FORMS, 0).astype(np.uint64)


# Texts as `batches` and `classifier.folding.batches` yield them.
Batches: TypeAlias = Iterable[tuple[NDArray[np.uint8], NDArray[np.int64]]]


class Plan(NamedTuple):
    """An `NgramSpec` as compiled code takes it: `words`, `bits`, `chars` as an int64 array, and the factor of slots as one."""

    words: int
    chars: NDArray[np.int64]
    bits: int
    factor: NDArray[np.uint64]


class Scratch(NamedTuple):
    """Memory for the longest text of a batch.

    Attributes
    ----------
    slots : uint64 array, its length a power of two
        All 0 between texts.
    seen : int32 array of shape (n_slots + 1,)
    stream : uint8 array of shape (longest text + 2,)
        Its bytes with white space evened.
    """

    slots: NDArray[np.uint64]
    seen: NDArray[np.int32]
    stream: NDArray[np.uint8]


class Table(NamedTuple):
    """The slots in use for one text.

    Attributes
    ----------
    slots : uint64 array of shape (n_slots,)
        0, or a bucket in the upper half and its count in the lower.
    seen : int32 array
        Slots in the order they were filled.
    bucket_shift : uint64
        A hash shifted right by it is a bucket of its block.
    factor, slot_shift : uint64
        A bucket times the factor, shifted right, is the slot where it is looked for first.
    mask : uint64
        n_slots - 1.
    """

    slots: NDArray[np.uint64]
    seen: NDArray[np.int32]
    bucket_shift: np.uint64
    factor: np.uint64
    slot_shift: np.uint64
    mask: np.uint64


def count(texts: Sequence[str], spec: NgramSpec) -> Counts:
    """Count the n-grams of folded texts; the result of `classifier.ngrams.count`, sooner.

    Memory beside the result is an eighth of it, and what `BATCH_BYTES` or the longest text need.

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
    return batch_counts(batches(texts), len(texts), spec)


def count_unfolded(texts: Sequence[str], spec: NgramSpec) -> Counts:
    """Fold texts and count their n-grams; the result of `count` for the folded texts, sooner."""
    return batch_counts(folding.batches(texts), len(texts), spec)


def batch_counts(batched: Batches, n_texts: int, spec: NgramSpec) -> Counts:
    """Count the n-grams of folded texts in batches."""
    buckets, counts = np.empty(0, np.int32), np.empty(0, np.float32)
    starts = np.zeros(n_texts + 1, np.int64)
    first, n_entries = 1, 0
    memory = scratch([0, MIN_TEXT_BYTES], spec)
    for octets, offsets in batched:
        memory = roomy(memory, offsets, spec)
        entries = np.empty(sum(max_ngrams(n, spec) for n in np.diff(offsets).tolist()), np.uint64)
        ends = starts[first : first + len(offsets) - 1]
        entries = entries[: _count_batch(octets, offsets, plan(spec), memory, entries, ends)]
        ends += n_entries
        first, start, n_entries = first + len(ends), n_entries, n_entries + len(entries)
        reserve(buckets, n_entries)
        reserve(counts, n_entries)
        buckets[start:n_entries], counts[start:n_entries] = entries >> _HALF, entries & _LOW_HALF
    buckets.resize(n_entries, refcheck=False)
    counts.resize(n_entries, refcheck=False)
    return Counts(buckets, counts, starts)


def reserve(array: NDArray[np.int32] | NDArray[np.float32], n_entries: int) -> None:
    """Make room in place for so many entries, and an eighth more when there was too little.

    The system moves a large array by its page table: at no time is it in memory twice.
    """
    if len(array) < n_entries:
        array.resize(n_entries + n_entries // 8, refcheck=False)


def logits(texts: Sequence[str], weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each folded text; the result of `classifier.weights.logits`, sooner.

    Holds no lock while it runs, so threads may score parts of the texts side by side.

    Parameters
    ----------
    texts : sequence of str
        Folded texts (`classifier.text.fold`).
    weights : Weights
        Fitted numbers.

    Returns
    -------
    float64 array of shape (n_texts,)
        Log-odds.
    """
    return batch_logits(batches(texts), len(texts), weights)


def logits_unfolded(texts: Sequence[str], weights: Weights) -> NDArray[np.float64]:
    """Fold texts and return their logits; to the last bit the result of `logits` for the folded texts, sooner."""
    return batch_logits(folding.batches(texts), len(texts), weights)


def batch_logits(batched: Batches, n_texts: int, weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each folded text in batches."""
    fitted = (weights.idf, weights.coef)
    words, characters = ((part.value**2, part.coef * part.value) for part in weights.ballasts)
    found = np.empty(n_texts)
    end, memory = 0, scratch([0, MIN_TEXT_BYTES], weights.spec)
    for octets, starts in batched:
        start, end = end, end + len(starts) - 1
        memory = roomy(memory, starts, weights.spec)
        _score_batch(octets, starts, plan(weights.spec), memory, fitted, (words, characters), found[start:end])
    return found + weights.intercept


def batches(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield the texts in batches of at least `BATCH_BYTES`, the last one excepted.

    Yields
    ------
    octets : uint8 array
        The encoded texts, a space after each: a word's end needs no look at where the text ends.
    starts : int64 array of shape (n_batch + 1,)
        Text i is `octets[starts[i] : starts[i + 1] - 1]`.
    """
    pending: list[bytes] = []
    starts = [0]
    for text in texts:
        pending.append(encode(text))
        starts.append(starts[-1] + len(pending[-1]) + 1)
        if starts[-1] >= BATCH_BYTES:
            yield np.frombuffer(b" ".join(pending) + b" ", np.uint8), np.array(starts)
            pending, starts = [], [0]
    if pending:
        yield np.frombuffer(b" ".join(pending) + b" ", np.uint8), np.array(starts)


def plan(spec: NgramSpec) -> Plan:
    """Return the spec as compiled code takes it."""
    return Plan(spec.words, np.array(spec.chars, np.int64), spec.bits, _FACTOR)


def roomy(memory: Scratch, starts: NDArray[np.int64], spec: NgramSpec) -> Scratch:
    """Return memory for the longest text of a batch; the same if it is large enough."""
    return memory if len(memory.stream) >= np.diff(starts).max() + 2 else scratch(starts.tolist(), spec)


def scratch(starts: Sequence[int], spec: NgramSpec) -> Scratch:
    """Return memory for the longest text of a batch."""
    longest = max(end - start for start, end in pairwise(starts))
    n_slots = 1 << int(_slot_bits(longest, plan(spec)))
    return Scratch(np.zeros(n_slots, np.uint64), np.empty(n_slots + 1, np.int32), np.empty(longest + 2, np.uint8))


def max_ngrams(n_bytes: int, spec: NgramSpec) -> int:
    """Return how many different n-grams a text of so many bytes can have at most, its last space included."""
    n_words = min(spec.words * (n_bytes // 2), spec.block_size)
    return n_words + min(len(spec.chars) * (n_bytes + 1), spec.block_size)


@njit(nogil=True, cache=True)
def _slot_bits(n_bytes: int, plan: Plan) -> int:
    """Return the size of a text's table, as a power of two: 4 in 5 slots can fill, or each bucket has two."""
    n_ngrams = plan.words * (n_bytes // 2) + len(plan.chars) * (n_bytes + 1)
    bits = MIN_SLOT_BITS
    while bits < plan.bits + 2 and (1 << bits) < n_ngrams + n_ngrams // 4:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
def _count_batch(
    octets: NDArray[np.uint8],
    starts: NDArray[np.int64],
    plan: Plan,
    scratch: Scratch,
    entries: NDArray[np.uint64],
    ends: NDArray[np.int64],
) -> int:
    """Write the entries of each text, buckets ascending, and where they end; return how many there are."""
    n_entries = 0
    for text in range(len(ends)):
        table = _table(starts[text + 1] - starts[text], plan, scratch)
        _, n_seen = _fill(octets[starts[text] : starts[text + 1]], plan, table, scratch.stream)
        n_entries = _empty(table, n_seen, entries, n_entries)
        ends[text] = n_entries
    return n_entries


@njit(nogil=True, cache=True)
def _score_batch(
    octets: NDArray[np.uint8],
    starts: NDArray[np.int64],
    plan: Plan,
    scratch: Scratch,
    fitted: tuple[NDArray[np.float32], NDArray[np.float32]],
    constants: tuple[tuple[float, float], tuple[float, float]],
    found: NDArray[np.float64],
) -> None:
    """Write the logit of each text, less the intercept; `fitted` is idf and coef, a block's constants value**2 and coef * value."""
    for text in range(len(found)):
        table = _table(starts[text + 1] - starts[text], plan, scratch)
        n_words, n_seen = _fill(octets[starts[text] : starts[text + 1]], plan, table, scratch.stream)
        words = _weigh(table, 0, n_words, fitted, constants[0])
        found[text] = words + _weigh(table, n_words, n_seen, fitted, constants[1])


@njit(nogil=True, cache=True)
def _table(n_bytes: int, plan: Plan, scratch: Scratch) -> Table:
    """Return a table for a text of so many bytes, in the scratch memory."""
    bits = _slot_bits(n_bytes, plan)
    n_slots = 1 << bits
    return Table(
        scratch.slots[:n_slots],
        scratch.seen,
        np.uint64(64 - plan.bits),
        plan.factor[0],
        np.uint64(64 - bits),
        np.uint64(n_slots - 1),
    )


@njit(nogil=True, cache=True)
def _fill(octets: NDArray[np.uint8], plan: Plan, table: Table, stream: NDArray[np.uint8]) -> tuple[int, int]:
    """Count every n-gram of a text that ends in a space; return how many slots words filled, and all."""
    n_words = 0
    if plan.words > 0:
        n_words = _tally_words(octets, plan.words > 1, table, n_words)
    n_seen = n_words
    if len(plan.chars) > 0:
        n_bytes = _even(octets[:-1], stream)
        block = _ONE << np.uint64(plan.bits)
        for n in plan.chars:
            n_seen = _tally_chars(stream[:n_bytes], n, block, table, n_seen)
    return n_words, n_seen


@njit(nogil=True, cache=True)
def _tally_words(octets: NDArray[np.uint8], has_pairs: bool, table: Table, n_seen: int) -> int:
    """Count each word by its CRC-32, and each pair of neighbouring words."""
    position, is_second, previous = 0, False, _ZERO
    while position < len(octets):
        form = _WORD_FORMS[octets[position]]
        position += 1
        if form == _ZERO:
            continue
        key = _LOW_HALF
        while form != _ZERO:
            key = _CRC[(key ^ form) & _LOW_BYTE] ^ (key >> _EIGHT)
            form = _WORD_FORMS[octets[position]]
            position += 1
        key ^= _LOW_HALF
        n_seen = _tally(key, _ZERO, table, n_seen)
        if has_pairs and is_second:
            n_seen = _tally(previous * _PAIR + key, _ZERO, table, n_seen)
        is_second, previous = True, key
    return n_seen


@njit(nogil=True, cache=True)
def _even(octets: NDArray[np.uint8], stream: NDArray[np.uint8]) -> int:
    """Write the bytes as `classifier.ngrams.char_stream` has them; return how many there are."""
    stream[0] = SPACE
    n_bytes, previous = 1, np.int64(SPACE)
    for octet in octets:
        form = np.int64(FORMS[octet])
        # Always written, and kept by the step: a branch here would be guessed wrongly at most spaces.
        stream[n_bytes] = form
        n_bytes += ((form ^ SPACE) | (previous ^ SPACE)) != 0
        previous = form
    if n_bytes == 1 or previous != SPACE:
        stream[n_bytes] = SPACE
        n_bytes += 1
    return n_bytes


@njit(nogil=True, cache=True)
def _tally_chars(stream: NDArray[np.uint8], n: int, block: np.uint64, table: Table, n_seen: int) -> int:
    """Count each run of `n` bytes by the bytes themselves, packed below `n`."""
    n_bits = _EIGHT * np.uint64(n)
    mask, lead = (_ONE << n_bits) - _ONE, np.uint64(n) << n_bits
    key = _ZERO
    for octet in stream[: n - 1]:
        key = (key << _EIGHT) | np.uint64(octet)
    for octet in stream[n - 1 :]:
        key = (key << _EIGHT) | np.uint64(octet)
        n_seen = _tally((key & mask) | lead, block, table, n_seen)
    return n_seen


@njit(nogil=True, cache=True)
def _tally(key: np.uint64, block: np.uint64, table: Table, n_seen: int) -> int:
    """Count one n-gram by its key, in the block that begins at a bucket; return how many slots are filled.

    New and known n-grams take the same path, without a branch, as which comes next cannot be guessed:
    the slot is always noted and the note kept only if the slot was free. The loop runs on while the
    slot is neither free nor the bucket's own: then both terms of the minimum differ from 0.
    """
    spread = key * _SPREAD
    bucket = spread >> table.bucket_shift
    bucket |= block
    # From the bucket, not from the hash: where there are more slots than buckets, a bucket's n-grams must meet.
    slot = (bucket * table.factor) >> table.slot_shift
    entry = table.slots[slot]
    while min(entry, (entry >> _HALF) ^ bucket) != _ZERO:
        slot = (slot + _ONE) & table.mask
        entry = table.slots[slot]
    table.slots[slot] = (entry | (bucket << _HALF)) + _ONE
    table.seen[n_seen] = slot
    return n_seen + int(entry == _ZERO)


@njit(nogil=True, cache=True)
def _weigh(
    table: Table,
    first: int,
    last: int,
    fitted: tuple[NDArray[np.float32], NDArray[np.float32]],
    constants: tuple[float, float],
) -> float:
    """Return what one block adds to the logit, and empty its slots."""
    squares, total = constants
    for i in range(first, last):
        slot = np.uint64(table.seen[i])
        bucket = table.slots[slot] >> _HALF
        table.slots[slot] = _ZERO
        idf = np.float64(fitted[0][bucket])
        total += idf * np.float64(fitted[1][bucket])
        squares += idf * idf
    return float(total / np.sqrt(squares if squares > 0 else 1.0))


@njit(nogil=True, cache=True)
def _empty(table: Table, n_seen: int, entries: NDArray[np.uint64], n_entries: int) -> int:
    """Move the entries, buckets ascending, behind the first `n_entries`; return how many there are then."""
    for i in range(n_seen):
        slot = np.uint64(table.seen[i])
        entries[n_entries + i] = table.slots[slot]
        table.slots[slot] = _ZERO
    entries[n_entries : n_entries + n_seen].sort()
    return n_entries + n_seen
