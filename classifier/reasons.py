"""The reasons: which n-grams carried a logit, how far, and where they stand in the text.

Invariant: the shares of all reasons and the base add up to the logit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from classifier.ngrams import KINDS, WORD, Counts, char_buckets, char_stream, word_buckets
from classifier.text import Aligned, fold_aligned
from classifier.weights import Weights, tfidf

Kind = Literal["words", "characters"]


@dataclass(frozen=True, slots=True)
class Reason:
    """An n-gram with its share of the logit.

    Attributes
    ----------
    ngram : str
        As folded, words parted by one space.
    kind : {"words", "characters"}
    share : float
        In log-odds; above 0 it speaks for scam-or-spam.
    spans : tuple of (start, end)
        Half-open places in the text as given, in code points.
    """

    ngram: str
    kind: Kind
    share: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All reasons of a text.

    Attributes
    ----------
    reasons : tuple of Reason
        Largest share first, by absolute value.
    base : float
        The logit of the same text without any known n-gram: the intercept and the length's share.
    logit : float
        `base` and all shares together.
    """

    reasons: tuple[Reason, ...]
    base: float
    logit: float


@dataclass(frozen=True, slots=True)
class _Place:
    """One n-gram at one place."""

    ngram: str
    kind: Kind
    bucket: int
    start: int
    end: int


def explain(text: str, weights: Weights) -> Explanation:
    """Explain the logit of a text.

    An n-gram's share is its part of the dot product; n-grams that fall into one bucket part its share by how
    often they stand in the text.
    """
    aligned = fold_aligned(text)
    places = list(find_places(aligned, weights))
    buckets = np.array([place.bucket for place in places], np.int64)
    unique, counts = np.unique(buckets, return_counts=True)
    row = Counts(unique.astype(np.int32), counts.astype(np.float32), np.array([0, len(unique)]))
    values, norms = tfidf(row, weights)
    shares = dict(zip(unique.tolist(), values * weights.coef[unique] / norms[0] / counts, strict=True))
    found: dict[tuple[Kind, str], list[_Place]] = {}
    for place in places:
        if shares[place.bucket]:
            found.setdefault((place.kind, place.ngram), []).append(place)
    reasons = [
        Reason(ngram, kind, float(shares[same[0].bucket]) * len(same), tuple((p.start, p.end) for p in same))
        for (kind, ngram), same in found.items()
    ]
    reasons.sort(key=lambda reason: (-abs(reason.share), reason.spans, reason.kind))
    base = float(weights.coef_length * weights.ballast / norms[0] + weights.intercept)
    return Explanation(tuple(reasons), base, base + sum(reason.share for reason in reasons))


def find_places(aligned: Aligned, weights: Weights) -> Iterator[_Place]:
    """Yield every n-gram of a text with its bucket and its place in the text as given."""
    spec = weights.spec
    if spec.words:
        yield from word_places(aligned, weights)
    for n in spec.chars:
        yield from char_places(aligned, n, weights)


def is_word_character(character: str) -> bool:
    """Tell whether a folded character is of a word (`classifier.ngrams.byte_kinds`)."""
    return not character.isascii() or KINDS[ord(character)] == WORD


def word_runs(folded: str) -> list[tuple[int, int]]:
    """Return where the words of a folded text stand in it."""
    return [match.span() for match in re.finditer(r"[a-z0-9_'%\u0080-\U0010ffff]+", folded)]


def word_places(aligned: Aligned, weights: Weights) -> Iterator[_Place]:
    """Yield words, then pairs of neighbouring words."""
    runs = word_runs(aligned.folded)
    words = [zero_digits(aligned.folded[start:end]) for start, end in runs]
    by_order = list(word_buckets([word.encode("utf-8", "replace") for word in words], weights.spec))
    for word, (start, end), bucket in zip(words, runs, by_order[0].tolist(), strict=True):
        yield _Place(word, "words", bucket, *span(aligned, start, end))
    if len(by_order) > 1:
        for (a, b), (first, second), bucket in zip(pairwise(words), pairwise(runs), by_order[1].tolist(), strict=True):
            yield _Place(f"{a} {b}", "words", bucket, *span(aligned, first[0], second[1]))


def char_places(aligned: Aligned, n: int, weights: Weights) -> Iterator[_Place]:
    """Yield the runs of n bytes."""
    stream = char_stream(aligned.folded)
    characters = stream_characters(aligned.folded)
    for i, bucket in enumerate(char_buckets(stream, n, weights.spec).tolist()):
        first, last = characters[i], characters[i + n - 1]
        ngram = stream[i : i + n].decode("utf-8", "replace")
        yield _Place(ngram, "characters", bucket, *span(aligned, first, last + 1))


def stream_characters(folded: str) -> list[int]:
    """Return for each byte of `char_stream` which folded character it is of."""
    characters = [0]
    for i, match in enumerate(re.finditer(r"[^\x00-\x20]+", folded)):
        if i:
            characters.append(match.start() - 1)
        for k, character in enumerate(match[0], start=match.start()):
            characters += [k] * len(character.encode("utf-8", "replace"))
    if len(characters) > 1:
        characters.append(characters[-1])
        characters[0] = characters[1]
    return characters


def span(aligned: Aligned, start: int, end: int) -> tuple[int, int]:
    """Return where folded characters `start` to `end` came from."""
    return int(aligned.starts[start]), int(aligned.ends[end - 1])


def zero_digits(word: str) -> str:
    """Read digits as 0, as the n-grams do."""
    return re.sub(r"[1-9]", "0", word)
