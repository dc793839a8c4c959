"""The highlight: a text for a terminal, with the stretches that carried its score marked.

Invariant: whatever the text holds, it cannot drive the terminal (`classifier.output.shown`).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from classifier.reasons import Explanation, Reason
from classifier.terminal import PLAIN, shown

# A stretch is marked from this share of the heaviest character's on. Chosen: at half of it or twice
# as much the same words stand out.
MARKED_FROM = 0.3
SCAM_MARK, HAM_MARK = "\x1b[1;41;97m", "\x1b[42;30m"
# More of a text than this is not read on a terminal.
MAX_CHARS = 20_000


def heat(n_chars: int, reasons: Sequence[Reason]) -> np.ndarray:
    """Return how much of the logit each character carried, as a float array of shape (n_chars,).

    A reason's share is spread evenly over the characters it stands for.
    """
    warmth = np.zeros(n_chars)
    for reason in reasons:
        n_covered = sum(end - start for start, end in reason.spans)
        for start, end in reason.spans:
            warmth[start:end] += reason.share / max(n_covered, 1)
    return warmth


def marked(text: str, explanation: Explanation, *, is_coloured: bool) -> str:
    """Return the text with what speaks for scam marked red and what speaks against it green, if in colour."""
    text = text[:MAX_CHARS]
    if not is_coloured:
        return shown_lines(text)
    warmth = heat(len(text), explanation.reasons)
    heaviest = float(np.abs(warmth).max(initial=0.0))
    return "".join(
        mark + shown_lines(stretch) + (PLAIN if mark else "") for stretch, mark in stretches(text, warmth, heaviest)
    )


def stretches(text: str, warmth: np.ndarray, heaviest: float) -> Iterator[tuple[str, str]]:
    """Yield runs of characters that are marked alike, with their mark."""
    is_hot, is_cold = warmth >= MARKED_FROM * heaviest, warmth <= -MARKED_FROM * heaviest
    kinds = np.where(is_hot, 1, np.where(is_cold, 2, 0)) if heaviest else np.zeros(len(text), int)
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(text)]
    for start, end in pairwise(edges):
        if start < end:
            yield text[start:end], ("", SCAM_MARK, HAM_MARK)[int(kinds[start])]


def shown_lines(text: str) -> str:
    """Escape what is not printable, line breaks excepted."""
    return "\n".join(shown(line) for line in text.split("\n"))


def reason_table(reasons: Sequence[Reason], text: str) -> str:
    """Return one line a reason: its share, and where it first stands in the text's own spelling."""
    lines = []
    for reason in reasons:
        start, end = reason.spans[0] if reason.spans else (0, 0)
        times = f" x{len(reason.spans)}" if len(reason.spans) > 1 else ""
        lines.append(f"{reason.share:+8.3f}  {shown(text[start:end])}{times}")
    return "\n".join(lines)
