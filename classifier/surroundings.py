"""The surroundings: what tells, beside its own words, whether a segment is an insert.

A reporter's quotation of a scam reads like one, and a sober insert does not. So a segment is judged by a
second, small linear model over a few facts that a person would look at: its own logit and length, its
neighbours', the page's usual level, whether its topic is the page's, quotation and attribution, warning
words nearby, contact details, whom it addresses.

Invariant: facts depend on the page's text and segments alone; every fact is finite.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.blocks import Segment
from classifier.ngrams import NgramSpec, word_buckets, word_list
from classifier.weights import Weights

# A logit says no more beyond this; it keeps one loud segment from ruling its page.
LOGIT_LIMIT = 8.0
# In characters: below it a segment counts as short (a heading, a byline, a button).
SHORT_CHARS = 60

_QUOTED = re.compile(r"[\"“„«][^\"“”„«»]{1,2000}[\"”»]")
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
_CONTACT = re.compile(r"_(?:link|mail|phone|handle|wallet)[a-z_]*_|whatsapp|telegram")
_YOU = re.compile(r"\b(?:you|your|yours|u|ur)\b")
_I = re.compile(r"\b(?:i|my|me|i'm|am)\b")


def facts(
    text: str, segments: Sequence[Segment], folded: Sequence[str], logits: NDArray[np.float64], weights: Weights
) -> NDArray[np.float64]:
    """Return the facts of each segment of a page.

    Parameters
    ----------
    text : str
        The page.
    segments : sequence of Segment
        Its segments, in order.
    folded : sequence of str
        Their folded texts.
    logits : float64 array of shape (n_segments,)
        Their logits as posts.
    weights : Weights
        Whose idf weighs a segment's words.

    Returns
    -------
    float64 array of shape (n_segments, n_facts)
        In the order of `inserts.FACTS`.
    """
    logit = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
    own = [text[segment.start : segment.end] for segment in segments]
    n_chars = np.array([len(part) for part in own], float)
    n_words = np.array([max(part.count(" ") + 1, 1) for part in folded], float)
    quoted = np.array([quoted_share(part) for part in own])
    attributed = np.log1p([len(_ATTRIBUTED.findall(part)) for part in own])
    warned = nearby(np.array([len(_WARNED.findall(part)) for part in own], float))
    kin = kinship(folded, weights)
    level, top = page_levels(logit, n_chars)
    return np.column_stack(
        [
            logit,
            np.log(n_chars / 100),
            np.append(level[:1], logit[:-1]),
            np.append(logit[1:], level[-1:]),
            block_means(logit, n_chars, segments),
            level,
            top,
            kin,
            quoted,
            attributed,
            warned,
            np.log1p([len(_CONTACT.findall(part)) for part in folded]),
            np.array([len(_YOU.findall(part)) for part in folded]) / n_words * 10,
            np.array([len(_I.findall(part)) for part in folded]) / n_words * 10,
            np.array([part.endswith(("...", "…")) for part in own], float),
            logit * (n_chars < SHORT_CHARS),
            logit * quoted,
            logit * np.minimum(warned, 2),
            logit * kin,
            logit * np.minimum(attributed, 2),
        ]
    )


def quoted_share(part: str) -> float:
    """Return the share of a segment that stands between quotation marks."""
    return sum(match.end() - match.start() for match in _QUOTED.finditer(part)) / max(len(part), 1)


def nearby(n_found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count in a segment and in the two on either side, those on the side by half; as ln(1 + n)."""
    padded = np.pad(n_found, 2)
    around = padded[:-4] + padded[1:-3] + padded[3:-1] + padded[4:]
    return np.asarray(np.log1p(n_found + 0.5 * around))


def block_means(
    logit: NDArray[np.float64], n_chars: NDArray[np.float64], segments: Sequence[Segment]
) -> NDArray[np.float64]:
    """Return the mean logit of the block each segment was cut from, by characters."""
    block = np.unique([segment.block for segment in segments], return_inverse=True)[1]
    return np.asarray((np.bincount(block, logit * n_chars) / np.bincount(block, n_chars))[block])


def page_levels(
    logit: NDArray[np.float64], n_chars: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean logit and the upper quartile of each segment's fellows; -2 and -1 where it has none.

    Fellows are weighed by the square root of their length, so that furniture does not set the level.
    """
    n = len(logit)
    if n == 1:
        return np.full(1, -2.0), np.full(1, -1.0)
    weight = np.sqrt(n_chars)
    level = (np.dot(weight, logit) - weight * logit) / (weight.sum() - weight)
    ordered = np.sort(logit)
    rank = np.searchsorted(ordered, logit)
    place = int(0.75 * (n - 2))
    # Leaving one value out moves the quartile of the rest by one place where the value lay at or below it.
    top = ordered[np.where(rank <= place, place + 1, place)]
    return level, top


def kinship(folded: Sequence[str], weights: Weights) -> NDArray[np.float64]:
    """Return the share of each segment's words, by idf, that stand elsewhere on the page too; 0.5 where it has none."""
    spec = NgramSpec(words=1, chars=(), bits=weights.spec.bits)
    words = [np.unique(next(iter(word_buckets(word_list(part), spec)))) for part in folded]
    n_segments = Counter(bucket for found in words for bucket in found.tolist())
    shares = []
    for found in words:
        idf = weights.idf[found]
        is_shared = np.array([n_segments[bucket] > 1 for bucket in found.tolist()], bool)
        total = float(idf.sum())
        shares.append(float(idf[is_shared].sum()) / total if total else 0.5)
    return np.array(shares)
