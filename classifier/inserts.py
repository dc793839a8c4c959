"""The inserts: which stretches of a page are scam or spam, and how surely the page holds one.

Each segment is scored as a post and judged by its surroundings (`classifier.surroundings`). A run of segments
is an insert if one of them is sure (`high`) and all are at least likely (`low`); segments too short to judge
do not part a run and never begin or end one of their own. Two thresholds, so that one sure paragraph
brings the rest of its message with it, and a lone likely one brings nothing (hysteresis, Canny 1986).

Invariant: inserts are disjoint, in order, begin and end where segments do, and each holds a sure segment.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import sigmoid

# What a segment is judged by, in the order of `surroundings.facts`.
FACTS = (
    "logit",
    "length",
    "previous logit",
    "next logit",
    "block logit",
    "page level",
    "page top",
    "kinship",
    "quoted",
    "attributed",
    "warned",
    "contact",
    "you",
    "i",
    "dots",
    "logit if short",
    "logit if quoted",
    "logit if warned",
    "logit of kin",
    "logit if attributed",
)
# A segment of fewer words, links and amounts not counted, says too little to be judged alone (jusText's "short"): "FREE",
# a byline, a bare link. Of the dev pages without insert, 18 of the 20 highest segments were such.
JUDGED_WORDS = 6
N_PAGE_FACTS = 3
# Log-odds of what cannot be an insert.
NEVER = -20.0
_WORD = re.compile(r"(?<!\w)[^\W\d_]['\w]+(?!\w)")


@dataclass(frozen=True, slots=True)
class PageWeights:
    """Fitted numbers that judge segments and pages.

    Attributes
    ----------
    coef : tuple of float
        One for each of `FACTS`.
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


def is_short(folded: Sequence[str]) -> NDArray[np.bool_]:
    """Tell of each folded segment whether it says too little to be judged alone."""
    return np.array([len(_WORD.findall(part)) < JUDGED_WORDS for part in folded], bool)


def segment_log_odds(facts: NDArray[np.float64], short: NDArray[np.bool_], fitted: PageWeights) -> NDArray[np.float64]:
    """Return each segment's log-odds of being of an insert, as a float64 array of shape (n_segments,).

    A segment that is too short to be judged gets the log-odds of never.
    """
    return np.where(short, NEVER, facts @ np.array(fitted.coef) + fitted.intercept)


def runs(
    log_odds: NDArray[np.float64], short: NDArray[np.bool_], *, high: float, low: float
) -> Iterator[tuple[int, int]]:
    """Yield the runs of segments that are inserts, half-open, in order.

    Examples
    --------
    >>> list(runs(np.array([-3.0, 1.0, 4.0, -3.0, 1.0]), np.zeros(5, bool), high=0.9, low=0.5))
    [(1, 3)]
    """
    probability = sigmoid(log_odds)
    is_likely = (probability >= low) & ~short
    is_sure = (probability >= high) & ~short
    start = end = -1
    for i in [*range(len(log_odds)), None]:
        if i is not None and is_likely[i]:
            start, end = (i if start < 0 else start), i + 1
        elif i is None or not short[i]:
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
