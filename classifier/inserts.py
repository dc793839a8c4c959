"""The inserts: which stretches of a page are scam or spam, and how surely the page holds one.

Each segment is scored as a post and judged by its surroundings (`classifier.surroundings`). A run of segments
is an insert if one of them is sure (`high`) and all are at least likely (`low`); segments too short to judge
do not part a run and never begin or end one of their own. Two thresholds, so that one sure paragraph
brings the rest of its message with it, and a lone likely one brings nothing (hysteresis, Canny 1986).

Invariant: inserts are disjoint, in order, begin and end where segments do, and each holds a sure segment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.blocks import Segment
from classifier.calibration import sigmoid

# A segment of fewer characters is not judged alone (jusText's "short"): "FREE", "By our reporter".
JUDGED_CHARS = 40
N_PAGE_FACTS = 3


@dataclass(frozen=True, slots=True)
class PageWeights:
    """Fitted numbers that judge segments and pages.

    Attributes
    ----------
    coef : tuple of float
        One for each of `surroundings.FACTS`.
    intercept : float
        Log-odds.
    high, low : float
        Probability from which a segment is sure, or likely.
    page_coef : tuple of float
        For the surest segment's log-odds, the second surest's, and ln of the number of segments.
    page_intercept : float
        Log-odds.
    unsure_from : float
        Page score from which a page without inserts is `unsure`.
    """

    coef: tuple[float, ...]
    intercept: float
    high: float
    low: float
    page_coef: tuple[float, ...]
    page_intercept: float
    unsure_from: float


def segment_log_odds(facts: NDArray[np.float64], fitted: PageWeights) -> NDArray[np.float64]:
    """Return each segment's log-odds of being of an insert, as a float64 array of shape (n_segments,)."""
    return np.asarray(facts @ np.array(fitted.coef) + fitted.intercept)


def runs(
    log_odds: NDArray[np.float64], segments: Sequence[Segment], *, high: float, low: float
) -> Iterator[tuple[int, int]]:
    """Yield the runs of segments that are inserts, half-open, in order.

    Examples
    --------
    >>> parts = [Segment(100 * i, 100 * i + 99, i) for i in range(5)]
    >>> list(runs(np.array([-3.0, 1.0, 4.0, -3.0, 1.0]), parts, high=0.9, low=0.5))
    [(1, 3)]
    """
    probability = sigmoid(log_odds)
    is_short = np.array([segment.end - segment.start < JUDGED_CHARS for segment in segments], bool)
    is_likely = (probability >= low) & ~is_short
    is_sure = (probability >= high) & ~is_short
    start = end = -1
    for i in [*range(len(segments)), None]:
        if i is not None and is_likely[i]:
            start, end = (i if start < 0 else start), i + 1
        elif i is None or not is_short[i]:
            if start >= 0 and is_sure[start:end].any():
                yield start, end
            start = -1


def page_facts(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a page's score is made of: its two surest segments and ln of how many there are."""
    ordered = np.sort(log_odds)[::-1]
    second = ordered[1] if len(ordered) > 1 else ordered[0] - 4.0
    return np.array([ordered[0], second, np.log(len(ordered))])


def page_score(log_odds: NDArray[np.float64], fitted: PageWeights) -> float:
    """Return the probability, in [0, 1], that a page holds an insert; 0 for a page without text."""
    if len(log_odds) == 0:
        return 0.0
    return float(sigmoid(np.array(page_facts(log_odds) @ np.array(fitted.page_coef) + fitted.page_intercept)))
