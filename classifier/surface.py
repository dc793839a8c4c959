"""The surface: how a segment is written, before folding undoes it.

Folding reads a disguised word as the word meant, so the weights see no disguise. A reporter has no reason for
one: how many there are, and how many links, hashtags, emoji and capitals, is told here as plain counts and shares.

Invariant: one row of finite numbers a segment, in the order of `inserts.SURFACE`, from its own text alone; in linear time.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_INVISIBLE = re.compile(r"[\u00ad\u0300-\u036f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_TWO_SCRIPTS = re.compile(r"[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z]")
_PARTED = re.compile(r"(?<!\w)[^\W\d_](?:[ ._-]\w){3,}(?!\w)")
_WITH_DIGITS = re.compile(r"(?<![\w.@-])(?:[A-Za-z][a-z]*[0-8$]+[a-z]\w*|(?!\d{1,2}h\d\d(?!\w))[0-8][a-z]+[0-8]\w*)")
_EMOJI = re.compile(r"[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_TICKER = re.compile(r"\$[A-Za-z]{2,}")
_AMOUNT = re.compile(r"_(?:usd|gbp|eur|local|coin)_")
_CONTACT = re.compile(r"_(?:mail|phone|handle|wallet)_|whatsapp|telegram")
_YOU = re.compile(r"\b(?:you|your|yours|u|ur)\b")
_I = re.compile(r"\b(?:i|my|me|i'm|am)\b")
_QUOTED = re.compile(r"[\"“][^\"“”]{1,2000}[\"”]|„[^„“”]{1,2000}[“”]|«[^«»]{1,2000}»|»[^«»]{1,2000}«")


def surface(texts: Sequence[str], folded: Sequence[str]) -> NDArray[np.float64]:
    """Return the facts of each segment.

    Parameters
    ----------
    texts : sequence of str
        As they stand on the page; none empty.
    folded : sequence of str

    Returns
    -------
    float64 array of shape (n_segments, n_facts)
        In the order of `inserts.SURFACE`; counts as ln(1 + n), shares in [0, 1], "you" and "i" to ten words.
    """
    return np.array([facts_of(*pair) for pair in zip(texts, folded, strict=True)], float)


def facts_of(text: str, folded: str) -> list[float]:
    """Return the facts of one segment."""
    n_chars, n_words = len(text), max(len(text.split()), 1)
    is_ascii = text.isascii()
    counts = [
        0 if is_ascii else n_found(_INVISIBLE, text),
        0 if is_ascii else n_found(_TWO_SCRIPTS, text),
        n_found(_PARTED, text),
        n_found(_WITH_DIGITS, text),
        0 if is_ascii else n_found(_EMOJI, text),
    ]
    more = [text.count("!"), text.count("#"), n_found(_TICKER, text)]
    folded_counts = [folded.count("_link_"), n_found(_CONTACT, folded), n_found(_AMOUNT, folded)]
    n_folded = max(len(folded.split()), 1)
    return [
        *np.log1p(counts),
        sum(char.isupper() and char.isalpha() for char in text) / max(sum(map(str.isalpha, text)), 1),
        *np.log1p(more),
        *np.log1p(folded_counts),
        sum(map(str.isdigit, text)) / n_chars,
        0.0 if is_ascii else sum(char > "\x7f" for char in text) / n_chars,
        n_chars / n_words,
        float(np.log1p(text.count("\n"))),
        quoted_share(text),
        float(text.endswith(("...", "…"))),
        n_found(_YOU, folded) / n_folded * 10,
        n_found(_I, folded) / n_folded * 10,
    ]


def n_found(pattern: re.Pattern[str], text: str) -> int:
    """Count the matches of a pattern."""
    return sum(1 for _ in pattern.finditer(text))


def quoted_share(text: str) -> float:
    """Return the share of a segment that stands between quotation marks."""
    return sum(match.end() - match.start() for match in _QUOTED.finditer(text)) / max(len(text), 1)
