"""The calibration: from a logit to a probability, a threshold and a verdict.

Invariant: a higher logit never gets a lower score or a milder verdict.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["scam", "unsure", "ham"]

# The unsure band starts where this many times as many genuine posts would be flagged as the threshold
# allows: with the shipped 1 in 1,000, at most one genuine post in a hundred is put before a person.
UNSURE_FPR_RATIO = 10
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a logit becomes a score and a verdict.

    Attributes
    ----------
    slope, offset : float
        `score = sigmoid(slope * logit + offset)`; slope > 0.
    threshold : float
        Score in [0, 1] from which a verdict is `scam`.
    unsure_from : float
        Score in [0, threshold] from which a verdict is `unsure`.
    max_fpr : float
        The share of genuine posts that was allowed above the threshold.
    fpr_upper : float
        Upper end of the 95 % interval of that share, as measured on posts the fit did not see.
    n_ham : int
        Genuine posts it was measured on.
    """

    slope: float
    offset: float
    threshold: float
    unsure_from: float
    max_fpr: float
    fpr_upper: float
    n_ham: int


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each log-odds; low ones keep their order down to 1e-304."""
    return np.asarray(1 / (1 + np.exp(-np.minimum(np.maximum(logit, -700), 700))))


def scores(logits: NDArray[np.float64], calibration: Calibration) -> NDArray[np.float64]:
    """Return the calibrated probability of scam-or-spam of each logit."""
    return sigmoid(calibration.slope * logits + calibration.offset)


def verdict(score: float, threshold: float, unsure_from: float) -> Verdict:
    """Name what a score means; both thresholds are inclusive.

    Examples
    --------
    >>> [verdict(score, 0.9, 0.5) for score in (0.95, 0.9, 0.5, 0.49)]
    ['scam', 'scam', 'unsure', 'ham']
    """
    if score >= threshold:
        return "scam"
    return "unsure" if score >= unsure_from else "ham"


def platt(logits: NDArray[np.float64], is_spam: NDArray[np.bool_], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Fit P(spam) = sigmoid(slope * logit + offset) by weighted maximum likelihood.

    Parameters
    ----------
    logits : float64 array of shape (n_posts,)
        Log-odds of posts the model was not fitted on.
    is_spam : bool array of shape (n_posts,)
    weights : float64 array of shape (n_posts,)
        How much each post counts, > 0.

    Returns
    -------
    slope : float
        Dimensionless, at least 0.01 so that the order of logits is kept.
    offset : float
        In log-odds.

    Raises
    ------
    ValueError
        If only one class is present.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines.
    """
    from sklearn.linear_model import LogisticRegression

    if is_spam.all() or not is_spam.any():
        raise ValueError("platt: one class only, posts of both were expected")
    fitted = LogisticRegression(C=1e6).fit(logits[:, np.newaxis], is_spam, sample_weight=weights)
    return max(float(fitted.coef_[0, 0]), 0.01), float(fitted.intercept_[0])


def clopper_pearson(n_hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share of which `n_hits` of `n` were seen.

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits.

    Examples
    --------
    >>> [round(float(end), 4) for end in clopper_pearson(0, 1000)]
    [0.0, 0.0037]
    """
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    lower = float(beta.ppf(tail, n_hits, n - n_hits + 1)) if n_hits else 0.0
    upper = float(beta.ppf(1 - tail, n_hits + 1, n - n_hits)) if n_hits < n else 1.0
    return lower, upper


def cut(ham_logits: NDArray[np.float64], max_fpr: float) -> float:
    """Return a logit that at most `max_fpr` of the genuine posts reach.

    It lies half-way between the lowest post that may be above it and the highest that may not, or one
    unit of log-odds above all of them where none may. Posts of one logit stay together, below it.

    Examples
    --------
    >>> cut(np.array([1.0, 2.0, 3.0, 4.0]), 0.25), cut(np.array([1.0, 2.0, 4.0, 4.0]), 0.25)
    (3.5, 5.0)
    """
    highest_below = float(np.sort(ham_logits)[::-1][int(max_fpr * len(ham_logits))])
    above = ham_logits[ham_logits > highest_below]
    if len(above) == 0:
        return highest_below + 1.0
    lowest_above = float(above.min())
    halfway = (highest_below + lowest_above) / 2
    return halfway if halfway > highest_below else lowest_above


def calibrate(
    logits: NDArray[np.float64],
    is_spam: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    max_fpr: float,
    judged: NDArray[np.bool_],
) -> Calibration:
    """Fit the score and choose the threshold on posts the fit did not see.

    Parameters
    ----------
    logits, is_spam, weights
        As for `platt`.
    max_fpr : float
        The share of genuine posts allowed at or above the threshold, in (0, 1).
    judged : bool array of shape (n_posts,)
        Which genuine posts the threshold is measured on.

    Raises
    ------
    ValueError
        If a class is missing or no genuine post is judged.
    """
    slope, offset = platt(logits, is_spam, weights)
    ham = logits[judged & ~is_spam]
    if len(ham) == 0:
        raise ValueError("calibrate: no genuine post to choose the threshold on")
    strict, lax = cut(ham, max_fpr), cut(ham, min(max_fpr * UNSURE_FPR_RATIO, 0.5))
    ends = sigmoid(slope * np.array([strict, min(lax, strict)]) + offset)
    # Counted on scores, as verdicts are: far out, where scores round to 1, logits would flatter it.
    n_flagged = int((sigmoid(slope * ham + offset) >= ends[0]).sum())
    _, fpr_upper = clopper_pearson(n_flagged, len(ham))
    return Calibration(slope, offset, float(ends[0]), float(ends[1]), max_fpr, fpr_upper, len(ham))
