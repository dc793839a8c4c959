import numpy as np
import pandas as pd
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import DataError
from classifier.evaluation import Share, auroc, evaluate, recall_at, share

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9, 1.0]), max_size=30).map(np.array)


@pytest.fixture
def posts() -> pd.DataFrame:
    """Twenty posts of two sources, each with a spam post labelled ham."""
    texts, labels = [*SPAM, *HAM], ["ham", *["scam"] * 4, *["spam"] * 5, *["ham"] * 10]
    ids = [f"p{i}" for i in range(20)]
    sources = ["b", "a"] * 10
    table = {"id": ids, "text": texts, "label": labels, "source": sources, "group": ids, "split": ["test"] * 20}
    return pd.DataFrame(table)


def test_a_report_counts_what_was_flagged(model, posts):
    figures = evaluate(model, posts).figures[0]
    assert (figures.name, figures.n_spam, figures.n_ham) == ("all", 9, 11)
    assert (figures.recall.n_hits, figures.recall.n, figures.recall.value) == (9, 9, 1.0)
    assert (figures.false_alarms.n_hits, figures.false_alarms.n) == (1, 11)
    assert (figures.precision.n_hits, figures.precision.n) == (9, 10)
    assert (figures.unsure.n_hits, figures.unsure.n) == (0, 20)


def test_a_report_has_the_whole_then_sources_in_order(model, posts):
    report = evaluate(model, posts)
    assert [figures.name for figures in report.figures] == ["all", "a", "b"]
    assert report.threshold == model.calibration.threshold
    assert sum(figures.n_spam for figures in report.figures[1:]) == report.figures[0].n_spam


def test_one_source_is_not_told_twice(model, posts):
    assert [figures.name for figures in evaluate(model, posts.assign(source="a")).figures] == ["all"]


def test_another_threshold_may_be_measured(model, posts):
    report = evaluate(model, posts, threshold=0.0)
    assert report.threshold == 0.0
    assert report.figures[0].false_alarms.value == 1.0
    assert evaluate(model, posts, threshold=1.0).figures[0].unsure.n_hits == 10


def test_the_order_of_posts_changes_nothing(model, posts):
    assert evaluate(model, posts.iloc[::-1]) == evaluate(model, posts)


def test_a_class_that_is_missing_has_no_figures(model, posts):
    figures = evaluate(model, posts[posts["label"] == "ham"]).figures[0]
    assert figures.recall == Share(0, 0, None, None, None)
    assert figures.auroc is None
    assert figures.recall_at_1_percent is None


def test_no_posts_have_no_figures(model, posts):
    assert evaluate(model, posts.head(0)).figures[0].false_alarms.value is None


def test_a_table_that_is_no_posts_is_refused(model, posts):
    with pytest.raises(DataError, match="posts: no column label"):
        evaluate(model, posts.drop(columns="label"))
    with pytest.raises(DataError, match="20 with an unknown label"):
        evaluate(model, posts.assign(label="grey"))


def test_a_share_has_its_exact_interval():
    assert share(np.array([], bool)) == Share(0, 0, None, None, None)
    found = share(np.array([True] + [False] * 9))
    assert (found.n_hits, found.n, found.value) == (1, 10, 0.1)
    assert (found.lower, found.upper) == pytest.approx((0.0025, 0.4450), abs=5e-5)


@given(spam=SCORES, ham=SCORES)
def test_auroc_counts_pairs_and_ties_half(spam, ham):
    pairs = [(s > h) + (s == h) / 2 for s in spam for h in ham]
    assert auroc(spam, ham) == (pytest.approx(np.mean(pairs)) if pairs else None)


@given(spam=SCORES, ham=SCORES, fpr=st.sampled_from([0.01, 0.1, 0.5]))
def test_recall_is_taken_above_what_enough_ham_stays_below(spam, ham, fpr):
    found = recall_at(spam, ham, fpr)
    if found is None:
        assert not len(spam) or not len(ham)
        return
    limits = [limit for limit in ham if (ham > limit).sum() <= fpr * len(ham)]
    assert found == pytest.approx((spam > min(limits)).mean())
