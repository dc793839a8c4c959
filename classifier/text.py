"""Text folding: every spelling of a word becomes one, so that an obfuscated scam reads like a plain one.

Folding is a sequence of steps, each of which finds its edits in the text that the steps before it left.
The steps go round until none finds an edit, so what `fold` returns is what no step would change.
`fold_aligned` takes the same edits and remembers where in the text each folded character came from.

Invariant: `fold` is pure, total and idempotent, and runs in time linear in the text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, repeat

from classifier import entities
from classifier.characters import HOMOGLYPHS, OTHER, Edit, beyond, character_edits, lower, sketch

Step = Callable[[str, bytes], list[Edit]]


@dataclass(frozen=True, slots=True)
class Aligned:
    """A folded text and where it came from.

    Attributes
    ----------
    folded : str
        The folded text.
    starts, ends : tuple of int, of shape (len(folded),)
        Folded character i stands for `text[starts[i]:ends[i]]`, half-open, in code points of the text as
        given. Neither ever falls. Characters of one token stand for the same stretch.
    """

    folded: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


# Pictures: arrows, technical signs, shapes, dingbats, emoji, by Unicode block, and ¦ © ® °.
_BLOCKS = "¦©®°\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
_HAS_PICTURE = re.compile(f"[{_BLOCKS}]")
_PICTURE = re.compile(f"([{_BLOCKS}])( *)")


def pictures(text: str, drawn: bytes) -> list[Edit]:
    """Set each picture apart as a word of its own; a run of the same one counts once."""
    edits: list[Edit] = []
    if not _HAS_PICTURE.search(beyond(text, drawn)):
        return edits
    last, end = "", -1
    for found in _PICTURE.finditer(text):
        start = found.start()
        if start == end and found[1] == last:
            edits.append((start, found.end(), ""))
            end = found.end()
            continue
        if start not in (0, end) and text[start - 1] not in " \n":
            edits.append((start, start, " "))
        last, end = found[1], found.end()
        if not found[2] and end < len(text) and text[end] != "\n":
            edits.append((end, end, " "))
    return edits


_HYPHEN_SIGN = re.compile(rb"-(?=\n)")
_HYPHEN = re.compile(r"-(?<=[^\W\d_]-)\n{1,2} ?(?=[^\W\d_])")


def hyphenation(text: str, drawn: bytes) -> list[Edit]:
    """Join a word that was parted at the end of a line; before a capital the hyphen stays.

    Examples
    --------
    >>> text = "invest-{0}ment Al-{0}Qaeda".format(chr(10))
    >>> hyphenation(text, sketch(text))
    [(6, 8, ''), (16, 17, '')]
    """
    if not _HYPHEN_SIGN.search(drawn):
        return []
    found = _HYPHEN.finditer(text)
    return [(hyphen.start() + (not text[hyphen.end()].islower()), hyphen.end(), "") for hyphen in found]


# A word that mixes Latin letters with look-alikes is Latin in disguise. A word made of look-alikes
# alone is, too, unless the text has letters that no Latin letter looks like: then it is Cyrillic or
# Greek prose, and left alone.
_ALIKE = "".join(sorted(HOMOGLYPHS))
_UNLIKE = "".join(c for c in map(chr, range(0x370, 0x590)) if c.isalpha() and c not in HOMOGLYPHS)
_HAS_ALIKE = re.compile(f"[{_ALIKE}]")
_HAS_UNLIKE = re.compile(f"[{_UNLIKE}]")
_DISGUISED = re.compile(rf"(?<![^\W\d_])[a-z]*+[{_ALIKE}][a-z{_ALIKE}]*+(?![^\W\d_])")
_HAS_LATIN = re.compile(r"[a-z]")


def homoglyphs(text: str, drawn: bytes) -> list[Edit]:
    """Read look-alikes of Latin letters as what they look like, in words that are Latin in disguise."""
    if not _HAS_ALIKE.search(beyond(text, drawn)):
        return []
    is_prose = _HAS_UNLIKE.search(text) is not None
    words = (word for word in _DISGUISED.finditer(text) if not is_prose or _HAS_LATIN.search(word[0]))
    return [
        (i, i + 1, HOMOGLYPHS[letter])
        for word in words
        for i, letter in enumerate(word[0], word.start())
        if letter in HOMOGLYPHS
    ]


# At least three letters, parted alike; at most 64 in a word bounds what the pattern remembers. Digits
# alone are a list or a date.
_PARTED = re.compile(r"(?<![^\W_])[^\W_]([ .*_-])[^\W_](?:\1[^\W_]){1,62}(?![^\W_])")
_JOINTS = bytes(ord("a" if chr(c).isalnum() or c == OTHER else " ") for c in range(128)) + bytes(128)
_FOUR_JOINTS = b" " * 4


def parted(text: str, drawn: bytes) -> list[Edit]:
    """Join letters that are parted: "b i t c o i n", "p.r.o.f.i.t", "l-o-a-n".

    Three parted letters are four joints in every second place, which ordinary text hardly ever has.

    Examples
    --------
    >>> parted("a w.i.n", sketch("a w.i.n"))
    [(3, 4, ''), (5, 6, '')]
    """
    joints = b" " + drawn.translate(_JOINTS) + b"  "
    edits: list[Edit] = []
    for parity in (0, 1):
        every_second = joints[parity::2]
        place = every_second.find(_FOUR_JOINTS)
        while place >= 0:
            start = end = 2 * place + parity
            found = _PARTED.match(text, start)
            if found:
                end = found.end()
                if is_parted(found[0]):
                    edits += ((i, i + 1, "") for i in range(start + 1, end, 2))
            place = every_second.find(_FOUR_JOINTS, max(place + 1, (end - parity) // 2))
    return sorted(edits)


def is_parted(stretch: str) -> bool:
    """Whether every second character makes a word: two letters or more, and no fewer than digits."""
    letters = stretch[::2]
    n_letters = sum(map(str.isalpha, letters))
    return n_letters >= 2 and 2 * n_letters >= len(letters)


# Leet. A digit between letters is a letter in disguise. Where a text has two such words, leading and
# trailing digits are read the same way, figures with a unit and the spared names below excepted.
_LEET_LETTERS = dict(zip("0134578@$", "oieastbas", strict=True))
_LEET_SIGNS = (
    (ord("0"), re.compile(rb"0(?<=[a-z]0)[0@$]{0,2}[a-z]")),
    (ord("@"), re.compile(rb"@(?<=[a-z]@)[0@$]{0,2}[a-z]")),
    (ord("$"), re.compile(rb"\$(?<=[a-z]\$)[0@$]{0,2}[a-z]")),
)
SPARED = frozenset(
    [
        "web3",
        "mp3",
        "mp4",
        "mp3s",
        "mp4s",
        "ps3",
        "ps4",
        "ps5",
        "g7",
        "g8",
        "m4a",
        "w3c",
        "h1n1",
        "h5n1",
        "mh17",
        "mh370",
        "3d",
        "4k",
        "5g",
        "4g",
        "3g",
    ]
)
_UNITS = "st|nd|rd|th|k|m|b|x|h|s|g|d|am|pm|hr|hrs|min|mins|day|days|kg|km|cm|mm|mb|gb|tb|ghz|mhz|p|v|w"
# No word goes on for five letters after an at sign: that is an address without its dot.
_NO_ADDRESS = r"(?<![\w@$.,])(?![a-z0134578$]{0,39}@[a-z]{5})"
_STRONG = re.compile(
    rf"{_NO_ADDRESS}(?=[a-z0134578@$]{{0,38}}[a-z][013457@$]{{1,3}}[a-z])"
    r"[a-z][a-z0134578@$]{1,38}[a-z013457](?![\w@$])"
)
_WEAK = re.compile(
    rf"{_NO_ADDRESS}(?!\d+(?:{_UNITS})\b)(?=[0134578@$]{{0,39}}[a-z])(?=[a-z8]{{0,39}}[013457@$])"
    r"[a-z0134578@$]{2,40}(?![\w@$])"
)
_LEET_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0134578@$"
_LONGEST_LEET, _LONG_ENOUGH = 40, 4


def leet(text: str, drawn: bytes) -> list[Edit]:
    """Read digits as letters: inside a word, and in a text with two such words at the ends of words too.

    Examples
    --------
    >>> [new for _, _, new in leet("fr33 m0n3y n0w", sketch("fr33 m0n3y n0w"))]
    ['e', 'e', 'o', 'e', 'o']
    """
    patterns = [pattern for sign, pattern in _LEET_SIGNS if sign in drawn and pattern.search(drawn)]
    if not patterns:
        return []
    signs = (sign.start() for pattern in patterns for sign in pattern.finditer(drawn))
    starts = sorted({entities.left_of(text, sign, _LEET_CHARACTERS, _LONGEST_LEET) for sign in signs})
    strong = [word for word in map(_STRONG.match, repeat(text), starts) if word and word[0] not in SPARED]
    if not strong:
        return []
    is_leet = len({word[0] for word in strong}) >= 2
    words = _WEAK.finditer(text) if is_leet else (word for word in strong if len(word[0]) >= _LONG_ENOUGH)
    return [
        (i, i + 1, _LEET_LETTERS[letter])
        for word in words
        if word[0] not in SPARED
        for i, letter in enumerate(word[0], word.start())
        if letter in _LEET_LETTERS
    ]


# Each step with a byte without which the sketch has nothing for it, if there is one. (Whether an int is
# among bytes is known ten times faster than whether a bytes of length one is.)
STEPS: tuple[tuple[int | None, Step], ...] = (
    (OTHER, pictures),
    (ord("\n"), hyphenation),
    (OTHER, homoglyphs),
    (None, parted),
    (ord("("), entities.written_dots),
    (ord("."), entities.links),
    (ord("@"), entities.mails),
    (ord("0"), entities.wallets),
    (ord("0"), entities.money),
    (ord("0"), entities.phones),
    (ord("@"), entities.handles),
    (None, leet),
)
# Rounds of steps before a text is given up as made to keep them going. Of 40,246 posts of 29 sources none
# needs a third (measured November 2026).
LONGEST_UNREST = 8


def words_alone(text: str) -> list[Edit]:
    """Leave nothing but words of two letters or more, in which no step finds anything."""
    edits: list[Edit] = []
    end = 0
    for word in re.finditer(r"[a-z]{2,}+", text):
        if word.start() > end:
            edits.append((end, word.start(), " "))
        end = word.end()
    return [*edits, (end, len(text), " ")] if end < len(text) else edits


def applied(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with edits made."""
    pieces: list[str] = []
    last = 0
    for start, end, new in edits:
        pieces += (text[last:start], new)
        last = end
    pieces.append(text[last:])
    return "".join(pieces)


def changes(text: str) -> Iterator[tuple[Sequence[Edit], str]]:
    """Yield each change that folding makes: its edits and the text after, the folded one last."""
    drawn = sketch(text)
    edits = character_edits(text, drawn)
    if edits:
        text = applied(text, edits)
        yield edits, text
        drawn = sketch(text)
    edits = hyphenation(text, drawn) if ord("\n") in drawn else []
    text = lower(applied(text, edits) if edits else text)
    yield edits, text
    drawn = sketch(text) if edits else drawn
    yield from rounds(text, drawn)


def rounds(text: str, drawn: bytes) -> Iterator[tuple[Sequence[Edit], str]]:
    """Yield the changes of the steps, until all of them in a row have found none."""
    n_quiet = 0
    for sign, step in islice(cycle(STEPS), LONGEST_UNREST * len(STEPS)):
        if (sign is None or sign in drawn) and (edits := step(text, drawn)):
            n_quiet = 0
            text = applied(text, edits)
            drawn = sketch(text)
            yield edits, text
            continue
        n_quiet += 1
        if n_quiet == len(STEPS):
            return
    edits = words_alone(text)
    yield edits, applied(text, edits)


def fold(text: str) -> str:
    """Fold a text to the form in which n-grams are counted.

    Lower case, compatibility form, no marks and nothing invisible; homoglyphs, leet and parted letters
    read as the letters they stand for; links, addresses, amounts, wallets, phone numbers and handles
    as tokens. The order of words is kept, punctuation too; white space is not evened out.

    Examples
    --------
    >>> fold("Еаrn $500 at www.Coins.example"), fold("B.i.t.c.o.i.n d0ubl3r!")
    ('earn  _usd_ _e2_  at  _link_ ', 'bitcoin doubler!')
    """
    for _, folded in changes(text):
        text = folded
    return text


def fold_aligned(text: str) -> Aligned:
    """Fold a text and remember which stretch of it each folded character stands for.

    Examples
    --------
    >>> aligned = fold_aligned("W.I.N €5")
    >>> aligned.folded[:3], aligned.starts[:3], aligned.ends[:3]
    ('win', (0, 2, 4), (1, 3, 5))
    """
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    folded = text
    for edits, changed in changes(text):
        folded = changed
        starts, ends = moved(starts, ends, edits)
    return Aligned(folded, tuple(starts), tuple(ends))


def moved(starts: list[int], ends: list[int], edits: Sequence[Edit]) -> tuple[list[int], list[int]]:
    """Carry offsets over edits: each new character stands for all that its edit replaces."""
    new_starts: list[int] = []
    new_ends: list[int] = []
    last = 0
    for start, end, new in edits:
        new_starts += starts[last:start]
        new_ends += ends[last:start]
        before = ends[start - 1] if start else 0
        first = starts[start] if start < len(starts) else before
        new_starts += [first] * len(new)
        new_ends += [ends[end - 1] if end > start else max(first, before)] * len(new)
        last = end
    return new_starts + starts[last:], new_ends + ends[last:]
