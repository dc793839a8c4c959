"""The page training: pages with known inserts become the judge of segments and pages.

Pages are composed of posts held out of a fold's fit (`classifier.composition`) and scored by that fold's
weights; hard pages written for the purpose may be added. Invariant: the same posts and pages give the same numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from classifier import compiled
from classifier.blocks import Segment, segments
from classifier.composition import KnownPage, compose
from classifier.errors import DataError
from classifier.inserts import PageWeights, is_short, page_facts, runs, segment_log_odds
from classifier.surroundings import facts
from classifier.text import fold
from classifier.weights import Weights

N_PAGES = 2_000
# A page written for the purpose counts as much as so many composed ones.
WRITTEN_WEIGHT = 5.0
INVERSE_PENALTY = 1.0
# Share of composed pages without insert on which anything may be flagged.
MAX_PAGE_FPR = 0.005
MAX_UNSURE_FPR = 0.03
LOW_GRID = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPage:
    """A page ready for the fit.

    Attributes
    ----------
    segments : tuple of Segment
    facts : float64 array of shape (n_segments, n_facts)
    short : bool array of shape (n_segments,)
        Whether a segment is too short to be judged.
    is_insert : bool array of shape (n_segments,)
        Whether at least half of a segment's characters are of an insert.
    weight : float
    """

    segments: tuple[Segment, ...]
    facts: NDArray[np.float64]
    short: NDArray[np.bool_]
    is_insert: NDArray[np.bool_]
    weight: float


def judged_page(page: KnownPage, weights: Weights, weight: float) -> JudgedPage:
    """Cut a page and state the facts of its segments."""
    found = segments(page.text)
    folded = [fold(page.text[segment.start : segment.end]) for segment in found]
    logits = compiled.logits(folded, weights)
    covered = [
        sum(max(0, min(s.end, end) - max(s.start, start)) for start, end in page.inserts) >= 0.5 * (s.end - s.start)
        for s in found
    ]
    stated = facts(page.text, found, folded, logits, weights)
    return JudgedPage(tuple(found), stated, is_short(folded), np.array(covered, bool), weight)


def judged_pages(
    folds: Sequence[tuple[pd.DataFrame, Weights]], written: Sequence[KnownPage], weights: Weights
) -> Iterator[JudgedPage]:
    """Yield pages composed of each fold's held-out posts, then the written ones under the final weights."""
    for posts, fold_weights in folds:
        for page in compose(posts, n_pages=N_PAGES):
            yield judged_page(page, fold_weights, 1.0)
    for page in written:
        yield judged_page(page, weights, WRITTEN_WEIGHT)


def fit_pages(
    folds: Sequence[tuple[pd.DataFrame, Weights]], written: Sequence[KnownPage], weights: Weights
) -> PageWeights:
    """Fit the judge of segments, its thresholds, and the page score.

    Parameters
    ----------
    folds : sequence of (DataFrame, Weights)
        Posts held out of a fold's fit, and that fit.
    written : sequence of KnownPage
        Hard pages, of texts that no fit saw.
    weights : Weights
        The final fit.

    Raises
    ------
    DataError
        If the posts give no pages of both kinds.
    """
    pages = [page for page in judged_pages(folds, written, weights) if len(page.segments)]
    n_with = sum(bool((page.is_insert & ~page.short).any()) for page in pages)
    n_without = sum(not page.is_insert.any() for page in pages)
    if not n_with or not n_without:
        wrong = "no pages both with and without inserts can be composed of them, posts of both classes were expected"
        raise DataError(f"posts: {wrong}; add posts that the recipe weighs as whole ones")
    with threadpool_limits(1):  # sums in one order, so that the same posts give the same bytes
        return fit_judge(pages)


def fit_judge(pages: Sequence[JudgedPage]) -> PageWeights:
    """Fit on pages with segments, some of them with inserts and some without."""
    coef, intercept = fit_segments(pages)
    blank = PageWeights(coef, intercept, 0.0, 0.0, (0.0, 0.0, 0.0), 0.0, 0.0)
    log_odds = [segment_log_odds(page.facts, page.short, blank) for page in pages]
    has_insert = np.array([page.is_insert.any() for page in pages])
    high = sure_from(pages, log_odds, has_insert)
    low = likely_from(pages, log_odds, high)
    page_coef, page_intercept, unsure_from = fit_page_score(pages, log_odds, has_insert)
    return PageWeights(coef, intercept, high, low, page_coef, page_intercept, unsure_from)


def fit_segments(pages: Sequence[JudgedPage]) -> tuple[tuple[float, ...], float]:
    """Fit the judge of segments on those long enough; each counts by the square root of its length."""
    stated = np.concatenate([page.facts for page in pages])
    labels = np.concatenate([page.is_insert for page in pages])
    kept = ~np.concatenate([page.short for page in pages])
    lengths = np.concatenate([[segment.end - segment.start for segment in page.segments] for page in pages])
    weight = np.repeat([page.weight for page in pages], [len(page.segments) for page in pages]) * np.sqrt(lengths / 200)
    stated, labels, weight = stated[kept], labels[kept], weight[kept]
    scaler = StandardScaler().fit(stated)
    regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=1_000)
    regression.fit(scaler.transform(stated), labels, sample_weight=weight)
    coef = regression.coef_[0] / scaler.scale_
    return tuple(coef.tolist()), float(regression.intercept_[0] - coef @ scaler.mean_)


def sure_from(
    pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], has_insert: NDArray[np.bool_]
) -> float:
    """Return the probability from which a segment is sure, so that few pages without insert are flagged."""
    tops = [found.max() for found, is_spam in zip(log_odds, has_insert, strict=True) if not is_spam]
    weight = np.array([page.weight for page, is_spam in zip(pages, has_insert, strict=True) if not is_spam])
    order = np.argsort(tops)[::-1]
    n_allowed = int(np.searchsorted(np.cumsum(weight[order]), MAX_PAGE_FPR * weight.sum()))
    limit = float(np.array(tops)[order][n_allowed]) + 1e-6
    return float(1 / (1 + np.exp(-limit)))


def likely_from(pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], high: float) -> float:
    """Return the probability from which a segment joins a sure one, by the best F1 over characters."""
    return max(
        (value for value in LOW_GRID if value <= high),
        default=high,
        key=lambda low: char_f1(pages, log_odds, high, low),
    )


def char_f1(pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], high: float, low: float) -> float:
    """Return the F1 of flagged characters against those of inserts, over all pages."""
    n_hit = n_flagged = n_gold = 0.0
    for page, found in zip(pages, log_odds, strict=True):
        lengths = np.array([segment.end - segment.start for segment in page.segments])
        flagged = np.zeros(len(found), bool)
        for start, end in runs(found, page.short, high=high, low=low):
            flagged[start:end] = True
        n_hit += lengths[flagged & page.is_insert].sum() * page.weight
        n_flagged += lengths[flagged].sum() * page.weight
        n_gold += lengths[page.is_insert].sum() * page.weight
    return 2 * n_hit / max(n_flagged + n_gold, 1)


def fit_page_score(
    pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], has_insert: NDArray[np.bool_]
) -> tuple[tuple[float, ...], float, float]:
    """Fit the page score, and from where on it is unsure."""
    stated = np.stack([page_facts(found) for found in log_odds])
    weight = np.array([page.weight for page in pages])
    regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=1_000).fit(stated, has_insert, sample_weight=weight)
    score = regression.predict_proba(stated)[:, 1]
    unsure_from = float(np.quantile(score[~has_insert], 1 - MAX_UNSURE_FPR))
    return tuple(regression.coef_[0].tolist()), float(regression.intercept_[0]), unsure_from
