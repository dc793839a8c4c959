"""Text folding: every spelling of a word becomes one, so that an obfuscated scam reads like a plain one.

Folding is a fixed sequence of steps, each a pattern and what its matches become. `fold` applies them;
`fold_aligned` applies the same steps and remembers where in the text each folded character came from.

Invariant: `fold` is pure, total and idempotent, and runs in time linear in the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from classifier import entities
from classifier.characters import HOMOGLYPHS, fold_character

Replacement = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of folding.

    Attributes
    ----------
    choose : callable
        Takes the whole text; the pattern to apply, or None where the text has nothing for the step.
    replace : callable
        Takes a match; what it becomes.
    """

    choose: Callable[[str], re.Pattern[str] | None]
    replace: Replacement


_UPPER_OR_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7fA-Z]+")
_NOT_PLAIN = re.compile(r"[\x00-\x09\x0b-\x1f\x7fA-Z`]+|[^\x00-\x7f]+")
_BLANK = re.compile(r"(?<=[ \n])[ \n]+")


def choose_characters(text: str) -> re.Pattern[str] | None:
    """Choose the pattern of runs that are not plain lower-case ASCII."""
    return _NOT_PLAIN if not text.isascii() or _NOT_PLAIN.search(text) else None


def replace_characters(match: re.Match[str]) -> str:
    """Fold a run character by character (`classifier.characters`)."""
    return "".join(map(fold_character, match[0]))


# Homoglyphs. A word that mixes Latin letters with look-alikes is Latin in disguise. A word made of
# look-alikes alone is, too, unless the text has letters that no Latin letter looks like: then it is
# Cyrillic or Greek prose, and left alone.
_ALIKE = "".join(sorted(HOMOGLYPHS))
_DISGUISED = re.compile(rf"(?<![^\W\d_])[a-z{_ALIKE}]*[{_ALIKE}][a-z{_ALIKE}]*(?![^\W\d_])")
_MIXED = re.compile(rf"(?<![^\W\d_])(?=[{_ALIKE}]*[a-z])[a-z{_ALIKE}]*[{_ALIKE}][a-z{_ALIKE}]*(?![^\W\d_])")
_OTHER_SCRIPT = re.compile(rf"(?:(?![{_ALIKE}])[\u0370-\u03ff\u0400-\u052f\u0530-\u058f])")
_LATIN = str.maketrans(HOMOGLYPHS)


def choose_homoglyphs(text: str) -> re.Pattern[str] | None:
    """Choose which words are read as Latin in disguise."""
    if text.isascii():
        return None
    return _MIXED if _OTHER_SCRIPT.search(text) else _DISGUISED


def replace_homoglyphs(match: re.Match[str]) -> str:
    """Undress a word."""
    return match[0].translate(_LATIN)


# Parted letters: "b i t c o i n", "p.r.o.f.i.t", "l-o-a-n". At least three, parted alike; digits
# alone are a list or a date.
_PARTED = re.compile(r"(?<![^\W_])[^\W_]([ .*_-])[^\W_](?:\1[^\W_])+(?![^\W_])")
_PARTED_HINT = re.compile(r"[ .*_-][a-z]([ .*_-])[a-z]")
_PARTED_START = re.compile(r"[a-z]([ .*_-])[a-z]\1[a-z]")


def choose_parted(text: str) -> re.Pattern[str] | None:
    """Choose parted letters where the text begins with some or has some after a separator."""
    return _PARTED if _PARTED_HINT.search(text) or _PARTED_START.match(text) else None


def replace_parted(match: re.Match[str]) -> str:
    """Join the letters of one parted word."""
    letters = match[0][::2]
    return letters if sum(letter.isalpha() for letter in letters) >= 2 else match[0]


# Leet. A digit between letters is a letter in disguise. Where a text has two such words, leading and
# trailing digits are read the same way, figures with a unit excepted.
_LEET_LETTERS = str.maketrans("0134578@$", "oieastbas")
_LEET_WORD = re.compile(r"(?<![\w@$])(?=[a-z0-9@$]*[a-z][013457@$]{1,3}[a-z])[a-z0-9@$]{4,40}(?![\w@$])")
_UNITS = "st|nd|rd|th|k|m|b|x|h|s|g|d|am|pm|hr|hrs|min|mins|day|days|kg|km|cm|mm|mb|gb|tb|ghz|mhz|p|v|w"
_LEET_TEXT = re.compile(rf"(?<![\w@$.,])(?!\d+(?:{_UNITS})\b)(?=[a-z0-9@$]*[a-z])(?=[a-z0-9@$]*[013457@$])[a-z0-9@$]{{2,40}}(?![\w@$])")
_LEET_HINT = re.compile(r"[a-z][013457@$]{1,3}[a-z]")


def choose_leet(text: str) -> re.Pattern[str] | None:
    """Choose how freely digits are read as letters: not at all, inside words, or everywhere."""
    if not _LEET_HINT.search(text):
        return None
    words = _LEET_WORD.finditer(text)
    if next(words, None) is None:
        return None
    return _LEET_WORD if next(words, None) is None else _LEET_TEXT


def replace_leet(match: re.Match[str]) -> str:
    """Read a word's digits as letters."""
    return match[0].translate(_LEET_LETTERS)


def where(pattern: re.Pattern[str], *hints: str | re.Pattern[str]) -> Callable[[str], re.Pattern[str] | None]:
    """Choose `pattern` where any hint, a quick sign that it may match, stands in the text."""

    def choose(text: str) -> re.Pattern[str] | None:
        for hint in hints:
            if hint in text if isinstance(hint, str) else hint.search(text):
                return pattern
        return None

    return choose


_DOMAIN_HINT = re.compile(rf"\.(?:{entities.TOP_LEVEL})\b")
_WALLET_HINT = re.compile(r"\d[a-z]{1,9}\d")
_MONEY_HINT = re.compile(rf"[{re.escape(entities.SIGNS)}]|\d[ ,.]?[a-z{re.escape(entities.SIGNS)}]")
_PHONE_HINT = re.compile(r"\d{3}[ .)\-]{0,2}\d{2}")

STEPS = (
    Step(choose_characters, replace_characters),
    Step(choose_homoglyphs, replace_homoglyphs),
    Step(choose_parted, replace_parted),
    Step(where(entities.LINK, "://", "www.", _DOMAIN_HINT), entities.link_token),
    Step(where(entities.MAIL, "@"), entities.mail_token),
    Step(where(entities.WALLET, _WALLET_HINT), entities.wallet_token),
    Step(where(entities.MONEY, _MONEY_HINT), entities.money_token),
    Step(where(entities.PHONE, _PHONE_HINT), entities.phone_token),
    Step(where(entities.HANDLE, "@"), entities.handle_token),
    Step(choose_leet, replace_leet),
)


def fold(text: str) -> str:
    """Fold a text to the form in which n-grams are counted.

    Lower case, compatibility form, no marks and nothing invisible; homoglyphs, leet and parted letters
    read as the letters they stand for; links, addresses, amounts, wallets, phone numbers and handles
    as tokens. The order of words is kept, punctuation too; white space is not evened out.

    Examples
    --------
    >>> fold("Еаrn 5 0 BTC at www.Coins.example"), fold("B.i.t.c.o.i.n d0ubl3r!")
    """
    if text.isascii():
        text = text.lower()
    for step in STEPS:
        pattern = step.choose(text)
        if pattern is not None:
            text = pattern.sub(step.replace, text)
    return text
