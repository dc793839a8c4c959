"""The weights: the fitted numbers that turn a text's n-grams into a logit.

    logit = intercept + words + characters
    block = (sum over its n-grams g of coef[g] * idf[g] + ballast_coef * ballast) / norm
    norm  = sqrt(sum over its n-grams g of idf[g]**2 + ballast**2)

This is TF-IDF over which n-grams a text has (not how often), with an L2 norm for each of the two blocks,
words and characters, and one more feature in each block that every text has with the value `ballast`.
Under a plain norm a text of three words gets extreme values; with the ballast its n-grams weigh little
beside a constant whose weight is fitted, so that a short text is drawn toward what short texts are.

Invariant: arrays have one entry a bucket; a bucket the fit did not keep has coef 0 and idf 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import NgramSpec, different, text_buckets


@dataclass(frozen=True, slots=True)
class Ballast:
    """The constant feature of a block.

    Attributes
    ----------
    value : float
        Before the norm, in units of idf; 0 for a plain L2 norm.
    coef : float
        Log-odds for each unit of the feature after the norm.
    """

    value: float
    coef: float


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
    ballasts : tuple of Ballast
        Of the words, then of the characters.
    intercept : float
        Log-odds.
    """

    spec: NgramSpec
    idf: NDArray[np.float32]
    coef: NDArray[np.float32]
    ballasts: tuple[Ballast, Ballast]
    intercept: float


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The n-grams of one block that a text has.

    Attributes
    ----------
    buckets : int64 array of shape (n_seen,)
        Each once, ascending.
    idf : float64 array of shape (n_seen,)
    coef : float32 array of shape (n_seen,)
    norm : float
        What the TF-IDF of the text is divided by.
    base : float
        What the ballast adds to the logit.
    """

    buckets: NDArray[np.int64]
    idf: NDArray[np.float64]
    coef: NDArray[np.float32]
    norm: float
    base: float

    @property
    def shares(self) -> NDArray[np.float64]:
        """What each n-gram adds to the logit, as a float64 array of shape (n_seen,)."""
        return np.asarray(self.coef * self.idf / self.norm)

    @property
    def logit(self) -> float:
        """What the block adds to the logit."""
        return float(np.dot(self.idf, self.coef)) / self.norm + self.base


def blocks(folded: str, weights: Weights) -> tuple[Block, Block]:
    """Weigh the n-grams of a folded text: its words, then its characters."""
    buckets = different(text_buckets(folded, weights.spec))
    middle = int(buckets.searchsorted(weights.spec.block_size))
    words, characters = weights.ballasts
    return weighed(buckets[:middle], words, weights), weighed(buckets[middle:], characters, weights)


def weighed(buckets: NDArray[np.int64], ballast: Ballast, weights: Weights) -> Block:
    """Weigh the n-grams of one block."""
    idf = weights.idf[buckets].astype(np.float64)
    norm = float(np.dot(idf, idf) + ballast.value**2) ** 0.5 or 1.0
    return Block(buckets, idf, weights.coef[buckets], norm, ballast.coef * ballast.value / norm)


def logit(folded: str, weights: Weights) -> float:
    """Return the logit of a folded text."""
    words, characters = blocks(folded, weights)
    return words.logit + characters.logit + weights.intercept


def logits(folded: Iterable[str], weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each folded text, one by one in NumPy."""
    return np.array([logit(text, weights) for text in folded], np.float64)
