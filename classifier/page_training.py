"""The page training: pages with known inserts become the judge of units and pages.

Pages are composed of posts held out of a fold's fit (`classifier.composition`) and scored by that fold's
weights; hard pages written for the purpose may be added. Trees are fitted on all of them, thresholds and the page
score on what trees say that did not see the page. Invariant: the same posts and pages give the same numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from classifier import compiled
from classifier.blocks import segments
from classifier.composition import KnownPage, compose
from classifier.errors import DataError
from classifier.inserts import PageWeights, page_facts, runs, unit_log_odds
from classifier.pages import stated_units
from classifier.trees import Trees, log_odds
from classifier.units import Unit
from classifier.weights import Weights

N_PAGES = 2_400
# A page written for the purpose counts as much as so many composed ones.
WRITTEN_WEIGHT = 5.0
# Trees of at most this many leaves, so many of them, each taking so much of the step it could. Chosen on the dev pages
# (tests/benchmarks/README.md).
N_TREES, N_LEAVES, LEARNING_RATE = 300, 31, 0.05
MIN_UNITS_OF_LEAF, LEAF_PENALTY = 20, 5.0
# In characters: a unit of this length counts 1, others by the square root of theirs.
USUAL_CHARS = 200
N_PARTS = 3
PAGE_INVERSE_PENALTY = 1.0
# Share of composed and written pages without insert on which anything may be flagged. They are harder than real ones: on the
# dev pages it comes to 0.5 % of text pages and 2 % of HTML pages.
MAX_PAGE_FPR = 0.012
MAX_UNSURE_FPR = 0.03
LOW_GRID = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPage:
    """A page ready for the fit.

    Attributes
    ----------
    units : tuple of Unit
    facts : float64 array of shape (n_units, n_facts)
    short : bool array of shape (n_units,)
        Whether a unit is too short to be judged.
    is_insert : bool array of shape (n_units,)
        Whether at least half of a unit's characters are of an insert.
    weight : float
    """

    units: tuple[Unit, ...]
    facts: NDArray[np.float64]
    short: NDArray[np.bool_]
    is_insert: NDArray[np.bool_]
    weight: float

    @property
    def lengths(self) -> NDArray[np.float64]:
        """The characters of each unit, as a float64 array of shape (n_units,)."""
        return np.array([unit.end - unit.start for unit in self.units], float)


def judged_page(page: KnownPage, weights: Weights, weight: float) -> JudgedPage:
    """Cut a page and state the facts of its units."""
    stated = stated_units(page.text, segments(page.text), weights, partial(compiled.logits, weights=weights))
    covered = [
        sum(max(0, min(unit.end, end) - max(unit.start, start)) for start, end in page.inserts)
        >= 0.5 * (unit.end - unit.start)
        for unit in stated.units
    ]
    return JudgedPage(stated.units, stated.facts, stated.short, np.array(covered, bool), weight)


def judged_pages(
    folds: Sequence[tuple[pd.DataFrame, Weights]], written: Sequence[KnownPage], weights: Weights
) -> Iterator[JudgedPage]:
    """Yield pages composed of each fold's held-out posts, then the written ones under the final weights.

    Pages without text are left out.
    """
    composed = ((page, fitted, 1.0) for posts, fitted in folds for page in compose(posts, n_pages=N_PAGES))
    for known in chain(composed, ((page, weights, WRITTEN_WEIGHT) for page in written)):
        page = judged_page(*known)
        if page.units:
            yield page


def fit_pages(
    folds: Sequence[tuple[pd.DataFrame, Weights]], written: Sequence[KnownPage], weights: Weights
) -> PageWeights:
    """Fit the judge of units, its thresholds, and the page score.

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
    pages = list(judged_pages(folds, written, weights))
    n_with = sum(bool((page.is_insert & ~page.short).any()) for page in pages)
    n_without = sum(not page.is_insert.any() for page in pages)
    if n_with < N_PARTS or n_without < N_PARTS:
        wrong = "no pages both with and without inserts can be composed of them, posts of both classes were expected"
        raise DataError(f"posts: {wrong}; add posts that the recipe weighs as whole ones")
    with threadpool_limits(1):  # sums in one order, so that the same posts give the same bytes
        return fit_judge(pages)


def fit_judge(pages: Sequence[JudgedPage]) -> PageWeights:
    """Fit on pages with units, some of them with inserts and some without."""
    trees = fit_trees(pages)
    unseen = out_of_part_log_odds(pages)
    has_insert = np.array([page.is_insert.any() for page in pages])
    high = sure_from(pages, unseen, has_insert)
    low = likely_from(pages, unseen, high)
    return PageWeights(trees, high, low, *fit_page_score(pages, unseen, has_insert))


def fit_trees(pages: Sequence[JudgedPage]) -> Trees:
    """Fit the judge of units on those long enough; each counts by the square root of its length."""
    kept = ~np.concatenate([page.short for page in pages])
    stated = np.concatenate([page.facts for page in pages])[kept]
    labels = np.concatenate([page.is_insert for page in pages])[kept]
    lengths = np.concatenate([page.lengths for page in pages])
    weight = np.repeat([page.weight for page in pages], [len(page.units) for page in pages])
    boosting = HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE,
        max_iter=N_TREES,
        max_leaf_nodes=N_LEAVES,
        min_samples_leaf=MIN_UNITS_OF_LEAF,
        l2_regularization=LEAF_PENALTY,
        early_stopping=False,
        random_state=0,
    )
    boosting.fit(stated, labels, sample_weight=(weight * np.sqrt(lengths / USUAL_CHARS))[kept])
    trees = plain_trees(boosting)
    # Where the trees lie is not part of scikit-learn's interface; a release that moves them must not go unseen.
    some = stated[:: max(1, len(stated) // 1_000)]
    if not np.allclose(log_odds(some, trees), boosting.decision_function(some)):
        raise RuntimeError(
            "page_training: scikit-learn's trees were read wrongly; use the release pyproject.toml names"
        )
    return trees


def plain_trees(boosting: HistGradientBoostingClassifier) -> Trees:
    """Copy fitted trees into arrays; a tree of fewer nodes than the largest ends in leaves nothing leads to."""
    all_nodes = [predictors[0].nodes for predictors in boosting._predictors]
    shape = (len(all_nodes), max(map(len, all_nodes)))
    here = np.broadcast_to(np.arange(shape[1], dtype=np.uint8), shape)
    fact, yes, no = np.zeros(shape, np.uint8), here.copy(), here.copy()
    limit, value = np.zeros(shape), np.zeros(shape)
    for i, nodes in enumerate(all_nodes):
        inner, leaves = np.flatnonzero(nodes["is_leaf"] == 0), np.flatnonzero(nodes["is_leaf"])
        fact[i, inner], limit[i, inner] = nodes["feature_idx"][inner], nodes["num_threshold"][inner]
        yes[i, inner], no[i, inner] = nodes["left"][inner], nodes["right"][inner]
        value[i, leaves] = nodes["value"][leaves]
    return Trees(fact, limit, yes, no, value, float(np.ravel(boosting._baseline_prediction)[0]))


def out_of_part_log_odds(pages: Sequence[JudgedPage]) -> list[NDArray[np.float64]]:
    """Return the log-odds of each page's units under trees fitted on the other parts of the pages.

    Neighbouring pages are of one fold and share its posts, so a part is a run of pages, of each kind alike.
    """
    part = np.empty(len(pages), np.int64)
    for is_written in (False, True):
        index = np.flatnonzero([(page.weight != 1.0) == is_written for page in pages])
        part[index] = np.arange(len(index)) * N_PARTS // max(len(index), 1)
    found: list[NDArray[np.float64]] = [np.empty(0)] * len(pages)
    for held_out in range(N_PARTS):
        trees = fit_trees([page for page, k in zip(pages, part, strict=True) if k != held_out])
        for i in np.flatnonzero(part == held_out).tolist():
            found[i] = unit_log_odds(pages[i].facts, pages[i].short, trees)
    return found


def sure_from(
    pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], has_insert: NDArray[np.bool_]
) -> float:
    """Return the probability from which a unit is sure, so that few pages without insert are flagged."""
    tops = [found.max() for found, is_spam in zip(log_odds, has_insert, strict=True) if not is_spam]
    weight = np.array([page.weight for page, is_spam in zip(pages, has_insert, strict=True) if not is_spam])
    order = np.argsort(tops)[::-1]
    n_allowed = int(np.searchsorted(np.cumsum(weight[order]), MAX_PAGE_FPR * weight.sum()))
    limit = float(np.array(tops)[order][n_allowed]) + 1e-6
    return float(1 / (1 + np.exp(-limit)))


def likely_from(pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], high: float) -> float:
    """Return the probability from which a unit joins a sure one, by the best F1 over characters."""
    return max(
        (value for value in LOW_GRID if value <= high),
        default=high,
        key=lambda low: char_f1(pages, log_odds, high, low),
    )


def char_f1(pages: Sequence[JudgedPage], log_odds: Sequence[NDArray[np.float64]], high: float, low: float) -> float:
    """Return the F1 of flagged characters against those of inserts, over all pages."""
    n_hit = n_flagged = n_gold = 0.0
    for page, found in zip(pages, log_odds, strict=True):
        lengths = page.lengths
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
    regression = LogisticRegression(C=PAGE_INVERSE_PENALTY, max_iter=1_000)
    regression.fit(stated, has_insert, sample_weight=weight)
    score = regression.predict_proba(stated)[:, 1]
    unsure_from = float(np.quantile(score[~has_insert], 1 - MAX_UNSURE_FPR))
    return tuple(regression.coef_[0].tolist()), float(regression.intercept_[0]), unsure_from
