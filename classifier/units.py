"""The units: the segments of a page as they are judged, short lines together.

A line of three words says too little to be judged alone, and of a list of keywords with links between them each
line is one. So lines that stand together, without a blank line between them, are judged as one: all of them on
a page whose blocks are parted by blank lines, else the short ones among them.

Invariant: units are in order, each is one or more neighbouring segments, and every segment is in one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.blocks import MAX_BLOCK_CHARS, Segment, evened

# A unit of fewer different words, links and amounts not counted, says too little to be judged (jusText's "short"): "FREE",
# a byline, a bare link. Of the dev pages without insert, 18 of the 20 highest segments were such.
JUDGED_WORDS = 6
# A page has its blocks parted by blank lines if there are so many, and few of them hold several segments.
MIN_STRETCHES = 5
MAX_SHARE_OF_SEVERAL = 1 / 3

_BLANK_LINE = re.compile(r"\n\s*\n|\f")
# Letters beyond Latin are none: what is not written in them was not fitted on, and is not judged.
_WORD = re.compile(r"(?<!\w)[a-z]['a-z\u00df-\u024f]+(?!\w)")


@dataclass(frozen=True, slots=True)
class Unit:
    """Neighbouring segments that are judged as one.

    Attributes
    ----------
    start, end : int
        Half-open, in code points of the page's text.
    first, last : int
        Which segments, half-open.
    block : int
        The block of its first segment.
    """

    start: int
    end: int
    first: int
    last: int
    block: int


def n_words(folded: str) -> int:
    """Count the different words of a folded text; links, amounts and what is not written in Latin letters are none."""
    return len(set(_WORD.findall(folded)))


def is_short(folded: Sequence[str]) -> NDArray[np.bool_]:
    """Tell of each folded stretch whether it says too little to be judged alone."""
    return np.array([n_words(part) < JUDGED_WORDS for part in folded], bool)


def units(text: str, segments: Sequence[Segment], folded: Sequence[str]) -> list[Unit]:
    r"""Join the segments of a page, whose folded texts are given, to what is judged as one.

    Examples
    --------
    >>> from classifier.blocks import segments
    >>> text = "Fast loans\nBad credit loans\n\nThe council met on Monday to hear about the bridge."
    >>> folded = ["fast loans", "bad credit loans", "the council met on monday to hear about the bridge"]
    >>> [(unit.first, unit.last) for unit in units(text, segments(text), folded)]
    [(0, 2), (2, 3)]
    """
    stretches = stretch_of(text, segments)
    short = is_short(folded)
    is_parted = parted_by_blank_lines(stretches)
    found: list[Unit] = []
    for i, segment in enumerate(segments):
        joins = (
            i > 0
            and stretches[i] == stretches[i - 1]
            and (is_parted or (short[i] and short[i - 1]))
            and segment.end - found[-1].start <= MAX_BLOCK_CHARS
        )
        if joins:
            before = found.pop()
            found.append(Unit(before.start, segment.end, before.first, i + 1, before.block))
        else:
            found.append(Unit(segment.start, segment.end, i, i + 1, segment.block))
    return found


def stretch_of(text: str, segments: Sequence[Segment]) -> NDArray[np.int64]:
    """Return which stretch between blank lines each segment stands in, counted from 0."""
    ends = [match.end() for match in _BLANK_LINE.finditer(evened(text))]
    return np.searchsorted(np.array(ends, np.int64), [segment.start for segment in segments], side="right")


def parted_by_blank_lines(stretches: NDArray[np.int64]) -> bool:
    """Tell whether a page's blocks are parted by blank lines, so that a stretch between them is a block."""
    n_segments = np.unique(stretches, return_counts=True)[1]
    return len(n_segments) >= MIN_STRETCHES and float((n_segments > 1).mean()) <= MAX_SHARE_OF_SEVERAL
