"""The weights: the fitted numbers that turn counted n-grams into a logit.

    logit = intercept + sum over n-grams g of coef[g] * x[g] + coef_length * x_length
    x[g]     = (1 + ln count[g]) * idf[g] / norm
    x_length = ballast / norm,      norm = sqrt(sum over g of ((1 + ln count[g]) * idf[g])**2 + ballast**2)

This is TF-IDF (sublinear counts, L2 norm) with one more feature, present in every text with the value
`ballast`. Under a plain L2 norm a text of three words gets extreme values; with the ballast its n-grams
weigh little beside a constant whose weight is fitted, so that a short text is drawn toward what short
texts are. A scikit-learn pipeline with that constant column appended gives the same logits.

Invariant: arrays have one entry a bucket; a bucket unseen in the fit has weight 0 and idf 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import Counts, NgramSpec, count


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Fitted numbers of a linear classifier over hashed n-grams.

    Attributes
    ----------
    spec : NgramSpec
        Which n-grams are counted.
    idf : float32 array of shape (n_buckets,)
        Inverse document frequency, `ln((1 + n) / (1 + df)) + 1`; 0 where the bucket was dropped.
    coef : float32 array of shape (n_buckets,)
        Log-odds for each unit of TF-IDF.
    ballast : float
        Value of the constant feature before the norm, in units of idf; 0 for a plain L2 norm.
    coef_length : float
        Log-odds for each unit of the constant feature.
    intercept : float
        Log-odds of a text without any n-gram, less the constant feature's share.
    """

    spec: NgramSpec
    idf: NDArray[np.float32]
    coef: NDArray[np.float32]
    ballast: float
    coef_length: float
    intercept: float


def tfidf(counts: Counts, weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weigh counted n-grams.

    Returns
    -------
    values : float64 array of shape (n_entries,)
        `(1 + ln count) * idf`, before the norm.
    norms : float64 array of shape (n_texts,)
        The ballast included; 1 where a text has neither ballast nor known n-grams.
    """
    values = (1 + np.log(counts.counts.astype(np.float64))) * weights.idf[counts.buckets]
    squares = row_sums(values * values, counts.starts) + weights.ballast**2
    return values, np.sqrt(np.where(squares > 0, squares, 1.0))


def row_sums(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum the entries of each text."""
    n_texts = len(starts) - 1
    return np.bincount(np.repeat(np.arange(n_texts), np.diff(starts)), values, n_texts)


def logits_of_counts(counts: Counts, weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each counted text, as a float64 array of shape (n_texts,)."""
    values, norms = tfidf(counts, weights)
    sums = row_sums(values * weights.coef[counts.buckets], counts.starts)
    return (sums + weights.coef_length * weights.ballast) / norms + weights.intercept


def logits(folded: Iterable[str], weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each folded text, counted one by one in NumPy."""
    return np.array([logits_of_counts(count([text], weights.spec), weights)[0] for text in folded])
