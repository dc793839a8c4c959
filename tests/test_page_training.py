import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import OWN_FOLDER
from corpus import HAM, PAGES, SPAM
from sklearn.metrics import roc_auc_score

import classifier
from classifier import page_training, training
from classifier.blocks import Segment, segments
from classifier.composition import KnownPage, compose, put_together
from classifier.errors import DataError
from classifier.inserts import FACTS, segment_log_odds
from classifier.model import Model
from classifier.page_training import JudgedPage, char_f1, fit_pages, judged_page, sure_from
from classifier.passages import digest

N_FACTS = len(FACTS)


def parted(posts: pd.DataFrame, rest: int) -> pd.DataFrame:
    """Return a third of the posts, groups kept whole."""
    return posts[posts["group"].map(digest) % 3 == rest].reset_index(drop=True)


@pytest.fixture(scope="module")
def posts() -> pd.DataFrame:
    return training.in_order(classifier.read_posts([OWN_FOLDER]))


@pytest.fixture(scope="module")
def fitted(posts) -> Model:
    """A model that has not seen the first third of the posts."""
    return classifier.train(pd.concat([parted(posts, 1), parted(posts, 2)], ignore_index=True), max_fpr=0.05)


@pytest.fixture(scope="module")
def small(posts) -> pd.DataFrame:
    return parted(posts, 0).iloc[::3]


def judged(log_odds: list[float], is_insert: list[bool], weight: float = 1.0) -> JudgedPage:
    """A page of segments of 100 characters, of which the first fact is all there is."""
    parts = tuple(Segment(101 * i, 101 * i + 100, i) for i in range(len(log_odds)))
    stated = np.column_stack([np.array(log_odds), np.zeros((len(log_odds), N_FACTS - 1))])
    return JudgedPage(parts, stated, np.zeros(len(log_odds), bool), np.array(is_insert), weight)


def told(pages: list[JudgedPage]) -> tuple:
    return (
        pages,
        [segment_log_odds(page.facts, page.short, PAGES) for page in pages],
        np.array([p.is_insert.any() for p in pages]),
    )


def test_the_same_posts_and_pages_give_the_same_judge(small):
    written = [put_together(HAM, [], [text], separator="\n\n", seed=i) for i, text in enumerate(SPAM)]
    first = classifier.train(small, max_fpr=0.05, pages=written)
    shuffled = classifier.train(small.sample(frac=1, random_state=0), max_fpr=0.05, pages=written)
    unwritten = classifier.train(small, max_fpr=0.05)
    assert shuffled.pages == first.pages
    assert unwritten.pages != first.pages
    assert np.array_equal(unwritten.weights.coef, first.weights.coef)


def test_the_judge_has_a_number_for_each_fact_and_thresholds_in_order(fitted):
    assert len(fitted.pages.coef) == N_FACTS
    assert np.isfinite([*fitted.pages.coef, fitted.pages.intercept, *fitted.pages.page_coef]).all()
    assert 0 < fitted.pages.low <= fitted.pages.high < 1
    assert 0 <= fitted.pages.unsure_from <= 1


def test_segments_of_inserts_in_pages_of_other_posts_are_judged_the_surer(fitted, posts):
    """The own posts are hard ones, and few: the floor is low, and what counts is that there is one."""
    pages = [judged_page(page, fitted.weights, 1.0) for page in compose(parted(posts, 0), n_pages=100)]
    labels = np.concatenate([page.is_insert for page in pages])
    log_odds = np.concatenate([segment_log_odds(page.facts, page.short, fitted.pages) for page in pages])
    assert labels.sum() >= 20
    assert roc_auc_score(labels, log_odds) > 0.7


def test_few_pages_of_other_posts_are_flagged_that_have_no_insert(fitted, posts):
    clean = [page.text for page in compose(parted(posts, 0), n_pages=100) if not page.inserts]
    assert len(clean) >= 20
    assert sum(bool(fitted.scan(text).inserts) for text in clean) <= 0.15 * len(clean)


def test_sixty_posts_of_one_source_are_enough_to_find_inserts_like_them():
    texts = [("scam", text) for text in SPAM] + [("ham", text) for text in HAM]
    rows = [
        {"id": f"{n}{i}", "text": f"{text} {word}", "label": label, "source": "s", "group": f"{n}{i}", "split": "train"}
        for n, (label, text) in enumerate(texts)
        for i, word in enumerate(("one", "two", "three"))
    ]
    model = classifier.train(pd.DataFrame(rows), max_fpr=0.05)
    found = [model.scan("\n\n".join([*HAM[:4], f"{text} four", *HAM[4:]])).inserts for text in SPAM]
    assert (
        sum([insert.text for insert in inserts] == [f"{text} four"] for text, inserts in zip(SPAM, found, strict=True))
        >= 5
    )


def test_a_segment_is_of_an_insert_by_half_of_its_characters(model):
    text = "\n\n".join([HAM[0], SPAM[0], HAM[1]])
    parts = segments(text)
    middle = (parts[1].start + parts[1].end + 1) // 2
    for inserts, found in (
        ((), [False] * 3),
        (((parts[1].start, parts[1].end),), [False, True, False]),
        (((parts[1].start, middle),), [False, True, False]),
        (((parts[1].start, middle - 2),), [False] * 3),
        (((0, len(text)),), [True] * 3),
    ):
        page = judged_page(KnownPage(text, inserts), model.weights, 2.0)
        assert page.is_insert.tolist() == found
        assert (page.weight, page.segments, page.facts.shape) == (2.0, tuple(parts), (3, N_FACTS))


def test_few_enough_clean_pages_are_flagged():
    pages = [judged([float(i) / 100], [False]) for i in range(1000)] + [judged([50.0], [True])]
    high = sure_from(*told(pages))
    n_flagged = sum(page.facts[0, 0] >= np.log(high / (1 - high)) for page in pages[:-1])
    assert n_flagged == page_training.MAX_PAGE_FPR * 1000 - 1


def test_of_few_clean_pages_none_is_flagged():
    pages = [judged([1.0, 3.0], [False, False]), judged([2.0], [False]), judged([9.0], [True])]
    assert 1 / (1 + np.exp(-3)) < sure_from(*told(pages)) < 1 / (1 + np.exp(-3.001))


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


def test_posts_that_make_no_pages_of_both_kinds_are_refused(model):
    clean = KnownPage("\n\n".join(HAM), ())
    with pytest.raises(DataError, match=re.escape("posts: no pages both with and without inserts can be composed")):
        fit_pages([], [clean, replace(clean)], model.weights)
