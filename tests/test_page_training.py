import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import OWN_FOLDER, OWN_NAMES
from corpus import HAM, PAGES, SPAM, stairs
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

import classifier
from classifier import page_training, training
from classifier.blocks import segments
from classifier.composition import KnownPage, compose, put_together
from classifier.errors import DataError
from classifier.inserts import FACTS, N_PAGE_FACTS, NEVER, PageWeights, page_score, unit_log_odds
from classifier.model import Model
from classifier.page_training import (
    LOW_GRID,
    MAX_PAGE_FPR,
    MAX_UNSURE_FPR,
    N_PARTS,
    WRITTEN_WEIGHT,
    JudgedPage,
    char_f1,
    fit_judge,
    fit_page_score,
    fit_pages,
    fit_trees,
    judged_page,
    judged_pages,
    likely_from,
    out_of_part_log_odds,
    plain_trees,
    sure_from,
)
from classifier.pages import folded_units
from classifier.passages import digest
from classifier.trees import Trees, log_odds
from classifier.units import Unit

N_FACTS = len(FACTS)


@pytest.fixture(scope="module", autouse=True)
def small_numbers() -> Iterator[pytest.MonkeyPatch]:
    """Few pages and few trees: what is promised of them holds of many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_training, "N_PAGES", 4)
        patch.setattr(page_training, "N_TREES", 10)
        yield patch


def parted(posts: pd.DataFrame, rest: int) -> pd.DataFrame:
    """Return a third of the posts, groups kept whole."""
    return posts[posts["group"].map(digest) % 3 == rest].reset_index(drop=True)


@pytest.fixture(scope="module")
def posts() -> pd.DataFrame:
    return training.in_order(classifier.read_posts([OWN_FOLDER / f"{name}.jsonl" for name in OWN_NAMES]))


@pytest.fixture(scope="module")
def fitted(posts, small_numbers) -> Model:
    """A model that has not seen the first third of the posts."""
    with small_numbers.context() as patch:
        patch.setattr(page_training, "N_PAGES", 24)
        patch.setattr(page_training, "N_TREES", 30)
        patch.setattr(page_training, "N_PARTS", 2)
        return classifier.train(pd.concat([parted(posts, 1), parted(posts, 2)], ignore_index=True), max_fpr=0.05)


@pytest.fixture(scope="module")
def others(posts, fitted) -> list[tuple[KnownPage, JudgedPage]]:
    """Pages of posts that the model has not seen."""
    pages = compose(parted(posts, 0), n_pages=60)
    return [(page, judged_page(page, fitted.page_weights, 1.0)) for page in pages]


@pytest.fixture(scope="module")
def small(posts) -> pd.DataFrame:
    return parted(posts, 0).iloc[::2]


def judged(log_odds: list[float], is_insert: list[bool], weight: float = 1.0) -> JudgedPage:
    """A page of units of 100 characters, of which the first fact is all there is."""
    units = tuple(Unit(101 * i, 101 * i + 100, i, i + 1, i) for i in range(len(log_odds)))
    stated = np.column_stack([np.array(log_odds, float), np.zeros((len(log_odds), N_FACTS - 1))])
    return JudgedPage(units, stated, np.zeros(len(log_odds), bool), np.array(is_insert), weight)


def told(pages: list[JudgedPage]) -> tuple:
    return (
        pages,
        [unit_log_odds(page.facts, page.short, PAGES.trees) for page in pages],
        np.array([page.is_insert.any() for page in pages]),
    )


def drawn_pages(n_pages: int, seed: int = 0, weight: float = 1.0) -> list[JudgedPage]:
    """Pages of six units; in every other one the unit of an insert has a higher first fact than most."""
    rng = np.random.default_rng(seed)
    pages = []
    for i in range(n_pages):
        is_insert = np.arange(6) == (rng.integers(6) if i % 2 == 0 else -1)
        pages.append(judged((rng.normal(-1, 1, 6) + 3 * is_insert).tolist(), is_insert.tolist(), weight))
        pages[-1].facts[:, 1:] = rng.normal(size=(6, N_FACTS - 1))
    return pages


def same(first: PageWeights, second: PageWeights) -> bool:
    """Whether two judges are the same to the last bit."""
    arrays = ("fact", "limit", "yes", "no", "value")
    return (
        replace(first, trees=second.trees) == second
        and first.trees.base == second.trees.base
        and all(np.array_equal(getattr(first.trees, name), getattr(second.trees, name)) for name in arrays)
    )


# The whole


def test_the_same_posts_and_pages_give_the_same_judge(small, monkeypatch):
    monkeypatch.setattr(page_training, "N_PAGES", 2)
    written = [put_together(HAM[:4], [text], separator="\n\n", seed=i) for i, text in enumerate(SPAM[:4])]
    first = classifier.train(small, max_fpr=0.05, pages=written)
    shuffled = classifier.train(small.sample(frac=1, random_state=0), max_fpr=0.05, pages=written)
    unwritten = classifier.train(small, max_fpr=0.05)
    assert same(shuffled.pages, first.pages)
    assert not same(unwritten.pages, first.pages)
    assert np.array_equal(unwritten.page_weights.coef, first.page_weights.coef)


def test_the_judge_asks_of_the_facts_and_has_thresholds_in_order(fitted):
    trees = fitted.pages.trees
    assert trees.fact.max() < N_FACTS
    assert np.isfinite([*trees.limit.ravel(), *trees.value.ravel(), trees.base]).all()
    assert len(fitted.pages.page_coef) == N_PAGE_FACTS
    assert np.isfinite([*fitted.pages.page_coef, fitted.pages.page_intercept]).all()
    assert 0 < fitted.pages.low <= fitted.pages.high < 1
    assert 0 <= fitted.pages.unsure_from <= 1


def test_units_of_inserts_in_pages_of_other_posts_are_judged_the_surer(fitted, others):
    """The own posts are hard ones, and few: the floor is low, and what counts is that there is one."""
    labels = np.concatenate([page.is_insert for _, page in others])
    found = np.concatenate([unit_log_odds(page.facts, page.short, fitted.pages.trees) for _, page in others])
    assert labels.sum() >= 20
    assert roc_auc_score(labels, found) > 0.7


def test_few_pages_of_other_posts_are_flagged_that_have_no_insert(fitted, others):
    clean = [page.text for page, _ in others if not page.inserts]
    assert len(clean) >= 20
    assert sum(bool(fitted.scan(text).inserts) for text in clean) <= 0.2 * len(clean)


def test_a_trained_model_comes_back_from_its_file(fitted, others, tmp_path):
    fitted.save(tmp_path / "m.joblib")
    again = classifier.load(tmp_path / "m.joblib")
    assert same(again.pages, fitted.pages)
    assert [again.scan(page.text) for page, _ in others[:6]] == [fitted.scan(page.text) for page, _ in others[:6]]


def test_few_posts_of_one_source_are_enough_to_find_inserts_like_them(small_numbers):
    texts = [("scam", text) for text in SPAM] + [("ham", text) for text in HAM]
    rows = [
        {"id": f"{n}{i}", "text": f"{text} {word}", "label": label, "source": "s", "group": f"{n}{i}", "split": "train"}
        for n, (label, text) in enumerate(texts)
        for i, word in enumerate(("one", "two", "three", "four", "five", "six"))
    ]
    with small_numbers.context() as patch:
        patch.setattr(page_training, "N_PAGES", 24)
        patch.setattr(page_training, "N_TREES", 30)
        model = classifier.train(pd.DataFrame(rows), max_fpr=0.05)
    found = [model.scan("\n\n".join([*HAM[:4], f"{text} seven", *HAM[4:]])).inserts for text in SPAM]
    assert (
        sum([insert.text for insert in inserts] == [f"{text} seven"] for text, inserts in zip(SPAM, found, strict=True))
        >= 5
    )


# The pages


def test_a_unit_is_of_an_insert_by_half_of_its_characters(model):
    text = "\n\n".join([HAM[0], SPAM[0], HAM[1]])
    units, _ = folded_units(text, segments(text))
    middle = (units[1].start + units[1].end + 1) // 2
    for inserts, found in (
        ((), [False] * 3),
        (((units[1].start, units[1].end),), [False, True, False]),
        (((units[1].start, middle),), [False, True, False]),
        (((units[1].start, middle - 2),), [False] * 3),
        (((0, len(text)),), [True] * 3),
    ):
        page = judged_page(KnownPage(text, inserts), model.weights, 2.0)
        assert page.is_insert.tolist() == found
        assert (page.weight, page.units, page.facts.shape) == (2.0, tuple(units), (3, N_FACTS))
        assert page.short.tolist() == [False] * 3
        assert page.lengths.tolist() == [len(HAM[0]), len(SPAM[0]), len(HAM[1])]


def test_lines_that_are_one_unit_are_judged_as_one(model):
    page = judged_page(KnownPage(f"Home\nNews\nSport\n\n{HAM[0]}", ((0, 15),)), model.weights, 1.0)
    assert len(page.units) == len(page.facts) == 2
    assert (page.short.tolist(), page.is_insert.tolist()) == ([True, False], [True, False])


def test_pages_are_composed_of_each_fold_under_its_weights_and_written_ones_count_more(posts, model):
    other = replace(model.weights, intercept=model.weights.intercept + 1)
    written = [KnownPage(HAM[0], ()), KnownPage(" \n", ())]
    folds = [(parted(posts, 0), model.weights), (parted(posts, 1), other)]
    found = list(judged_pages(folds, written, other))
    assert [page.weight for page in found] == [1.0] * 8 + [WRITTEN_WEIGHT]
    composed = [(page, weights) for table, weights in folds for page in compose(table, n_pages=4)]
    for page, (known, weights) in zip(found, [*composed, (written[0], other)], strict=True):
        assert np.array_equal(page.facts, judged_page(known, weights, 1.0).facts)


def only_short(text: str) -> KnownPage:
    """A page whose insert says too little to be judged."""
    return put_together([text, HAM[1]], ["FREE"], separator="\n\n", seed=0)


@pytest.mark.parametrize(
    "written",
    [
        [],
        [KnownPage("\n\n".join(HAM), ())] * 9,
        [put_together(HAM, [SPAM[0]], separator="\n\n", seed=i) for i in range(9)],
        [KnownPage(HAM[0], ())] * 9 + [KnownPage(SPAM[0], ((0, 50),))] * (N_PARTS - 1),
        [KnownPage(HAM[0], ())] * (N_PARTS - 1) + [KnownPage(SPAM[0], ((0, 50),))] * 9,
        [KnownPage(HAM[0], ())] * 9 + [only_short(text) for text in HAM],
        [KnownPage(HAM[0], ())] * 9 + [KnownPage(" \n\n", ())] * 9,
    ],
    ids=["none", "all clean", "none clean", "few with inserts", "few clean", "short inserts", "blank"],
)
def test_pages_too_few_of_a_kind_are_refused(written, model):
    wording = (
        "posts: no pages both with and without inserts can be composed of them, posts of both classes were expected"
    )
    with pytest.raises(DataError, match=re.escape(wording)):
        fit_pages([], written, model.weights)


def test_a_few_pages_of_each_kind_are_enough(model):
    written = [put_together(HAM[k:], SPAM[k : k + k % 2], separator="\n\n", seed=k) for k in range(2 * N_PARTS)]
    found = fit_pages([], written, model.weights)
    assert 0 < found.low <= found.high < 1
    assert 0 <= found.unsure_from <= 1


# The trees


def boosted(n_rows: int, n_facts: int, **options) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    rng = np.random.default_rng(n_rows)
    stated = np.round(rng.normal(size=(n_rows, n_facts)), 1)
    labels = stated[:, 0] + stated[:, 1] * stated[:, 2] + rng.normal(size=n_rows) > 1
    boosting = HistGradientBoostingClassifier(early_stopping=False, random_state=0, **options)
    return boosting.fit(stated, labels, sample_weight=rng.uniform(0.5, 5, n_rows)), stated


@pytest.mark.parametrize(
    ("n_rows", "options"),
    [
        (30, {"max_iter": 3}),
        (200, {"max_iter": 1, "min_samples_leaf": 1}),
        (900, {"max_iter": 25}),
        (900, {"max_iter": 8, "max_leaf_nodes": 2}),
        (900, {"max_iter": 8, "max_depth": 2}),
        (2_000, {"max_iter": 6, "max_leaf_nodes": 128, "min_samples_leaf": 1}),
    ],
    ids=["leaves alone", "one tree", "usual", "stumps", "shallow", "as large as may be"],
)
def test_trees_say_what_scikit_learn_says(n_rows, options):
    boosting, stated = boosted(n_rows, 5, **options)
    trees = plain_trees(boosting)
    assert len(trees.fact) == options["max_iter"]
    foreign = np.random.default_rng(1).normal(scale=3, size=(200, 5))
    at_limits = np.tile(trees.limit.ravel()[:200, np.newaxis], 5)
    for rows in (stated, foreign, at_limits):
        assert log_odds(rows, trees) == pytest.approx(boosting.decision_function(rows), abs=1e-12)


def test_trees_end_and_nothing_leads_to_what_a_small_one_does_not_need():
    trees = plain_trees(boosted(300, 5, max_iter=30)[0])
    here = np.broadcast_to(np.arange(trees.fact.shape[1]), trees.fact.shape)
    is_leaf = (trees.yes == here) & (trees.no == here)
    assert (is_leaf | ((trees.yes > here) & (trees.no > here))).all()
    assert not trees.value[~is_leaf].any()
    assert len(set(is_leaf.sum(axis=1).tolist())) > 1


def test_trees_read_wrongly_are_not_returned(monkeypatch):
    monkeypatch.setattr(page_training, "plain_trees", lambda boosting: stairs())
    with pytest.raises(RuntimeError, match=r"scikit-learn's trees were read wrongly; use the release pyproject\.toml"):
        fit_trees(drawn_pages(20))


def test_trees_tell_units_of_inserts_from_others():
    trees, pages = fit_trees(drawn_pages(40)), drawn_pages(40, seed=1)
    found = np.concatenate([unit_log_odds(page.facts, page.short, trees) for page in pages])
    assert roc_auc_score(np.concatenate([page.is_insert for page in pages]), found) > 0.9


def test_trees_do_not_see_units_too_short_to_be_judged():
    pages = drawn_pages(20)
    short = [
        JudgedPage(page.units, page.facts, np.arange(6) == i % 6, page.is_insert, 1.0) for i, page in enumerate(pages)
    ]
    turned = [
        replace(
            page,
            facts=np.where(page.short[:, np.newaxis], 100.0, page.facts),
            is_insert=page.is_insert ^ page.short,
        )
        for page in short
    ]
    first, second = fit_trees(short), fit_trees(turned)
    assert np.array_equal(first.limit, second.limit)
    assert np.array_equal(first.value, second.value)
    assert first.base == second.base


def test_a_unit_counts_by_its_page_and_the_root_of_its_length():
    """Of two units alike but for their label, the one that counts four times as much sets the log-odds."""
    short_one = JudgedPage((Unit(0, 50, 0, 1, 0),), np.zeros((1, N_FACTS)), np.zeros(1, bool), np.zeros(1, bool), 1.0)
    long_one = JudgedPage((Unit(0, 800, 0, 1, 0),), np.zeros((1, N_FACTS)), np.zeros(1, bool), np.ones(1, bool), 1.0)
    assert fit_trees([short_one, long_one]).base == pytest.approx(np.log(4))
    assert fit_trees([replace(short_one, weight=8.0), long_one]).base == pytest.approx(-np.log(2))


# Out of part


def single(base: float) -> Trees:
    """A tree that says the same of everything."""
    leaf = np.zeros((1, 1), np.uint8)
    return Trees(leaf, np.zeros((1, 1)), leaf, leaf, np.zeros((1, 1)), base)


@pytest.fixture
def seen(monkeypatch) -> list[list[JudgedPage]]:
    """What each fit saw; the trees of the first say 0 of everything, those of the second 1, and so on."""
    fits: list[list[JudgedPage]] = []

    def fit(pages):
        fits.append(list(pages))
        return single(len(fits) - 1)

    monkeypatch.setattr(page_training, "fit_trees", fit)
    return fits


@pytest.mark.parametrize(("n_composed", "n_written"), [(3, 0), (0, 3), (3, 3), (31, 0), (40, 11), (2, 2), (1, 5)])
def test_log_odds_never_come_from_trees_that_saw_the_page(n_composed, n_written, seen):
    pages = drawn_pages(n_composed) + drawn_pages(n_written, seed=1, weight=WRITTEN_WEIGHT)
    found = out_of_part_log_odds(pages)
    assert len(seen) == N_PARTS
    assert [len(of_page) for of_page in found] == [6] * len(pages)
    for page, of_page in zip(pages, found, strict=True):
        (k,) = set(of_page.tolist())
        assert [i for i, fit in enumerate(seen) if not any(page is other for other in fit)] == [k]


def test_a_part_is_a_run_of_pages_of_each_kind(seen):
    pages = drawn_pages(31) + drawn_pages(7, seed=1, weight=WRITTEN_WEIGHT)
    parts = [int(of_page[0]) for of_page in out_of_part_log_odds(pages)]
    for of_kind in (parts[:31], parts[31:]):
        assert of_kind == sorted(of_kind)
        assert set(of_kind) == set(range(N_PARTS))
        sizes = np.bincount(of_kind)
        assert sizes.max() - sizes.min() <= 1


def test_a_unit_too_short_is_never_of_an_insert_in_any_part(seen):
    pages = [replace(page, short=np.arange(6) == 2) for page in drawn_pages(6)]
    assert all(of_page[2] == NEVER and of_page[3] >= 0 for of_page in out_of_part_log_odds(pages))


def test_thresholds_and_page_score_are_fitted_on_what_did_not_see_the_page():
    pages = drawn_pages(40)
    unseen = out_of_part_log_odds(pages)
    has_insert = np.array([page.is_insert.any() for page in pages])
    found = fit_judge(pages)
    assert found.high == sure_from(pages, unseen, has_insert)
    assert found.low == likely_from(pages, unseen, found.high)
    assert (found.page_coef, found.page_intercept, found.unsure_from) == fit_page_score(pages, unseen, has_insert)
    assert found.low <= found.high


# The thresholds


def test_few_enough_clean_pages_are_flagged():
    pages = [judged([float(i) / 125], [False]) for i in range(1000)] + [judged([7.0], [True])]
    found = [page.facts[:, 0] for page in pages]  # apart, where the steps of the stairs would put many together
    high = sure_from(pages, found, told(pages)[2])
    n_flagged = sum(page.facts[0, 0] >= np.log(high / (1 - high)) for page in pages[:-1])
    assert n_flagged == MAX_PAGE_FPR * 1000 - 1


def test_of_few_clean_pages_none_is_flagged():
    pages = [judged([1.0, 3.0], [False, False]), judged([2.0], [False]), judged([7.0], [True])]
    assert 1 / (1 + np.exp(-3)) < sure_from(*told(pages)) < 1 / (1 + np.exp(-3.001))


@given(tops=st.lists(st.integers(-20, 20), min_size=1, max_size=60), n_heavy=st.integers(0, 60))
def test_flagged_clean_pages_keep_to_their_share_by_weight(tops, n_heavy):
    pages = [judged([top / 4], [False], WRITTEN_WEIGHT if i < n_heavy else 1.0) for i, top in enumerate(tops)]
    high = sure_from(*told([*pages, judged([7.0], [True])]))
    flagged = sum(page.weight for page in pages if 1 / (1 + np.exp(-page.facts[0, 0])) >= high)
    assert flagged <= MAX_PAGE_FPR * sum(page.weight for page in pages)


def test_the_lower_threshold_is_of_the_grid_by_the_best_f1():
    """Inserts of one sure unit and one of even odds, beside genuine units of one to four."""
    pages = [judged([3.0, 0.0, -1.5, -3.0], [True, True, False, False])] * 3
    assert likely_from(*told(pages)[:2], 0.9) in (0.2, 0.3, 0.4, 0.5)
    best = {low: char_f1(*told(pages)[:2], 0.9, low) for low in LOW_GRID}
    assert best[likely_from(*told(pages)[:2], 0.9)] == max(best.values()) == 1


@pytest.mark.parametrize(("high", "allowed"), [(0.05, {0.05}), (0.1, {0.1}), (0.25, {0.1, 0.15, 0.2})])
def test_the_lower_threshold_never_lies_above_the_higher(high, allowed):
    pages = [judged([3.0, -3.0, -4.0], [True, False, False])]
    assert likely_from(*told(pages)[:2], high) in allowed


@pytest.mark.parametrize(
    ("log_odds", "is_insert", "f1"),
    [
        ([3, 3, -3], [True, True, False], 1),
        ([3, -3, -3], [True, True, False], 2 / 3),
        ([3, 3, -3], [True, False, False], 2 / 3),
        ([-3, -3, -3], [True, False, False], 0),
        ([-3, -3, -3], [False, False, False], 0),
    ],
)
def test_f1_is_that_of_characters(log_odds, is_insert, f1):
    pages, found, _ = told([judged(log_odds, is_insert)])
    assert char_f1(pages, found, 0.8, 0.5) == pytest.approx(f1)


def test_a_page_counts_by_its_weight():
    right, wrong = judged([3.0], [True], 3.0), judged([3.0], [False], 1.0)
    pages, found, _ = told([right, wrong])
    assert char_f1(pages, found, 0.8, 0.5) == pytest.approx(6 / 7)


def test_a_page_is_scored_by_its_surest_units_and_few_clean_ones_are_unsure():
    pages = drawn_pages(300)
    _, found, has_insert = told(pages)
    page_coef, page_intercept, unsure_from = fit_page_score(pages, found, has_insert)
    judge = replace(PAGES, page_coef=page_coef, page_intercept=page_intercept)
    scores = np.array([page_score(of_page, judge) for of_page in found])
    assert roc_auc_score(has_insert, scores) > 0.8
    assert page_coef[0] > 0
    n_clean = np.count_nonzero(~has_insert)
    assert np.count_nonzero(scores[~has_insert] > unsure_from) <= MAX_UNSURE_FPR * n_clean + 1
