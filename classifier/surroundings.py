"""The surroundings: what tells, beside its own words, whether a unit of a page is an insert.

A reporter's quotation of a scam reads like one, and a sober insert does not. So a unit is judged by a second,
small model over a few facts that a person would look at: its own logit and length, its neighbours', the page's
level around it, whether its topic is theirs, attribution, warning words nearby, and how it is written
(`classifier.surface`).

Invariant: facts depend on the page's text and units alone; every fact is finite.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import NgramSpec, different, word_buckets, word_list
from classifier.surface import n_found, surface
from classifier.units import JUDGED_WORDS, Unit, n_words
from classifier.weights import Weights

# A logit says no more beyond this; it keeps one loud unit from ruling its page.
LOGIT_LIMIT = 8.0
# A unit's fellows are so many units before and behind it, not all of the page: what stands far away says nothing of it, and
# a longer page must not change what is found in it.
N_FELLOWS = 12
# What a page's only unit takes for the level of its fellows, and for the loudest of them.
LONE_LEVEL, LONE_TOP = -2.0, -1.0

_ATTRIBUTED = re.compile(
    r"\b(?:said|says|told|according to|reported|wrote|writes|added|explained|alleged(?:ly)?|spokes\w+|court|police|officials?|"
    r"researchers?|analysts?|minister|sergeant|judge|prosecutors?)\b",
    re.IGNORECASE,
)
_WARNED = re.compile(
    r"\b(?:scam\w*|fraud\w*|warn\w*|victims?|phishing|beware|fake|convicted|charged|arrested|impersonat\w*|hoax|"
    r"do not (?:reply|click|pay|send|call)|never (?:pay|send|share|click|reply)|report (?:it|them|this)|reads?:|message:)",
    re.IGNORECASE,
)


def facts(
    text: str, units: Sequence[Unit], folded: Sequence[str], logits: NDArray[np.float64], weights: Weights
) -> NDArray[np.float64]:
    """Return the facts of each unit of a page.

    Parameters
    ----------
    text : str
        The page.
    units : sequence of Unit
        At least one, in order.
    folded : sequence of str
        Their folded texts.
    logits : float64 array of shape (n_units,)
        Their logits as posts.
    weights : Weights
        Whose idf weighs a unit's words.

    Returns
    -------
    float64 array of shape (n_units, n_facts)
        In the order of `inserts.FACTS`.
    """
    logit = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
    own = [text[unit.start : unit.end] for unit in units]
    n_chars = np.array([len(part) for part in own], float)
    n_different = np.array([n_words(part) for part in folded])
    level, top = levels(logit, n_chars)
    known, kin = vocabulary(folded, weights)
    around = np.column_stack(
        [
            logit,
            np.log(n_chars / 100),
            np.log1p(n_different),
            known,
            np.append(level[:1], logit[:-1]),
            np.append(logit[1:], level[-1:]),
            block_means(logit, n_chars, units),
            level,
            top,
            *standing(logit, n_different < JUDGED_WORDS),
            kin,
            np.log1p([n_found(_ATTRIBUTED, part) for part in own]),
            nearby(np.array([n_found(_WARNED, part) for part in own], float)),
        ]
    )
    return np.hstack([around, surface(own, folded)])


def nearby(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count in a unit and in the two on either side, those on the side by half; as ln(1 + n)."""
    padded = np.pad(counted, 2)
    around = padded[:-4] + padded[1:-3] + padded[3:-1] + padded[4:]
    return np.asarray(np.log1p(counted + 0.5 * around))


def block_means(logit: NDArray[np.float64], n_chars: NDArray[np.float64], units: Sequence[Unit]) -> NDArray[np.float64]:
    """Return the mean logit of the block each unit was cut from, by characters."""
    block = np.unique([unit.block for unit in units], return_inverse=True)[1]
    return np.asarray((np.bincount(block, logit * n_chars) / np.bincount(block, n_chars))[block])


def fellows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of each unit's fellows, NaN where the page ends; shape (n_units, 2 * N_FELLOWS)."""
    padded = np.pad(values, N_FELLOWS, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * N_FELLOWS + 1)
    return np.delete(around, N_FELLOWS, axis=1)


def levels(logit: NDArray[np.float64], n_chars: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean logit and the upper quartile of each unit's fellows; -2 and -1 where it has none.

    Fellows are weighed by the square root of their length, so that furniture does not set the level.
    """
    if len(logit) == 1:
        return np.full(1, LONE_LEVEL), np.full(1, LONE_TOP)
    around, weight = fellows(logit), fellows(np.sqrt(n_chars))
    n_around = np.count_nonzero(~np.isnan(around), axis=1)
    place = (0.75 * (n_around - 1)).astype(int)
    top = np.take_along_axis(np.sort(around, axis=1), place[:, np.newaxis], axis=1)[:, 0]
    return np.nansum(around * weight, axis=1) / np.nansum(weight, axis=1), top


def standing(
    logit: NDArray[np.float64], short: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how each unit stands among its fellows that are long enough to be judged.

    Returns
    -------
    tuple of float64 arrays of shape (n_units,)
        How far its logit lies above the median, and above the highest; the share that lie below it; their standard
        deviation. A unit without such fellows is compared with `LONE_LEVEL` and `LONE_TOP`, lies above none, and
        their deviation is 0.
    """
    around = fellows(np.where(short, np.nan, logit))
    n_around = np.count_nonzero(~np.isnan(around), axis=1)
    ordered = np.sort(around, axis=1)
    rows, last = np.arange(len(logit)), np.maximum(n_around - 1, 0)
    median = (ordered[rows, last // 2] + ordered[rows, (last + 1) // 2]) / 2
    n_below = np.count_nonzero(around < logit[:, np.newaxis], axis=1)
    n_some = np.maximum(n_around, 1)
    mean = np.nansum(around, axis=1) / n_some
    spread = np.sqrt(np.nansum((around - mean[:, np.newaxis]) ** 2, axis=1) / n_some)
    is_alone = n_around == 0
    return (
        logit - np.where(is_alone, LONE_LEVEL, median),
        logit - np.where(is_alone, LONE_TOP, ordered[rows, last]),
        n_below / n_some,
        spread,
    )


def vocabulary(folded: Sequence[str], weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return which share of each unit's words the fit has seen, and which of those, by idf, its fellows have too.

    A unit without words has seen none; one without words that are known has half of its words elsewhere.
    """
    spec = NgramSpec(words=1, chars=(), bits=weights.spec.bits)
    words = [different(next(iter(word_buckets(word_list(part), spec)))) for part in folded]
    known, kin = np.zeros(len(folded)), np.full(len(folded), 0.5)
    for i, (found, is_shared) in enumerate(zip(words, shared_nearby(words), strict=True)):
        idf = weights.idf[found]
        total = float(idf.sum())
        if total:
            known[i] = np.count_nonzero(idf) / len(found)
            kin[i] = float(idf[is_shared].sum()) / total
    return known, kin


def shared_nearby(words: Sequence[NDArray[np.int64]]) -> list[NDArray[np.bool_]]:
    """Tell of each unit's words whether a fellow has them."""
    shared = [np.zeros(len(found), bool) for found in words]
    for order in (range(len(words)), range(len(words) - 1, -1, -1)):
        seen: dict[int, int] = {}
        for i in order:
            buckets = words[i].tolist()
            shared[i] |= np.array(
                [abs(i - seen.get(bucket, i + 2 * N_FELLOWS)) <= N_FELLOWS for bucket in buckets], bool
            )
            seen.update(dict.fromkeys(buckets, i))
    return shared
