"""The terminal: results as a table for a person.

Invariant: no character of a text can drive the terminal, and a row is one line, its fields in columns of
fixed width; a failure's error stands from the verdict's place on.
"""

import os
import unicodedata
from collections.abc import Mapping, Sequence

from classifier.writers import DECIMALS, Row, figure

# Characters of a column; an id of an ordinary path fits.
WIDTHS = {"id": 40, "score": 2 + DECIMALS, "verdict": 7}
OTHER_WIDTH, LEAST_WIDTH, GAP = 12, 12, "  "
COLOURS = {"scam": "\x1b[1;31m", "unsure": "\x1b[33m", "ham": "\x1b[32m", "error": "\x1b[35m"}
PLAIN = "\x1b[0m"


def takes_colour() -> bool:
    """Tell whether a terminal takes colour (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def column_widths(fields: Sequence[str], n_columns: int) -> dict[str, int]:
    """Share a terminal's columns out: a last field without a width of its own takes what is left.

    Examples
    --------
    >>> column_widths(["id", "score", "verdict", "inserts"], 100)
    {'id': 40, 'score': 8, 'verdict': 7, 'inserts': 39}
    """
    widths = {field: WIDTHS.get(field, OTHER_WIDTH) for field in fields}
    left = n_columns - sum(widths.values()) - len(GAP) * (len(fields) - 1)
    if "id" in widths and left < 0:
        widths["id"] = max(LEAST_WIDTH, widths["id"] + left)
    elif left > 0 and fields[-1] not in WIDTHS:
        widths[fields[-1]] += left
    return widths


def table_line(row: Row, widths: Mapping[str, int], *, is_coloured: bool) -> str:
    """Lay out one row; an error takes the verdict's place and all to the right of it."""
    cells = []
    for field, width in widths.items():
        if "error" in row and (field == "verdict" or (field != "id" and "verdict" not in widths)):
            cells.append(coloured(shown(row["error"]), "error", is_coloured))
            break
        fitted = shortened(shown(row.get(field)), width, keep_end=field == "id")
        padded = fitted + " " * (width - text_width(fitted))
        cells.append(coloured(padded, str(row.get(field)), is_coloured and field == "verdict"))
    return GAP.join(cells).rstrip(" ") + "\n"


def coloured(text: str, meaning: str, is_coloured: bool) -> str:
    """Colour a text by what it means, if at all."""
    return f"{COLOURS[meaning]}{text}{PLAIN}" if is_coloured and meaning in COLOURS else text


def shown(value: object) -> str:
    r"""Return a value for the eye, every character that is not printable escaped.

    Examples
    --------
    >>> print(shown("a\x1b[31mb\n"), shown(0.5), shown([{"text": "Earn 55"}, {"text": "Now"}]))
    a\x1b[31mb\n 0.500000 2: Earn 55 · Now
    """
    if isinstance(value, list | tuple):
        texts = (inner.get("text", "") if isinstance(inner, Mapping) else inner for inner in value)
        return shown(f"{len(value)}: {' · '.join(map(str, texts))}" if value else "0")
    text = value if isinstance(value, str) else figure(value)
    return text if text.isprintable() else "".join(map(printable, text))


def printable(character: str) -> str:
    """Return a character as it is or escaped: controls, direction marks, surrogates and the like."""
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def shortened(text: str, width: int, *, keep_end: bool) -> str:
    """Cut a text to a width, in the middle or at its end.

    Examples
    --------
    >>> shortened("news/2024/05/a-long-name.txt", 16, keep_end=True)
    'news/20…name.txt'
    """
    if text_width(text) <= width:
        return text
    n_end = width // 2 if keep_end else 0
    start = fitting(text, width - 1 - n_end)
    return start + "…" + fitting(text[::-1], n_end)[::-1]


def fitting(text: str, width: int) -> str:
    """Return the longest start of a text that fits a width."""
    used = 0
    for i in range(len(text)):
        used += text_width(text[i])
        if used > width:
            return text[:i]
    return text


def text_width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes: two for wide East Asian, none for marks."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(character) in {"Mn", "Me"} else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
