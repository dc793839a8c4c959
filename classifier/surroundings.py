"""The surroundings: what tells, beside its own words, whether a unit of a page is an insert.

A reporter's quotation of a scam reads like one, and a sober insert does not. So a unit is judged by a second,
small model over a few facts that a person would look at: its own logit and length, its neighbours', the page's
usual level, whether its topic is the page's, attribution, warning words nearby, and how it is written
(`classifier.surface`).

Invariant: facts depend on the page's text and units alone; every fact is finite.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import NgramSpec, word_buckets, word_list
from classifier.surface import n_found, surface
from classifier.units import Unit, is_short, n_words
from classifier.weights import Weights

# A logit says no more beyond this; it keeps one loud unit from ruling its page.
LOGIT_LIMIT = 8.0
# What a page's only unit takes for the level of the rest, and for the loudest of it.
LONE_LEVEL, LONE_TOP = -2.0, -1.0
# So far above a lone unit's logit its loudest fellow would lie, had it one.
LONE_DISTANCE = 4.0

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
    level, top = page_levels(logit, n_chars)
    known, kin = vocabulary(folded, weights)
    around = np.column_stack(
        [
            logit,
            np.log(n_chars / 100),
            np.log1p([n_words(part) for part in folded]),
            known,
            np.append(level[:1], logit[:-1]),
            np.append(logit[1:], level[-1:]),
            block_means(logit, n_chars, units),
            level,
            top,
            *standing(logit, is_short(folded)),
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


def page_levels(
    logit: NDArray[np.float64], n_chars: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean logit and the upper quartile of each unit's fellows; -2 and -1 where it has none.

    Fellows are weighed by the square root of their length, so that furniture does not set the level.
    """
    n = len(logit)
    if n == 1:
        return np.full(1, LONE_LEVEL), np.full(1, LONE_TOP)
    weight = np.sqrt(n_chars)
    level = (np.dot(weight, logit) - weight * logit) / (weight.sum() - weight)
    ordered = np.sort(logit)
    rank = np.searchsorted(ordered, logit)
    place = int(0.75 * (n - 2))
    # Leaving one value out moves the quartile of the rest by one place where the value lay at or below it.
    top = ordered[np.where(rank <= place, place + 1, place)]
    return level, top


def standing(
    logit: NDArray[np.float64], short: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how each unit stands among those long enough to be judged, or among all where none is.

    Returns
    -------
    tuple of float64 arrays of shape (n_units,)
        How far its logit lies above the median; how far above the highest other; the share that lie below it; and the
        standard deviation, the same for all.
    """
    judged = np.sort(logit if short.all() else logit[~short])
    highest = judged[-1]
    second = judged[-2] if len(judged) > 1 else highest - LONE_DISTANCE
    rank = np.searchsorted(judged, logit) / len(judged)
    return (
        logit - np.median(judged),
        logit - np.where(logit < highest, highest, second),
        rank,
        np.full(len(logit), judged.std()),
    )


def vocabulary(folded: Sequence[str], weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return which share of each unit's words the fit has seen, and which of those, by idf, stand elsewhere on the page.

    A unit without words has seen none; one without words that are known has half of its words elsewhere.
    """
    spec = NgramSpec(words=1, chars=(), bits=weights.spec.bits)
    words = [np.unique(next(iter(word_buckets(word_list(part), spec)))) for part in folded]
    n_units = Counter(bucket for found in words for bucket in found.tolist())
    known, kin = np.zeros(len(folded)), np.full(len(folded), 0.5)
    for i, found in enumerate(words):
        idf = weights.idf[found]
        is_shared = np.array([n_units[bucket] > 1 for bucket in found.tolist()], bool)
        total = float(idf.sum())
        if total:
            known[i] = np.count_nonzero(idf) / len(found)
            kin[i] = float(idf[is_shared].sum()) / total
    return known, kin
