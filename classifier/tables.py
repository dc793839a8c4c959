"""The tables: what the compiled folding knows of bytes, characters and names, as arrays.

All of it is taken from `classifier.characters` and `classifier.entities`, where it is decided. Compiled code gets
the tables as arguments: as globals they would be frozen into numba's cache, which does not see that another
module has changed.

Invariant: a character or name that is not in a table is left to `classifier.text`.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier import entities, text
from classifier.characters import COMMON, HOMOGLYPHS, fold_character


def wide(number: int) -> Any:
    """Return a constant as a number of 64 bits: numba compiles a function once more for each plain int it is given."""
    return np.int64(number)


# Kinds of bytes of a folded text, as bits of a uint16; the last is one of places, not of bytes: the first of four joints.
DIGIT, LETTER, UNDERSCORE, DOT, DASH, PLUS, SPACE, STOP = (wide(1 << i) for i in range(8))
HOST_STOP, TRAILING, LEET, DIALLED, BEYOND, LINKED, ADDRESSED, CROWDED = (wide(1 << i) for i in range(8, 16))

# A row of the table of names: how many bytes a name has, its bytes, and facts about it; 0 where it is no such thing.
NAME_SLOT_BITS = 10
LONGEST_NAME = 17
FACTS, N_FACTS = 1 + LONGEST_NAME, 10
TOP, HOST, FREE, UNIT, CODE, SYMBOL, SCALE, DOLLAR, SPARED, RESERVED = range(FACTS, FACTS + N_FACTS)
# A top-level domain that is a word, too; services that hide where a link leads, and those that open a chat.
TOP_WORD, SHORTENER, MESSENGER = 2, 1, 2

CURRENCIES = ("usd", "gbp", "eur", "local", "coin")
LOCAL = CURRENCIES.index("local")
N_MAGNITUDES = entities.LARGEST_MAGNITUDE + 1
# Tokens by number: those of money, by currency and magnitude, then these: two that stand around a domain,
# and the last two around pictures.
_MONEY = tuple(f" _{name}_ _e{power}_ " for name in CURRENCIES for power in range(N_MAGNITUDES))
_OTHERS = tuple(f" _{name}_ " for name in "link link_short link_chat mail mail_free phone handle".split())
TOKENS = (*_MONEY, *_OTHERS, " _link_ _", "_ ", " ", "")
LINK, LINK_SHORT, LINK_CHAT, MAIL, MAIL_FREE, PHONE, HANDLE, LINK_HEAD, LINK_TAIL, APART, NOTHING = map(
    wide, range(len(_MONEY), len(TOKENS))
)

# Pages of 256 code points that the table of characters has: Latin to Cyrillic, punctuation to arrows, variants and
# full width, pictures.
PAGES = (*range(0x06), *range(0x20, 0x2C), 0xFE, 0xFF, *range(0x1F0, 0x1FB))
N_PAGES = 0x1100
# A row of the table of characters: how many bytes, then the bytes. Longer foldings are rare.
ROW_BYTES = 8
UNKNOWN = 255


class Tables(NamedTuple):
    """What compiled code is told.

    Attributes
    ----------
    pages : int16 array of shape (N_PAGES,)
        Where the rows of each page of 256 code points begin, in pages; -1 where it has none.
    characters : uint8 array of shape (n_characters, ROW_BYTES)
        For each code point the number of bytes it folds to, or `UNKNOWN`, then the bytes.
    pictures : bool array of shape (n_characters,)
        Whether it is a picture that stands apart from words.
    kinds : uint16 array of shape (256,)
        Kinds of each byte of a folded text.
    names : uint8 array of shape (2**NAME_SLOT_BITS + 1, 1 + LONGEST_NAME + N_FACTS)
        Open addressing: of a name the number of bytes, then the bytes, then what is known about it. A row of
        zeros is free; the last one stands for no name.
    endings : bool array of shape (128, 128)
        Whether two ASCII characters are the last two of a currency's code.
    tokens : uint8 array of shape (n_tokens, 1 + longest)
        Of each token the number of bytes, then the bytes.
    """

    pages: NDArray[np.int16]
    characters: NDArray[np.uint8]
    pictures: NDArray[np.bool_]
    kinds: NDArray[np.uint16]
    names: NDArray[np.uint8]
    endings: NDArray[np.bool_]
    tokens: NDArray[np.uint8]


@cache
def tables() -> Tables:
    """Return the tables; made once, in 20 ms."""
    return Tables(page_numbers(), *character_table(), kind_table(), name_table(), code_endings(), token_table())


def page_numbers() -> NDArray[np.int16]:
    """Return where each page of code points stands in the table of characters."""
    numbers = np.full(N_PAGES, -1, np.int16)
    numbers[list(PAGES)] = range(len(PAGES))
    return numbers


def character_table() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return what common characters fold to, lower-cased, and which are pictures."""
    covered = [chr(code) for page in PAGES for code in range(256 * page, 256 * page + 256)]
    rows, pictures = np.zeros((len(covered), ROW_BYTES), np.uint8), np.zeros(len(covered), np.bool_)
    rows[:, 0] = UNKNOWN
    for i, character in enumerate(covered):
        folded = (COMMON.get(character) or fold_character(character)).lower()
        if not all(map(is_decided, folded)) or len(encoded := folded.encode()) >= ROW_BYTES:
            continue
        rows[i, : 1 + len(encoded)] = [len(encoded), *encoded]
        pictures[i] = bool(text.pictures(f"a{character}a", b"a?a"))
    return rows, pictures


def is_decided(character: str) -> bool:
    """Whether all there is to know about a folded character is its bytes: ASCII, a mark or a picture.

    Of a letter or digit beyond ASCII the steps ask more: in a word it may be a look-alike.
    """
    return character.isascii() or (
        not (character.isalnum() or character in HOMOGLYPHS) and ord(character) >> 8 in PAGES
    )


def kind_table() -> NDArray[np.uint16]:
    """Return the kinds of each byte of a folded text; 0x00 is none of its bytes and stands for its ends."""
    kinds = np.zeros(256, np.uint16)
    for kind, members in (
        (DIGIT, b"0123456789"),
        (LETTER, b"abcdefghijklmnopqrstuvwxyz"),
        (UNDERSCORE, b"_"),
        (DOT, b"."),
        (DASH, b"-"),
        (PLUS, b"+"),
        (SPACE, b" \n"),
        (STOP, b" \n<>\"'|\0"),
        (HOST_STOP, b" \n/?#\0"),
        (TRAILING, b".,;:!?)]}*"),
        (LEET, b"abcdefghijklmnopqrstuvwxyz0134578@$"),
        (DIALLED, b"0123456789 .:()[]{}-"),
        (LINKED, b".:([{"),
        (ADDRESSED, b"@"),
        (BEYOND, bytes(range(128, 256))),
    ):
        kinds[list(members)] |= np.uint16(kind)
    return kinds


def known_names() -> dict[str, list[int]]:
    """Return every name that a step asks for, with what is known about it, by column."""
    facts: dict[str, list[int]] = {}

    def note(names: Iterable[str], column: int, value: int) -> None:
        for name in names:
            facts.setdefault(name, [0] * N_FACTS)[column - FACTS] = value

    note(entities.TOP_LEVEL, TOP, 1)
    note(entities.WORDS & entities.TOP_LEVEL, TOP, TOP_WORD)
    note(entities.MESSENGERS, HOST, MESSENGER)
    note(entities.SHORTENERS, HOST, SHORTENER)
    note(entities.FREE_MAIL, FREE, 1)
    note(entities.DOLLARS, DOLLAR, 1)
    note(text.SPARED, SPARED, 1)
    note(entities.RESERVED, RESERVED, 1)
    for name, power in entities.SCALES.items():
        note([name], SCALE, power)
    for name, currency in entities.NAMES.items():
        note([name], UNIT if name.isalpha() else SYMBOL, 1 + CURRENCIES.index(currency))
    for name, currency in entities.CODES.items():
        note([name], CODE, 1 + CURRENCIES.index(currency))
    return facts


def name_table() -> NDArray[np.uint8]:
    """Return a hash table of the names; `classifier.folding` looks them up the same way."""
    rows = np.zeros(((1 << NAME_SLOT_BITS) + 1, FACTS + N_FACTS), np.uint8)
    for name, facts in known_names().items():
        encoded = name.encode()
        slot = 0
        for octet in encoded:
            slot = (slot * 31 + octet) & ((1 << NAME_SLOT_BITS) - 1)
        while rows[slot, 0]:
            slot = (slot + 1) & ((1 << NAME_SLOT_BITS) - 1)
        rows[slot, : 1 + len(encoded)] = [len(encoded), *encoded]
        rows[slot, FACTS:] = facts
    return rows


def token_table() -> NDArray[np.uint8]:
    """Return one row a token: how many bytes it has, then the bytes, then zeros."""
    rows = np.zeros((len(TOKENS), 1 + max(map(len, TOKENS))), np.uint8)
    for row, token in zip(rows, TOKENS, strict=True):
        row[: 1 + len(token)] = [len(token), *token.encode()]
    return rows


def code_endings() -> NDArray[np.bool_]:
    """Return which pairs of characters end a currency's code."""
    endings = np.zeros((128, 128), np.bool_)
    for code in entities.CODES:
        endings[ord(code[-2]), ord(code[-1])] = True
    return endings
