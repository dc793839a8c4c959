"""The compiled folding: `classifier.text.fold` of many texts, in one pass over their bytes.

Nearly all of ordinary text is letters and spaces, to which folding does nothing but put them into lower case;
where it does more, it is mostly to amounts, links, addresses, curly quotes, dashes and pictures. So a text goes through
here:

1. *Characters* are folded by a table of those of Latin text and its punctuation.
2. *Scan*: the places that a step may begin at (digits, dots, at signs, brackets) are listed, one byte in fifty.
3. *Steps*: at these places pictures, parted letters, links, mails, money, phones and handles are decided as
   `classifier.text.STEPS` decide them, in the same order, round by round, until none finds an edit.
4. What is rare is only detected: letters of other scripts, hyphens at the end of a line, written dots, wallets
   and leet. A text in which one may be is given up here and folded by `classifier.text.fold`: 4 in 1,000
   paragraphs of news, 12 posts, 31 pages of 5 kB (measured on the corpora, November 2026).

Invariant: what comes out is what `classifier.text.fold` returns. No lock is held while compiled code runs. Time
is linear in the text: a step looks at a place once a round, at most 253 bytes to its left and, to its right,
at nothing that it then looks at again; a text is given up here after `MAX_ROUNDS` rounds.

Compiling takes 20 s, once for each installation (the rest of what numba compiles takes 5); it keeps 0.4 MB. All
compiled code is in this one file, as numba would not see that a function it has kept calls one that changed
elsewhere; tables are passed as arguments for the same reason (`classifier.tables`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from classifier.tables import (
    ADDRESSED,
    APART,
    BEYOND,
    CODE,
    CROWDED,
    DASH,
    DIALLED,
    DIGIT,
    DOLLAR,
    DOT,
    FREE,
    HANDLE,
    HOST,
    HOST_STOP,
    LEET,
    LETTER,
    LINK,
    LINK_CHAT,
    LINK_HEAD,
    LINK_SHORT,
    LINK_TAIL,
    LINKED,
    LOCAL,
    LONGEST_NAME,
    MAIL,
    MAIL_FREE,
    N_MAGNITUDES,
    NOTHING,
    PHONE,
    PLUS,
    RESERVED,
    SCALE,
    SHORTENER,
    SPARED,
    STOP,
    SYMBOL,
    TOP,
    TOP_WORD,
    TRAILING,
    UNDERSCORE,
    UNIT,
    UNKNOWN,
    Tables,
    tables,
    wide,
)
from classifier.text import fold

# Bytes of text worked on at once.
BATCH_BYTES = 1 << 18
# A longer text is folded plain, which bounds the memory beside a batch.
MAX_TEXT_BYTES = 1 << 20
# Memory is made for texts of this length, until a longer one comes; short texts may grow by more than to double.
MIN_TEXT_BYTES, SPARE_BYTES = 1 << 10, 64
# Rounds of steps before a text is given up here; two are the rule.
MAX_ROUNDS = 4
# Zeros before and after a text, which has none itself: they end every run and match nothing.
PAD = wide(16)
GIVEN_UP = -1
# The loops that mark bytes take so many at a time.
VECTOR_BYTES = 128

ALNUM = DIGIT | LETTER
WORD = ALNUM | UNDERSCORE
NEWLINE, BLANK, DOLLAR_SIGN, OPEN, CLOSE, PLUS_SIGN, COMMA, HYPHEN, POINT, SLASH = (ord(c) for c in "\n $()+,-./")
ZERO, ONE, TWO, EIGHT, NINE, COLON, QUESTION, AT, HASH = (ord(c) for c in "01289:?@#")
LOWER_A, LOWER_D, LOWER_N, LOWER_O, LOWER_T, LOWER_W = (ord(c) for c in "adnotw")
OPENING = (OPEN, ord("["), ord("{"))
# The most letters that are parted alike (`classifier.text._PARTED`).
LONGEST_PARTED = wide(64)
JOINTS = (BLANK, POINT, HYPHEN, ord("*"), ord("_"))

Octets: TypeAlias = NDArray[np.uint8]
Kinds: TypeAlias = NDArray[np.uint16]
Places: TypeAlias = NDArray[np.int64]
# Compiled as part of `_fold_batch`, which is cached: what is called from there alone needs no way in from Python.
Function = TypeVar("Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_within: Callable[[Function], Function] = njit(**_OPTIONS)
# The same for what is small: arrays as arguments would take longer than what is done with them.
_inline: Callable[[Function], Function] = njit(**_OPTIONS, forceinline=True)
# The same for what is called from one place: it is not compiled on its own at all.
_part: Callable[[Function], Function] = njit(**_OPTIONS, inline="always")

# The steps, in their order, and all kinds of signs.
PICTURES, PARTED, LINKS, MAILS, MONEY, PHONES, HANDLES, LEETS = range(8)
FOUND = BEYOND | CROWDED | LINKED | ADDRESSED | DIGIT | LEET


class Scratch(NamedTuple):
    """Memory for the longest text of a batch.

    Attributes
    ----------
    text, other : uint8 arrays of one length
        The text folded so far, and where its next version is written; `PAD` zeros before and behind it.
    joints : uint8 array
        1 for each byte that may stand between parted letters.
    marks, looks : uint8 arrays
        1 for each place a step may begin at, and for each that has to be looked at.
    mark_words, look_words : uint64 arrays
        The same memory, eight places at a time.
    signs : int64 array
        Places a step may begin at, ascending.
    edits : int64 array of shape (n_places, 3)
        Start, end and token; a token below 0 is a link under a domain of `-token % 8` letters at `-token // 8`.
    """

    text: Octets
    other: Octets
    joints: Octets
    marks: Octets
    looks: Octets
    mark_words: NDArray[np.uint64]
    look_words: NDArray[np.uint64]
    signs: Places
    edits: Places


def fold_many(texts: Iterable[str]) -> list[str]:
    """Fold many texts; the result of `classifier.text.fold` for each, sooner.

    Examples
    --------
    >>> fold_many(["Earn $500", "at www.Coins.example", "B.i.t.c.o.i.n"])
    ['earn  _usd_ _e2_ ', 'at  _link_ ', 'bitcoin']
    """
    folded: list[str] = []
    for octets, starts in batches(texts):
        joined = octets.tobytes()
        folded += (joined[start : end - 1].decode() for start, end in pairwise(starts.tolist()))
    return folded


def batches(texts: Iterable[str]) -> Iterator[tuple[Octets, NDArray[np.int64]]]:
    """Fold texts and yield them in batches of at least `BATCH_BYTES` before folding, the last one excepted.

    Parameters
    ----------
    texts : iterable of str
        As published.

    Yields
    ------
    octets : uint8 array
        The folded texts in UTF-8, a space after each.
    starts : int64 array of shape (n_batch + 1,)
        Text i is `octets[starts[i] : starts[i + 1] - 1]`.
    """
    pending: list[str] = []
    encoded: list[bytes] = []
    n_bytes, memory = 0, scratch(MIN_TEXT_BYTES)
    for text in texts:
        pending.append(text)
        encoded.append(text.encode("utf-8", "surrogatepass"))
        n_bytes += len(encoded[-1])
        if n_bytes >= BATCH_BYTES:
            memory = roomy(memory, encoded)
            yield folded_batch(pending, encoded, memory)
            pending, encoded, n_bytes = [], [], 0
    if pending:
        yield folded_batch(pending, encoded, roomy(memory, encoded))


def folded_batch(texts: Sequence[str], encoded: Sequence[bytes], memory: Scratch) -> tuple[Octets, NDArray[np.int64]]:
    """Fold one batch, compiled where that can be and else plain."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=starts[1:])
    octets = np.frombuffer(b"".join([*encoded, b" " * VECTOR_BYTES]), np.uint8)
    out = np.empty(2 * len(octets) + len(texts), np.uint8)
    ends = np.zeros(len(texts) + 1, np.int64)
    n_given_up = _fold_batch(octets, starts, tables(), memory, out, ends)
    if n_given_up == 0:
        return out[: ends[-1]], ends
    return completed(texts, out, ends)


def roomy(memory: Scratch, encoded: Sequence[bytes]) -> Scratch:
    """Return memory for the longest text that is not folded plain; the same if it is large enough."""
    longest = min(max(map(len, encoded)), MAX_TEXT_BYTES)
    return memory if len(memory.edits) >= longest + SPARE_BYTES else scratch(longest)


def scratch(longest: int) -> Scratch:
    """Return memory for texts of at most so many bytes."""
    n_bytes = 2 * longest + SPARE_BYTES + 2 * PAD + 2 * VECTOR_BYTES
    n_words = n_bytes // 8 + 2
    marks, looks = np.zeros(n_words, np.uint64), np.zeros(n_words, np.uint64)
    return Scratch(
        np.zeros(n_bytes, np.uint8),
        np.zeros(n_bytes, np.uint8),
        np.zeros(n_bytes, np.uint8),
        marks.view(np.uint8),
        looks.view(np.uint8),
        marks,
        looks,
        np.empty(n_bytes, np.int64),
        np.empty((longest + SPARE_BYTES, 3), np.int64),
    )


def completed(texts: Sequence[str], octets: Octets, ends: NDArray[np.int64]) -> tuple[Octets, NDArray[np.int64]]:
    """Put the texts that were given up, of which nothing is there, between the others."""
    lengths = np.diff(ends)
    pieces: list[bytes | memoryview] = []
    last, view = 0, octets.data
    for i in np.flatnonzero(lengths == 0).tolist():
        plain = fold(texts[i]).encode() + b" "
        lengths[i] = len(plain)
        pieces += (view[last : ends[i]], plain)
        last = ends[i]
    pieces.append(view[last : ends[-1]])
    return np.frombuffer(b"".join(pieces), np.uint8), np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


@njit(nogil=True, cache=True)
def _fold_batch(
    octets: Octets,
    starts: NDArray[np.int64],
    tables: Tables,
    scratch: Scratch,
    out: Octets,
    ends: NDArray[np.int64],
) -> int:
    """Write each folded text and a space, nothing for one that is given up, and where it ends; return how many are."""
    n_given_up = 0
    for i in range(len(starts) - 1):
        n_bytes, texts = _fold_text(octets[starts[i] :], starts[i + 1] - starts[i], tables, scratch)
        end = ends[i]
        if n_bytes == GIVEN_UP or end + n_bytes + len(starts) - i - 1 > len(out):
            n_given_up += 1
        else:
            end = _copy(texts[PAD : PAD + n_bytes], out, end)
            out[end] = BLANK
            end += 1
        ends[i + 1] = end
    return n_given_up


@_part
def _fold_text(octets: Octets, n_octets: int, tables: Tables, scratch: Scratch) -> tuple[int, Octets]:
    """Fold the text that bytes begin with; return how many bytes it has then, or `GIVEN_UP`, and the array it lies in."""
    text, other = scratch.text, scratch.other
    if n_octets > MAX_TEXT_BYTES:
        return GIVEN_UP, text
    n_bytes = _fold_plain(octets, n_octets, text)
    if n_bytes == GIVEN_UP:
        n_bytes = _fold_characters(octets[:n_octets], tables, scratch)
    if n_bytes == GIVEN_UP:
        return GIVEN_UP, text
    first, n_rounds, n_edits, n_signs, found = PICTURES, 0, 1, 0, 0
    while True:
        if n_edits > 0:
            n_signs, found = _scan(text, n_bytes, tables.kinds, scratch)
        if n_signs == GIVEN_UP or n_rounds > MAX_ROUNDS:
            return GIVEN_UP, text
        if found == 0:
            return n_bytes, text
        n_edits, after = _next_edits(first, found, text, scratch.signs[:n_signs], scratch.looks, tables, scratch.edits)
        if n_edits == 0 and first == PICTURES:
            return n_bytes, text
        if n_edits > 0:
            n_bytes = _apply(text, n_bytes, other, n_edits, tables.tokens, scratch.edits)
            text, other = other, text
        if n_edits < 0 or n_bytes == GIVEN_UP:
            return GIVEN_UP, text
        n_rounds += n_edits == 0
        first = after


@_part
def _next_edits(
    first: int, found: int, text: Octets, signs: Places, looks: Octets, tables: Tables, edits: Places
) -> tuple[int, int]:
    """Write the edits of the first step that has some, from a step on; return how many or `GIVEN_UP`, and the step after it.

    A step is gone by where the kind of signs is not there without which it finds nothing.
    """
    kinds, names, n_edits = tables.kinds, tables.names, 0
    if first <= PICTURES and (found & BEYOND) != 0:
        n_edits = _pictures(text, signs, tables.pages, tables.pictures, kinds, edits)
        if n_edits != 0:
            return n_edits, PARTED
    if first <= PARTED and (found & CROWDED) != 0:
        n_edits = _parted(text, signs, looks, kinds, edits)
        if n_edits != 0:
            return n_edits, LINKS
    if first <= LINKS and (found & LINKED) != 0:
        n_edits = _links(text, signs, kinds, names, edits)
        if n_edits != 0:
            return n_edits, MAILS
    if first <= MAILS and (found & ADDRESSED) != 0:
        n_edits = _mails(text, signs, kinds, names, edits)
        if n_edits != 0:
            return n_edits, MONEY
    if first <= MONEY and (found & DIGIT) != 0:
        n_edits = _money(text, signs, kinds, names, tables.endings, edits)
        if n_edits != 0:
            return n_edits, PHONES
    if first <= PHONES and (found & DIGIT) != 0:
        n_edits = _phones(text, signs, kinds, edits)
        if n_edits != 0:
            return n_edits, HANDLES
    if first <= HANDLES and (found & ADDRESSED) != 0:
        n_edits = _handles(text, signs, kinds, edits)
        if n_edits != 0:
            return n_edits, LEETS
    if (found & LEET) != 0:
        n_edits = _leet(text, signs, kinds, names)
    return n_edits, PICTURES


@_part
def _fold_plain(octets: Octets, n_octets: int, text: Octets) -> int:
    """Write the text that bytes begin with in lower case; return its length, or `GIVEN_UP` where more may be to fold.

    It looks at as many bytes as fill vectors, those of the next texts, too: `folded_batch` sees to it that they are there.
    """
    whole = (n_octets + VECTOR_BYTES - 1) // VECTOR_BYTES * VECTOR_BYTES
    if _has_rare(octets[:whole]):
        return GIVEN_UP
    _lower(octets[:whole], text[PAD : PAD + whole])
    _end(text, PAD + n_octets)
    return n_octets


@_within
def _fold_characters(octets: Octets, tables: Tables, scratch: Scratch) -> int:
    """Write the text folded character by character and in lower case; return its length, or `GIVEN_UP`."""
    text, rare, rare_words, characters = scratch.text, scratch.marks, scratch.mark_words, tables.characters
    pages = tables.pages
    _mark_rare(octets, rare)
    _end(rare, len(octets))
    last, n_new, limit = 0, PAD, len(text) - 2 * PAD - 2 * VECTOR_BYTES
    for word in range(len(octets) // 8 + 1):
        if rare_words[word] == 0:
            continue
        for place in range(max(8 * word, last), 8 * word + 8):
            if rare[place] == 0 or place < last:
                continue
            if n_new + len(octets) - last > limit:
                return GIVEN_UP
            n_new = _copy_lower(octets[last:place], text, n_new)
            code, last = _code_point(octets, place)
            row = _row(code, pages)
            if row < 0 or characters[row, 0] == UNKNOWN:
                return GIVEN_UP
            for i in range(int(characters[row, 0])):
                text[n_new] = characters[row, 1 + i]
                n_new += 1
    if n_new + len(octets) - last > limit:
        return GIVEN_UP
    n_new = _copy_lower(octets[last:], text, n_new)
    _end(text, n_new)
    return int(n_new - PAD)


# The loops below are kept to one plain operation a byte each: so LLVM makes vector instructions of them, and all of
# them together take less time than one loop with a table.


@_inline
def _has_rare(octets: Octets) -> bool:
    """Whether a text has characters that folding changes apart from their case: beyond ASCII, control, backtick."""
    found = False
    for i in range(len(octets)):
        octet = octets[i]
        found |= (octet >= 128) | ((octet < 32) & (octet != 10)) | (octet == 127) | (octet == 96)
    return found


@_inline
def _mark_rare(octets: Octets, rare: Octets) -> None:
    """Mark the bytes that `_has_rare` looks for."""
    for i in range(len(octets)):
        octet = octets[i]
        rare[i] = (octet >= 128) | ((octet < 32) & (octet != 10)) | (octet == 127) | (octet == 96)


@_inline
def _lower(octets: Octets, text: Octets) -> None:
    """Write the bytes of a text, ASCII letters in lower case."""
    for i in range(len(octets)):
        octet = octets[i]
        text[i] = octet + 32 if (octet >= 65) & (octet <= 90) else octet


@_inline
def _mark(text: Octets, joints: Octets, marks: Octets) -> None:
    """Mark joints: no letter, digit or question mark; and signs: digits, `.:@$([{` and what pictures begin with."""
    for i in range(len(text)):
        octet = text[i]
        is_digit = (octet >= 48) & (octet <= 57)
        is_letter = (octet >= 97) & (octet <= 122)
        joints[i] = (octet < 128) & (octet != 63) & (octet != 0) & ~(is_digit | is_letter)
        is_sign = is_digit | (octet == 58) | (octet == 46) | (octet == 64) | (octet == 36)
        is_bracket = (octet == 40) | (octet == 91) | (octet == 123)
        marks[i] = is_sign | is_bracket | (octet == 0xC2) | (octet == 0xE2) | (octet == 0xF0)


@_inline
def _mark_looks(text: Octets, joints: Octets, looks: Octets) -> None:
    """Mark the first of four joints in every second place, and a hyphen at the end of a line."""
    after, second, third, fourth = text[1:], joints[2:], joints[4:], joints[6:]
    for i in range(len(looks)):
        is_hyphen = (text[i] == 45) & (after[i] == 10)
        looks[i] = (joints[i] & second[i] & third[i] & fourth[i]) | is_hyphen


@_inline
def _end(text: Octets, end: int) -> None:
    """Write zeros behind the end."""
    for i in range(PAD):
        text[end + i] = 0


@_inline
def _copy_lower(octets: Octets, text: Octets, place: int) -> int:
    """Write bytes in lower case at a place; return where they end."""
    _lower(octets, text[place : place + len(octets)])
    return place + len(octets)


@_within
def _code_point(octets: Octets, place: int) -> tuple[int, int]:
    """Return the character at a place, and where the next one begins."""
    lead = int(octets[place])
    if lead < 0x80:
        return lead, place + 1
    n_more = 1 + (lead >= 0xE0) + (lead >= 0xF0)
    code = lead & (0x3F >> n_more)
    for i in range(place + 1, place + 1 + n_more):
        code = code << 6 | (int(octets[i]) & 0x3F)
    return code, place + 1 + n_more


@_inline
def _row(code: int, pages: NDArray[np.int16]) -> int:
    """Return the row of a character in the tables, below 0 where it has none."""
    return int(pages[code >> 8]) * 256 + (code & 0xFF)


@_part
def _scan(text: Octets, n_bytes: int, kinds: Kinds, scratch: Scratch) -> tuple[int, int]:
    """List the places a step may begin at, of a run of digits the first; return how many, and of which kinds.

    Given up, as `GIVEN_UP` places, is what has a hyphen at a line's end.
    """
    joints, marks, looks, end = scratch.joints, scratch.marks, scratch.looks, 2 * PAD + n_bytes
    mark_words, look_words, signs = scratch.mark_words, scratch.look_words, scratch.signs
    # As many bytes as fill vectors: what stands behind the end is cleared afterwards.
    whole = (end + VECTOR_BYTES) // VECTOR_BYTES * VECTOR_BYTES
    _mark(text[:whole], joints, marks)
    joints[PAD - 1] = joints[PAD + n_bytes] = 1
    _mark_looks(text, joints, looks[:whole])
    _end(marks, end)
    _end(looks, end - 6)
    n_signs, found = 0, 0
    for word in range(end // 8 + 1):
        if (mark_words[word] | look_words[word]) == 0:
            continue
        for place in range(8 * word, 8 * word + 8):
            if (marks[place] | looks[place]) == 0:
                continue
            if looks[place] != 0:
                found |= CROWDED
                if _is_hyphen(text, place + 1, kinds):
                    return GIVEN_UP, 0
            kind = int(kinds[text[place]])
            if (kind & kinds[text[place - 1]] & DIGIT) == 0:
                signs[n_signs] = place
                n_signs += 1
                found |= kind
    return n_signs, found & FOUND


@_inline
def _is_hyphen(text: Octets, line_end: int, kinds: Kinds) -> bool:
    """Whether a word is parted at a line's end (`classifier.text.hyphenation`)."""
    place = line_end + 1
    place += text[place] == NEWLINE
    place += text[place] == BLANK
    is_letter = (kinds[text[line_end - 2]] & LETTER) != 0 and (kinds[text[place]] & LETTER) != 0
    return bool(is_letter and text[line_end] == NEWLINE and (kinds[text[line_end - 1]] & DASH) != 0)


@_within
def _apply(
    text: Octets,
    n_bytes: int,
    other: Octets,
    n_edits: int,
    tokens: Octets,
    edits: Places,
) -> int:
    """Write the text with edits made, zeros behind it; return its length, or `GIVEN_UP` where it has no room."""
    last, n_new, limit = PAD, PAD, len(other) - 2 * PAD - 2 * VECTOR_BYTES - 40
    for i in range(n_edits):
        start, end, token = edits[i, 0], edits[i, 1], edits[i, 2]
        if n_new + start - last > limit:
            return GIVEN_UP
        n_new = _copy(text[last:start], other, n_new)
        last = end
        if token >= 0:
            n_new = _copy(tokens[token, 1 : 1 + int(tokens[token, 0])], other, n_new)
            continue
        top, n_letters = -token // 8, -token % 8
        n_new = _copy(tokens[LINK_HEAD, 1 : 1 + int(tokens[LINK_HEAD, 0])], other, n_new)
        n_new = _copy(text[top : top + n_letters], other, n_new)
        n_new = _copy(tokens[LINK_TAIL, 1 : 1 + int(tokens[LINK_TAIL, 0])], other, n_new)
    if n_new + PAD + n_bytes - last > limit:
        return GIVEN_UP
    n_new = _copy(text[last : PAD + n_bytes], other, n_new)
    _end(other, n_new)
    return int(n_new - PAD)


@_inline
def _copy(octets: Octets, other: Octets, place: int) -> int:
    """Copy bytes to a place; return where they end."""
    for i in range(len(octets)):
        other[place + i] = octets[i]
    return place + len(octets)


@_inline
def _note(edits: Places, n_edits: int, start: int, end: int, token: int) -> int:
    """Write one edit; return how many there are."""
    edits[n_edits, 0], edits[n_edits, 1], edits[n_edits, 2] = start, end, token
    return n_edits + 1


@_inline
def _left_of(text: Octets, end: int, kinds: Kinds, kind: int, limit: int) -> int:
    """Return where the run of bytes of a kind that ends at `end` begins, at `limit` at the earliest."""
    place = end
    while place > limit and (kinds[text[place - 1]] & kind) != 0:
        place -= 1
    return place


@_inline
def _right_of(text: Octets, start: int, kinds: Kinds, kind: int, limit: int) -> int:
    """Return where the run of bytes of a kind that begins at `start` ends, at `limit` at the latest."""
    place = start
    while place < limit and (kinds[text[place]] & kind) != 0:
        place += 1
    return place


@_within
def _name(text: Octets, start: int, end: int, names: Octets) -> int:
    """Return the row of a name; that of no name where it is none."""
    mask = len(names) - 2
    if end <= start or end - start > LONGEST_NAME:
        return mask + 1
    slot = 0
    for place in range(start, end):
        slot = (slot * 31 + int(text[place])) & mask
    while names[slot, 0] != 0:
        if names[slot, 0] == end - start:
            place = start
            while place < end and names[slot, 1 + place - start] == text[place]:
                place += 1
            if place == end:
                return slot
        slot = (slot + 1) & mask
    return mask + 1


@_within
def _pictures(
    text: Octets,
    signs: Places,
    pages: NDArray[np.int16],
    pictures: NDArray[np.bool_],
    kinds: Kinds,
    edits: Places,
) -> int:
    """Set pictures apart (`classifier.text.pictures`)."""
    n_edits, start, picture_end, end = 0, PAD, PAD, PAD
    for sign in signs:
        if (kinds[text[sign]] & BEYOND) == 0:
            continue
        code, after = _code_point(text, sign)
        if not pictures[_row(code, pages)]:
            continue
        last, last_end, previous_end = start, picture_end, end
        start, picture_end, end = sign, after, after
        while text[end] == BLANK:
            end += 1
        if start == previous_end and _is_same(text, last, last_end, start, picture_end):
            n_edits = _note(edits, n_edits, start, end, NOTHING)
            continue
        before = text[start - 1]
        if start != PAD and start != previous_end and before != BLANK and before != NEWLINE:
            n_edits = _note(edits, n_edits, start, start, APART)
        if end == picture_end and text[end] != 0 and text[end] != NEWLINE:
            n_edits = _note(edits, n_edits, end, end, APART)
    return n_edits


@_within
def _is_same(text: Octets, start: int, end: int, other: int, other_end: int) -> bool:
    """Whether two stretches have the same bytes."""
    if end - start != other_end - other:
        return False
    place = start
    while place < end and text[place] == text[other + place - start]:
        place += 1
    return place == end


@_within
def _parted(text: Octets, signs: Places, looks: Octets, kinds: Kinds, edits: Places) -> int:
    """Join letters that are parted (`classifier.text.parted`).

    No two stretches overlap but for the letter in which one ends and the next begins, so they come in order.
    """
    n_edits, done = 0, PAD
    for sign in signs:
        start = sign + 1
        if looks[sign] == 0 or start < done:
            continue
        end, n_letters = _parted_end(text, start, kinds)
        if end == start:
            continue
        done = end - 1
        if n_letters >= 2 and 4 * n_letters > end - start:
            for place in range(start + 1, end, 2):
                n_edits = _note(edits, n_edits, place, place + 1, NOTHING)
    return n_edits


@_within
def _parted_end(text: Octets, start: int, kinds: Kinds) -> tuple[int, int]:
    """Return where letters and digits end that are parted alike, at `start` where there are not three, and how many are letters."""
    joint, end, longest = text[start + 1], start + 1, start + 2 * LONGEST_PARTED - 1
    if joint not in JOINTS or (kinds[text[start]] & ALNUM) == 0:
        return start, 0
    while end < longest and text[end] == joint and (kinds[text[end + 1]] & ALNUM) != 0:
        end += 2
    # The last one may begin a word.
    if (kinds[text[end]] & ALNUM) != 0:
        end -= 2
    n_letters = 0
    for place in range(start, end, 2):
        n_letters += (kinds[text[place]] & LETTER) != 0
    return (end, n_letters) if end - start >= 5 else (start, 0)


@_within
def _links(text: Octets, signs: Places, kinds: Kinds, names: Octets, edits: Places) -> int:
    """Fold links (`classifier.entities.links`); give up at a written dot, which comes before them."""
    n_edits, done = 0, PAD
    for sign in signs:
        octet, after = text[sign], text[sign + 1]
        if octet in OPENING:
            if _is_written_dot(text, sign):
                return GIVEN_UP
            continue
        if (octet != POINT and octet != COLON) or sign < done:
            continue
        if (kinds[after] & LETTER) == 0 and not (after == SLASH and text[sign + 2] == SLASH):
            continue
        start, end = _link_at(text, sign, kinds, names)
        if done <= start < end:
            n_edits = _note(edits, n_edits, start, end, _link_token(text, start, end, kinds, names))
            done = end
    return n_edits


@_inline
def _is_written_dot(text: Octets, bracket: int) -> bool:
    """Whether a bracket may open a dot or an "at" that is written out."""
    first, second, third = text[bracket + 1], text[bracket + 2], text[bracket + 3]
    is_dot = first == LOWER_D and second == LOWER_O and third == LOWER_T
    return _is_dot(first) or is_dot or (first == LOWER_A and second == LOWER_T)


@_within
def _link_at(text: Octets, sign: int, kinds: Kinds, names: Octets) -> tuple[int, int]:
    """Return the link around a colon or dot (`classifier.entities.link_at`)."""
    if text[sign] == COLON:
        start, body = _left_of(text, sign, kinds, ALNUM | PLUS, sign - 11), sign + 3
        if not 2 <= sign - start <= 10 or (kinds[text[start]] & LETTER) == 0:
            return sign, sign
        if text[sign + 1] != SLASH or text[sign + 2] != SLASH:
            return sign, sign
    elif _is_www(text, sign - 3) and not _is_joined(text, sign - 3, kinds):
        start, body = sign - 3, sign + 1
    else:
        return _host_at(text, sign, kinds, names)
    if _is_joined(text, start, kinds):
        return sign, sign
    end = body
    while (kinds[text[end]] & STOP) == 0:
        end += 1
    end = _stripped(text, body, end, kinds)
    if _n_characters(text, body, end, 2) < 2:
        return sign, sign
    return start, end


@_within
def _n_characters(text: Octets, start: int, end: int, enough: int) -> int:
    """Return how many characters a stretch has, or `enough`."""
    n_characters = 0
    for place in range(start, end):
        n_characters += (text[place] & 0xC0) != 0x80
        if n_characters == enough:
            break
    return n_characters


@_within
def _stripped(text: Octets, start: int, end: int, kinds: Kinds) -> int:
    """Return where a stretch ends without the punctuation at its end."""
    while end > start and (kinds[text[end - 1]] & TRAILING) != 0:
        end -= 1
    return end


@_within
def _host_at(text: Octets, sign: int, kinds: Kinds, names: Octets) -> tuple[int, int]:
    """Return the bare host whose last dot is given, with its path (`classifier.entities.host_at`)."""
    end = _right_of(text, sign + 1, kinds, LETTER, sign + 12)
    after = kinds[text[end]]
    if (after & (WORD | DASH)) != 0 or text[end] == AT or ((after & DOT) != 0 and (kinds[text[end + 1]] & WORD) != 0):
        return sign, sign
    top = int(names[_name(text, sign + 1, end, names), TOP])
    if top == 0:
        return sign, sign
    start = _left_of(text, sign, kinds, ALNUM | DOT | DASH, sign - 253)
    if not _is_host(text, start, sign, kinds) or _is_joined(text, start, kinds):
        return sign, sign
    path = end
    if text[end] == COLON and (kinds[text[end + 1]] & DIGIT) != 0:
        path = _right_of(text, end + 1, kinds, DIGIT, end + 6)
    has_path = text[path] == SLASH or text[path] == QUESTION or text[path] == HASH
    if top == TOP_WORD and not has_path and names[_name(text, start, end, names), HOST] == 0:
        return sign, sign
    if has_path:
        while (kinds[text[path]] & STOP) == 0:
            path += 1
    return start, _stripped(text, sign + 1, path, kinds)


@_within
def _is_host(text: Octets, start: int, end: int, kinds: Kinds) -> bool:
    """Whether a run of letters, digits, dots and hyphens can stand before a top-level domain."""
    if start == end or (kinds[text[start]] & ALNUM) == 0 or (kinds[text[end - 1]] & ALNUM) == 0:
        return False
    place = start
    while place < end and not (text[place] == POINT and text[place + 1] == POINT):
        place += 1
    return place == end


@_inline
def _is_www(text: Octets, place: int) -> bool:
    """Whether a stretch begins with "www."."""
    is_double = text[place] == LOWER_W and text[place + 1] == LOWER_W
    return bool(is_double and text[place + 2] == LOWER_W and text[place + 3] == POINT)


@_inline
def _is_joined(text: Octets, start: int, kinds: Kinds) -> bool:
    """Whether what stands before goes on into a link (`classifier.entities.is_joined`)."""
    return bool((kinds[text[start - 1]] & (WORD | DOT | DASH)) != 0 or text[start - 1] == AT)


@_within
def _link_token(text: Octets, start: int, end: int, kinds: Kinds, names: Octets) -> int:
    """Return the token of a link (`classifier.entities.link_token`)."""
    first, last = _host_of(text, start, end, kinds)
    while last > first and text[last - 1] == POINT:
        last -= 1
    host = names[_name(text, first, last, names), HOST]
    if host != 0:
        return int(LINK_SHORT if host == SHORTENER else LINK_CHAT)
    top = last
    while top > first and (kinds[text[top - 1]] & LETTER) != 0:
        top -= 1
    is_named = top > first and text[top - 1] == POINT and 2 <= last - top < 8
    if not is_named or names[_name(text, top, last, names), RESERVED] != 0:
        return int(LINK)
    return -(top * 8 + last - top)


@_within
def _host_of(text: Octets, start: int, end: int, kinds: Kinds) -> tuple[int, int]:
    """Return the host of a link, empty where it has none.

    Scheme, "www." and user are optional, and given up in the reverse order where nothing is left for the host.
    """
    scheme = start
    place = _right_of(text, start, kinds, ALNUM | PLUS, start + 10)
    is_scheme = place - start >= 2 and (kinds[text[start]] & LETTER) != 0 and text[place] == COLON
    if is_scheme and text[place + 1] == SLASH and text[place + 2] == SLASH and place + 3 <= end:
        scheme = place + 3
    for body in (scheme, start):
        www = body + 4 if _is_www(text, body) else body
        for head in (www, body):
            user = head
            while user < end and (kinds[text[user]] & HOST_STOP) == 0 and text[user] != AT:
                user += 1
            for first in ((user + 1 if user < end and text[user] == AT else head), head):
                last = first
                while last < end and (kinds[text[last]] & HOST_STOP) == 0 and text[last] != AT and text[last] != COLON:
                    last += 1
                if last > first:
                    return first, last
    return start, start


@_within
def _mails(text: Octets, signs: Places, kinds: Kinds, names: Octets, edits: Places) -> int:
    """Fold e-mail addresses (`classifier.entities.mails`)."""
    n_edits, done = 0, PAD
    for sign in signs:
        if text[sign] != AT:
            continue
        end, label = _mail_host(text, sign, kinds)
        if end == sign:
            continue
        start = max(_left_of(text, sign, kinds, WORD | DOT | PLUS | DASH, sign - 65), done)
        while start < sign and (kinds[text[start]] & (DOT | PLUS | DASH)) != 0:
            start += 1
        before = text[start - 1]
        if 1 <= sign - start <= 64 and (kinds[before] & WORD) == 0 and before != AT:
            is_free = names[_name(text, sign + 1, label, names), FREE] != 0
            n_edits = _note(edits, n_edits, start, end, MAIL_FREE if is_free else MAIL)
            done = end
    return n_edits


@_within
def _mail_host(text: Octets, sign: int, kinds: Kinds) -> tuple[int, int]:
    """Return where the host behind an at sign ends, at the sign where there is none, and where its first label does."""
    label = end = _right_of(text, sign + 1, kinds, ALNUM | DASH, sign + 64)
    n_labels = 0
    while end > sign + 1 and n_labels < 5 and text[end] == POINT and (kinds[text[end + 1]] & (ALNUM | DASH)) != 0:
        end = _right_of(text, end + 1, kinds, ALNUM | DASH, end + 64)
        n_labels += 1
    if n_labels == 0 or (kinds[text[end]] & WORD) != 0 or text[end] == AT:
        return sign, sign
    return end, label


@_within
def _money(
    text: Octets,
    signs: Places,
    kinds: Kinds,
    names: Octets,
    endings: NDArray[np.bool_],
    edits: Places,
) -> int:
    """Fold amounts (`classifier.entities.money`); give up at a wallet, which comes before them."""
    n_edits, done, seen = 0, PAD, PAD
    for start in signs:
        if (kinds[text[start]] & DIGIT) == 0:
            continue
        if _may_be_wallet(text, start, kinds):
            return GIVEN_UP
        sign_end = _money_sign(text, start, kinds, names, endings) if start >= seen else start
        if sign_end == start:
            continue
        seen = sign_end
        if start < done:
            continue
        first, done, token = _amount(text, start, done, kinds, names)
        if first < done:
            n_edits = _note(edits, n_edits, first, done, token)
    return n_edits


@_inline
def _may_be_wallet(text: Octets, start: int, kinds: Kinds) -> bool:
    """Whether digits are of a word as long as a wallet (`classifier.entities.wallets`)."""
    if (kinds[text[_right_of(text, start, kinds, DIGIT, start + 96)]] & ALNUM) == 0:
        return False
    end = _right_of(text, start, kinds, ALNUM, start + 23)
    return end - _left_of(text, start, kinds, ALNUM, start - 23) >= 23


@_inline
def _is_sign(octet: np.uint8, kinds: Kinds) -> bool:
    """Whether a byte may be of a currency's sign: a sketch has a dollar or a question mark for it."""
    return octet in (DOLLAR_SIGN, QUESTION) or (kinds[octet] & BEYOND) != 0


@_inline
def _is_dot(octet: np.uint8) -> bool:
    """Whether a sketch has a dot for a byte."""
    return octet in (POINT, COLON)


@_inline
def _ends_code(text: Octets, end: int, endings: NDArray[np.bool_]) -> bool:
    """Whether the two bytes before `end` are the last of a currency's code."""
    first, second = text[end - 2], text[end - 1]
    return bool(first < 0x80 and second < 0x80 and endings[first, second])


@_inline
def _money_sign(
    text: Octets,
    start: int,
    kinds: Kinds,
    names: Octets,
    endings: NDArray[np.bool_],
) -> int:
    """Return where what makes a figure an amount ends, or `start` where it is none (`_MONEY_SIGN` of the entities)."""
    before, second = text[start - 1], text[start - 2]
    if _is_sign(before, kinds) or (before == BLANK and _is_sign(second, kinds)) or _ends_code(text, start, endings):
        return start + 1
    if before == LOWER_N:
        comma = _right_of(text, start, kinds, DIGIT, start + 4)
        if (
            comma - start <= 3
            and text[comma] == COMMA
            and _right_of(text, comma + 1, kinds, DIGIT, comma + 4) == comma + 4
        ):
            return comma + 4
    if (before == BLANK or _is_dot(before)) and _ends_code(text, start - 1, endings):
        return start + 1
    if before == BLANK and _is_dot(second) and _ends_code(text, start - 2, endings):
        return start + 1
    if before == COMMA or _is_dot(before):
        return start
    end = start
    while (kinds[text[end]] & DIGIT) != 0 or text[end] == COMMA or _is_dot(text[end]):
        end += 1
    scaled, _ = _scaled(text, end, kinds, names)
    place = scaled + (text[scaled] == BLANK)
    if _is_sign(text[place], kinds):
        return int(place + 1)
    unit_end, unit = _unit_name(text, place, kinds, names)
    return unit_end if unit != 0 else start


@_inline
def _scaled(text: Octets, end: int, kinds: Kinds, names: Octets) -> tuple[int, int]:
    """Return where a figure's scale ("million") ends, at `end` where it has none, and its power of ten."""
    first = end + (text[end] == BLANK)
    if (kinds[text[first]] & LETTER) == 0:
        return end, 0
    last = _right_of(text, first, kinds, LETTER, first + LONGEST_NAME + 1)
    if (kinds[text[last]] & WORD) != 0:
        return end, 0
    power = int(names[_name(text, first, last, names), SCALE])
    return (last, power) if power != 0 else (end, 0)


@_within
def _amount(text: Octets, start: int, done: int, kinds: Kinds, names: Octets) -> tuple[int, int, int]:
    """Return the amount around a figure and its token; an empty stretch that ends at `done` where it is none."""
    figure_end, magnitude = _figure(text, start, kinds)
    end = figure_end
    if text[end] == POINT and (kinds[text[end + 1]] & DIGIT) != 0:
        end += 2
        while (kinds[text[end]] & DIGIT) != 0:
            end += 1
    end, power = _scaled(text, end, kinds, names)
    first, currency, is_code = _currency_before(text, start, done, kinds, names)
    if not is_code:
        unit_end, unit = _unit_at(text, end, kinds, names)
        before = text[start - 1]
        if unit != 0 and currency == 0 and (kinds[before] & WORD) == 0 and before != POINT and before != COMMA:
            currency = unit
        end = unit_end
    if currency == 0:
        return done, done, 0
    return first, end, (currency - 1) * N_MAGNITUDES + min(magnitude + power, N_MAGNITUDES - 1)


@_within
def _figure(text: Octets, start: int, kinds: Kinds) -> tuple[int, int]:
    """Return where the whole part of a figure ends, and its order of magnitude."""
    end, n_digits = start, 0
    while (kinds[text[end]] & DIGIT) != 0:
        n_digits += n_digits > 0 or text[end] != ZERO
        end += 1
    while text[end] == COMMA:
        group = _right_of(text, end + 1, kinds, DIGIT, end + 4)
        if group - end < 3:
            break
        for place in range(end + 1, group):
            n_digits += n_digits > 0 or text[place] != ZERO
        end = group
    return end, max(n_digits - 1, 0)


@_within
def _unit_at(text: Octets, end: int, kinds: Kinds, names: Octets) -> tuple[int, int]:
    """Return where the currency behind a figure ends, at `end` where it has none, and which it is, from 1 on."""
    first = end + (text[end] == BLANK)
    last, unit = _unit_name(text, first, kinds, names)
    if unit != 0:
        return last, unit
    last = first + 1
    while (text[last] & 0xC0) == 0x80:
        last += 1
    unit = int(names[_name(text, first, last, names), SYMBOL])
    if unit != 0 and (kinds[text[last]] & DIGIT) == 0:
        return last, unit
    return end, 0


@_inline
def _unit_name(text: Octets, start: int, kinds: Kinds, names: Octets) -> tuple[int, int]:
    """Return where the word at a place ends and which currency it names, from 1 on, or 0."""
    if (kinds[text[start]] & LETTER) == 0:
        return start, 0
    end = _right_of(text, start, kinds, LETTER, start + LONGEST_NAME + 1)
    if (kinds[text[end]] & WORD) != 0:
        return start, 0
    return end, int(names[_name(text, start, end, names), UNIT])


@_within
def _currency_before(text: Octets, start: int, done: int, kinds: Kinds, names: Octets) -> tuple[int, int, bool]:
    """Return where the currency before a figure begins, which it is (from 1 on, or 0), and whether it is a code."""
    end = start - (text[start - 1] == BLANK)
    if end <= done:
        return start, 0, False
    first = end - 1
    while (text[first] & 0xC0) == 0x80:
        first -= 1
    symbol = int(names[_name(text, first, end, names), SYMBOL])
    if symbol != 0:
        return (
            first - (_dollar_prefix(text, first, done, kinds, names) if text[first] == DOLLAR_SIGN else 0),
            symbol,
            False,
        )
    end -= text[end - 1] == POINT
    first = max(_left_of(text, end, kinds, ALNUM, end - 5), done)
    if first > done and (kinds[text[first - 1]] & WORD) != 0:
        return start, 0, False
    if end - first == 1 and text[first] == LOWER_N and end == start and _is_thousands(text, start, kinds):
        return first, LOCAL + 1, True
    code = int(names[_name(text, first, end, names), CODE])
    return (first, code, True) if code != 0 else (start, 0, False)


@_within
def _is_thousands(text: Octets, start: int, kinds: Kinds) -> bool:
    """Whether a figure is written in groups of three digits."""
    end = _right_of(text, start, kinds, DIGIT, start + 4)
    if end - start > 3:
        return False
    n_groups = 0
    while text[end] == COMMA and _right_of(text, end + 1, kinds, DIGIT, end + 4) == end + 4:
        end += 4
        n_groups += 1
    return n_groups > 0 and (kinds[text[end]] & WORD) == 0


@_within
def _dollar_prefix(text: Octets, sign: int, done: int, kinds: Kinds, names: Octets) -> int:
    """Return how many letters before a dollar sign belong to it."""
    if (kinds[text[sign - 1]] & LETTER) == 0:
        return 0
    first = max(_left_of(text, sign, kinds, ALNUM, sign - 3), done)
    return sign - first if names[_name(text, first, sign, names), DOLLAR] != 0 else 0


@_within
def _phones(text: Octets, signs: Places, kinds: Kinds, edits: Places) -> int:
    """Fold telephone numbers (`classifier.entities.phones`)."""
    n_edits, done, last = 0, PAD, PAD
    for start in signs:
        if (kinds[text[start]] & DIGIT) == 0 or start < done:
            continue
        if _right_of(text, start + 1, kinds, DIALLED, start + 9) != start + 9:
            continue
        first = start
        while first > start - 2 and text[first - 1] in (PLUS_SIGN, OPEN):
            first -= 1
        before = text[first - 1]
        if (kinds[before] & (WORD | DOT | DASH | PLUS)) != 0 or before in (COMMA, SLASH, OPEN):
            continue
        end = _phone_end(text, start, kinds)
        if end == start:
            continue
        done = end
        if first >= last and _is_dialled(text, first, done, kinds):
            n_edits, last = _note(edits, n_edits, first, done, PHONE), done
    return n_edits


@_within
def _phone_end(text: Octets, start: int, kinds: Kinds) -> int:
    """Return where digits in groups end, `start` where what follows goes on; as many groups as can be, a bracket less first."""
    end = start
    while (kinds[text[end]] & DIGIT) != 0:
        end += 1
    end += text[end] == CLOSE
    found = _phone_stop(text, start, end, kinds)
    for _ in range(6):
        place = end
        while place < end + 2 and text[place] in (BLANK, POINT, HYPHEN):
            place += 1
        place += text[place] == OPEN
        if (kinds[text[place]] & DIGIT) == 0 or (kinds[text[place + 1]] & DIGIT) == 0:
            break
        while (kinds[text[place]] & DIGIT) != 0:
            place += 1
        end = place + (text[place] == CLOSE)
        found = max(found, _phone_stop(text, start, end, kinds))
    return found


@_within
def _phone_stop(text: Octets, start: int, end: int, kinds: Kinds) -> int:
    """Return where a number can end that has its groups to `end`: there, or before its last bracket, or else `start`."""
    after = text[end]
    goes_on = (kinds[after] & WORD) != 0 or after == SLASH
    if after in (POINT, COMMA, COLON, HYPHEN):
        goes_on = (kinds[text[end + 1]] & DIGIT) != 0
    if not goes_on:
        return end
    return end - 1 if text[end - 1] == CLOSE else start


@_within
def _is_dialled(text: Octets, first: int, end: int, kinds: Kinds) -> bool:
    """Whether digits in groups are dialled (`classifier.entities.is_dialled`)."""
    n_digits, n_groups, n_long, n_thousands, run = 0, 0, 0, 0, 0
    for place in range(first, end + 1):
        if place < end and (kinds[text[place]] & DIGIT) != 0:
            run += 1
            continue
        n_groups += run > 0
        n_long += run >= 3
        n_thousands += run == 3 and n_groups > 1
        n_digits, run = n_digits + run, 0
    if not 9 <= n_digits <= 15 or _is_date(text, first, end, kinds):
        return False
    if text[first] in (PLUS_SIGN, OPEN, ZERO):
        return True
    is_sum = n_groups > 1 and n_thousands == n_groups - 1
    return n_digits >= 10 and not is_sum and n_long >= min(n_groups, 2)


@_within
def _is_date(text: Octets, first: int, end: int, kinds: Kinds) -> bool:
    """Whether a number begins as a date does."""
    year = _right_of(text, first, kinds, DIGIT, first + 5)
    after = text[year]
    is_year = year - first == 4 and _is_century(text, first) and year < end
    if is_year and (_parts_date(after) or after == BLANK):
        return True
    day = _right_of(text, first, kinds, DIGIT, first + 3)
    if not 1 <= day - first <= 2 or day >= end or not _parts_date(text[day]):
        return False
    month = _right_of(text, day + 1, kinds, DIGIT, day + 4)
    if not 1 <= month - day - 1 <= 2 or month >= end or not _parts_date(text[month]):
        return False
    n_digits = min(_right_of(text, month + 1, kinds, DIGIT, month + 6), end) - month - 1
    return n_digits == 2 or (n_digits == 4 and _is_century(text, month + 1))


@_inline
def _is_century(text: Octets, place: int) -> bool:
    """Whether a number begins with 19 or 20."""
    return bool((text[place] == ONE and text[place + 1] == NINE) or (text[place] == TWO and text[place + 1] == ZERO))


@_inline
def _parts_date(octet: np.uint8) -> bool:
    """Whether a byte parts day, month and year."""
    return octet in (POINT, SLASH, HYPHEN)


@_within
def _handles(text: Octets, signs: Places, kinds: Kinds, edits: Places) -> int:
    """Fold messenger and social handles (`classifier.entities.handles`)."""
    n_edits = 0
    for sign in signs:
        before = text[sign - 1]
        if text[sign] != AT or (kinds[before] & (WORD | DOT)) != 0 or before in (AT, SLASH):
            continue
        end = _right_of(text, sign + 1, kinds, WORD | DOT, sign + 65)
        while end > sign + 2 and not _ends_handle(text, end, kinds):
            end -= 1
        if end > sign + 2 and (kinds[text[sign + 1]] & WORD) != 0:
            n_edits = _note(edits, n_edits, sign, end, HANDLE)
    return n_edits


@_inline
def _ends_handle(text: Octets, end: int, kinds: Kinds) -> bool:
    """Whether a handle can end here."""
    return bool((kinds[text[end - 1]] & WORD) != 0 and (kinds[text[end]] & WORD) == 0 and text[end] != AT)


@_within
def _leet(text: Octets, signs: Places, kinds: Kinds, names: Octets) -> int:
    """Give up where words may be leet (`classifier.text.leet`), else find nothing."""
    first = PAD
    for sign in signs:
        start, end = _leet_word(text, sign, kinds)
        if start == end or names[_name(text, start, end, names), SPARED] != 0:
            continue
        # One word of three letters alone is not read as leet.
        if end - start > 3 or (first != PAD and start != first):
            return GIVEN_UP
        first = start
    return 0


@_within
def _leet_word(text: Octets, sign: int, kinds: Kinds) -> tuple[int, int]:
    """Return the word around a sign if it may be leet, else an empty stretch."""
    end = sign
    while end < sign + 4 and (kinds[text[end]] & LEET) != 0 and (kinds[text[end]] & LETTER) == 0:
        end += 1
    if not 1 <= end - sign <= 3 or (kinds[text[sign - 1]] & kinds[text[end]] & LETTER) == 0:
        return sign, sign
    start = _left_of(text, sign, kinds, LEET, sign - 40)
    before, at = text[start - 1], start
    if (kinds[text[start]] & LETTER) == 0 or (kinds[before] & (WORD | DOT)) != 0 or before == COMMA:
        return sign, sign
    while at < start + 39 and (kinds[text[at]] & LEET) != 0 and text[at] != AT:
        at += 1
    if text[at] == AT and _right_of(text, at + 1, kinds, LETTER, at + 6) == at + 6:
        return sign, sign
    end = _right_of(text, end, kinds, LEET, end + 41)
    last = text[end - 1]
    if (kinds[text[end]] & WORD) != 0 or last in (EIGHT, AT, DOLLAR_SIGN):
        return sign, sign
    return start, end
