"""The inserts: which stretches of a page are scam or spam, and how surely the page holds one.

Each unit (`classifier.units`) is scored as a post and judged by its surroundings and its surface
(`classifier.surroundings`). A run of units is an insert if one of them is sure (`high`) and all are at least likely
(`low`); units too short to judge do not part a run and never begin or end one. Two thresholds, so that one sure paragraph
brings the rest of its message with it, and a lone likely one brings nothing (hysteresis, Canny 1986).

Invariant: inserts are disjoint, in order, begin and end where units do, and each holds a sure unit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import sigmoid
from classifier.trees import Trees
from classifier.trees import log_odds as tree_log_odds

# What a unit is judged by: what stands around it, then how it is written.
SURROUNDINGS = (
    "logit",
    "length",
    "words",
    "known words",
    "previous logit",
    "next logit",
    "block logit",
    "page level",
    "page top",
    "above the median",
    "above the highest other",
    "rank",
    "spread",
    "kinship",
    "attributed",
    "warned",
)
SURFACE = (
    "invisible characters",
    "words of two scripts",
    "parted words",
    "words with digits in them",
    "emoji",
    "capitals",
    "exclamation marks",
    "hashtags",
    "tickers",
    "links",
    "contacts",
    "amounts",
    "digits",
    "beyond ascii",
    "word length",
    "lines",
    "quoted",
    "dots",
    "you",
    "i",
)
FACTS = SURROUNDINGS + SURFACE
N_PAGE_FACTS = 3
# Log-odds of what cannot be an insert.
NEVER = -20.0


@dataclass(frozen=True, slots=True)
class PageWeights:
    """Fitted numbers that judge units and pages.

    Attributes
    ----------
    trees : Trees
        Over `FACTS`.
    high, low : float
        Probability from which a unit is sure, or likely.
    page_coef : tuple of float
        For the surest unit's log-odds, the second surest's, and ln of the number of units.
    page_intercept : float
        Log-odds.
    unsure_from : float
        Page score from which a page without inserts is `unsure`.
    """

    trees: Trees
    high: float
    low: float
    page_coef: tuple[float, ...]
    page_intercept: float
    unsure_from: float


def unit_log_odds(facts: NDArray[np.float64], short: NDArray[np.bool_], trees: Trees) -> NDArray[np.float64]:
    """Return each unit's log-odds of being of an insert, as a float64 array of shape (n_units,).

    A unit that is too short to be judged gets the log-odds of never.
    """
    return np.where(short, NEVER, tree_log_odds(facts, trees))


def runs(
    log_odds: NDArray[np.float64], short: NDArray[np.bool_], *, high: float, low: float
) -> Iterator[tuple[int, int]]:
    """Yield the runs of units that are inserts, half-open, in order.

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
    """Return what a page's score is made of: its two surest units and ln of how many there are."""
    ordered = np.sort(log_odds)[::-1]
    second = ordered[1] if len(ordered) > 1 else ordered[0] - 4.0
    return np.array([ordered[0], second, np.log(len(ordered))])


def page_score(log_odds: NDArray[np.float64], fitted: PageWeights) -> float:
    """Return the probability, in [0, 1], that a page holds an insert; 0 for a page without text."""
    if len(log_odds) == 0:
        return 0.0
    return float(sigmoid(np.array(page_facts(log_odds) @ np.array(fitted.page_coef) + fitted.page_intercept)))
