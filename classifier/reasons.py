"""The reasons: which n-grams carried a logit, how far, and where they stand in the text.

Invariant: the shares of all reasons and the base add up to the logit.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from classifier.ngrams import NgramSpec, char_buckets, char_stream, encode, word_buckets
from classifier.text import Aligned, fold_aligned
from classifier.weights import Weights, blocks

Kind = Literal["words", "characters"]

# What `classifier.ngrams` takes for bytes of a word.
_WORD = re.compile(r"[a-z0-9_'%\u0080-\U0010ffff]+")
_NOT_BLANK = re.compile(r"[^\x00-\x20]+")
_DIGIT = re.compile(r"[1-9]")


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
        Half-open places in the text as given, in code points; those of spaces that folding added are left out.
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
    span: tuple[int, int]


def explain(text: str, weights: Weights) -> Explanation:
    """Explain the logit of a text.

    An n-gram's share is its part of the dot product, whether it stands in the text once or often; n-grams that
    fall into one bucket part its share by how often they stand in the text.
    """
    aligned = fold_aligned(text)
    places = list(find_places(aligned, weights.spec))
    shares, base = share_of_places(aligned.folded, places, weights)
    # Two n-grams that look alike, such as halves of different characters, may be of different buckets.
    found: dict[tuple[Kind, str, int], list[_Place]] = {}
    for place in places:
        if shares[place.bucket]:
            found.setdefault((place.kind, place.ngram, place.bucket), []).append(place)
    reasons = [
        Reason(ngram, kind, shares[bucket] * len(same), tuple(p.span for p in same if p.span[0] < p.span[1]))
        for (kind, ngram, bucket), same in found.items()
    ]
    reasons.sort(key=lambda reason: (-abs(reason.share), reason.spans, reason.kind))
    return Explanation(tuple(reasons), base, base + sum(reason.share for reason in reasons))


def share_of_places(folded: str, places: Sequence[_Place], weights: Weights) -> tuple[dict[int, float], float]:
    """Return what one n-gram of each bucket adds to the logit at each of its places, and what stands without any."""
    n_places = Counter(place.bucket for place in places)
    parts = blocks(folded, weights)
    shares = {
        bucket: share / n_places[bucket]
        for part in parts
        for bucket, share in zip(part.buckets.tolist(), part.shares.tolist(), strict=True)
    }
    return shares, weights.intercept + sum(part.base for part in parts)


def find_places(aligned: Aligned, spec: NgramSpec) -> Iterator[_Place]:
    """Yield every n-gram of a text with its bucket and its place in the text as given."""
    if spec.words:
        yield from word_places(aligned, spec)
    for n in spec.chars:
        yield from char_places(aligned, n, spec)


def word_places(aligned: Aligned, spec: NgramSpec) -> Iterator[_Place]:
    """Yield words, then pairs of neighbouring words."""
    runs = [match.span() for match in _WORD.finditer(aligned.folded)]
    words = [zero_digits(aligned.folded[start:end]) for start, end in runs]
    singles, *pairs = word_buckets([encode(word) for word in words], spec)
    for word, (start, end), bucket in zip(words, runs, singles.tolist(), strict=True):
        yield _Place(word, "words", bucket, span(aligned, start, end))
    for buckets in pairs:
        for (a, b), (first, second), bucket in zip(pairwise(words), pairwise(runs), buckets.tolist(), strict=True):
            yield _Place(f"{a} {b}", "words", bucket, span(aligned, first[0], second[1]))


def char_places(aligned: Aligned, n: int, spec: NgramSpec) -> Iterator[_Place]:
    """Yield the runs of n bytes."""
    stream = char_stream(aligned.folded)
    characters = stream_characters(aligned.folded)
    for i, bucket in enumerate(char_buckets(stream, n, spec).tolist()):
        ngram = stream[i : i + n].decode("utf-8", "replace")
        place = span(aligned, characters[i], characters[i + n - 1] + 1) if characters else (0, 0)
        yield _Place(ngram, "characters", bucket, place)


def stream_characters(folded: str) -> list[int]:
    """Return for each byte of `char_stream` which folded character it is of; none where all is white space.

    A space between words is the one before the second; those around the text are its first and last character.
    """
    characters: list[int] = []
    for match in _NOT_BLANK.finditer(folded):
        characters.append(match.start() - 1 if characters else match.start())
        for i, character in enumerate(match[0], start=match.start()):
            characters += [i] * len(encode(character))
    return characters + characters[-1:]


def span(aligned: Aligned, start: int, end: int) -> tuple[int, int]:
    """Return where folded characters `start` to `end` came from."""
    return int(aligned.starts[start]), int(aligned.ends[end - 1])


def zero_digits(word: str) -> str:
    """Read digits as 0, as the n-grams do."""
    return _DIGIT.sub("0", word)
