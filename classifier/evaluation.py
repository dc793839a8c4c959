"""The evaluation: how well a model's scores and verdicts agree with labels, with intervals.

Invariant: every share comes with the counts it is made of and its exact 95 % interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.calibration import clopper_pearson
from classifier.model import Model
from classifier.posts import check_posts


@dataclass(frozen=True, slots=True)
class Share:
    """A share of posts with its exact 95 % interval; all three None where there are no posts."""

    n_hits: int
    n: int
    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one set of posts.

    Attributes
    ----------
    name : str
        The source, or `all`.
    n_spam, n_ham : int
        Posts labelled scam or spam, and ham.
    recall, false_alarms, precision : Share
        At the model's threshold: scam-or-spam flagged; ham flagged; flagged that is scam or spam.
    unsure : Share
        Posts in the band below the threshold.
    auroc : float or None
        None where a class is missing.
    recall_at_1_percent : float or None
        Share of scam-or-spam above all but 1 % of the ham of the same set.
    """

    name: str
    n_spam: int
    n_ham: int
    recall: Share
    false_alarms: Share
    precision: Share
    unsure: Share
    auroc: float | None
    recall_at_1_percent: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of all posts, then of each source in alphabetical order."""

    threshold: float
    figures: tuple[Figures, ...]


def evaluate(model: Model, posts: pd.DataFrame, *, threshold: float | None = None) -> Report:
    """Measure a model on labelled posts.

    Parameters
    ----------
    model : Model
    posts : DataFrame
        As `classifier.read_posts` returns it.
    threshold : float, optional
        In place of the model's own.

    Raises
    ------
    DataError
        If the posts lack a column or carry an unknown label.
    """
    check_posts(posts)
    limit = model.calibration.threshold if threshold is None else threshold
    scored = pd.DataFrame(
        {
            "source": posts["source"].to_numpy(str),
            "is_spam": (posts["label"] != "ham").to_numpy(bool),
            "score": model.score_many(posts["text"]),
        }
    )
    unsure_from = min(model.calibration.unsure_from, limit)
    return Report(limit, tuple(all_figures(scored, limit, unsure_from)))


def all_figures(scored: pd.DataFrame, threshold: float, unsure_from: float) -> Iterator[Figures]:
    """Yield figures of the whole, then of each source where there are several."""
    yield figures("all", scored, threshold, unsure_from)
    by_source = scored.groupby("source", sort=True)
    if by_source.ngroups > 1:
        for source, group in by_source:
            yield figures(str(source), group, threshold, unsure_from)


def figures(name: str, scored: pd.DataFrame, threshold: float, unsure_from: float) -> Figures:
    """Measure one set of scored posts."""
    score, is_spam = scored["score"].to_numpy(float), scored["is_spam"].to_numpy(bool)
    flagged = score >= threshold
    return Figures(
        name,
        int(is_spam.sum()),
        int((~is_spam).sum()),
        share(flagged[is_spam]),
        share(flagged[~is_spam]),
        share(is_spam[flagged]),
        share((score >= unsure_from) & ~flagged),
        auroc(score[is_spam], score[~is_spam]),
        recall_at(score[is_spam], score[~is_spam], 0.01),
    )


def share(hits: NDArray[np.bool_]) -> Share:
    """Return the share of hits with its interval."""
    n_hits, n = int(hits.sum()), len(hits)
    if n == 0:
        return Share(0, 0, None, None, None)
    return Share(n_hits, n, n_hits / n, *clopper_pearson(n_hits, n))


def auroc(spam: NDArray[np.float64], ham: NDArray[np.float64]) -> float | None:
    """Return the probability that a spam post scores above a genuine one, ties counted half."""
    if not (len(spam) and len(ham)):
        return None
    ordered = np.sort(ham)
    below = np.searchsorted(ordered, spam, "left") + np.searchsorted(ordered, spam, "right")
    return float(below.mean() / (2 * len(ham)))


def recall_at(spam: NDArray[np.float64], ham: NDArray[np.float64], fpr: float) -> float | None:
    """Return the share of spam above the score that `fpr` of the genuine posts exceed."""
    if not (len(spam) and len(ham)):
        return None
    limit = np.sort(ham)[::-1][int(fpr * len(ham))]
    return float((spam > limit).mean())


def flat(figures: Figures) -> dict[str, object]:
    """Return figures as one row: each share with its interval."""
    row: dict[str, object] = {"id": figures.name, "n_spam": figures.n_spam, "n_ham": figures.n_ham}
    for name in ("recall", "false_alarms", "precision", "unsure"):
        found: Share = getattr(figures, name)
        row |= {name: found.value, f"{name}_lower": found.lower, f"{name}_upper": found.upper}
    return row | {"auroc": figures.auroc, "recall_at_1_percent": figures.recall_at_1_percent}
