"""What training promises, on a few of the project's own posts."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import OWN_FOLDER, OWN_NAMES
from pipelines import presence, two_blocks
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import classifier
from classifier import ngrams, page_training, training
from classifier.calibration import sigmoid
from classifier.errors import DataError
from classifier.evaluation import auroc
from classifier.model import Model
from classifier.text import fold
from classifier.training import (
    INVERSE_PENALTY,
    N_FOLDS,
    PAGE_INVERSE_PENALTY,
    Fit,
    Passages,
    cut_passages,
    fit_weights,
    fold_names,
    folds,
    in_order,
    matrix_logits,
)
from classifier.weights import Weights

MAX_FPR = 0.05


@pytest.fixture(scope="module", autouse=True)
def few_pages():
    """What judges pages is tested in `test_page_training`; here it is only quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_training, "N_PAGES", 4)
        patch.setattr(page_training, "N_TREES", 3)
        yield


@pytest.fixture(scope="module")
def posts(own_folder) -> pd.DataFrame:
    return classifier.read_posts([own_folder])


@pytest.fixture(scope="module")
def fitted_on(posts) -> Passages:
    return cut_passages(posts)


@pytest.fixture(scope="module")
def trained(posts) -> Model:
    return classifier.train(posts, max_fpr=MAX_FPR)


@pytest.fixture(scope="module")
def fitted(posts) -> Fit:
    return training.fit(posts, max_fpr=MAX_FPR)


def same(first: Weights, second: Weights) -> bool:
    """Whether two fits are the same to the last bit."""
    plain = (first.spec, first.ballasts, first.intercept) == (second.spec, second.ballasts, second.intercept)
    return plain and np.array_equal(first.idf, second.idf) and np.array_equal(first.coef, second.coef)


@pytest.fixture(scope="module")
def held_out() -> pd.DataFrame:
    """Other posts of the files that training saw a part of."""
    everything = classifier.read_posts([OWN_FOLDER / f"{name}.jsonl" for name in OWN_NAMES])
    return everything[everything.groupby("source").cumcount() % 4 == 2]


def saved(model: Model, folder: Path) -> bytes:
    model.save(folder / "m.joblib")
    return (folder / "m.joblib").read_bytes()


# The same posts, the same numbers


def test_the_same_posts_in_any_order_give_the_same_bytes(posts, trained, tmp_path):
    shuffled = posts.sample(frac=1, random_state=1)
    assert shuffled["id"].tolist() != posts["id"].tolist()
    assert saved(classifier.train(shuffled, max_fpr=MAX_FPR), tmp_path) == saved(trained, tmp_path)


def test_training_leaves_the_posts_as_they_were(posts, own_folder):
    pd.testing.assert_frame_equal(posts, classifier.read_posts([own_folder]))


def test_another_post_gives_another_digest(posts, trained):
    assert trained.card["posts_digest"] == training.posts_digest(posts)
    assert trained.card["posts_digest"] != training.posts_digest(posts[1:])
    relabelled = posts.assign(label=posts["label"].replace("spam", "scam"))
    assert trained.card["posts_digest"] != training.posts_digest(relabelled)


def test_the_card_counts_posts_by_source_and_label(posts, trained):
    assert trained.card["posts"] == len(posts)
    assert set(trained.card["posts_by_source"]) == {f"own-{name}" for name in OWN_NAMES}
    assert trained.card["posts_by_source"]["own-gus"] == {"ham": int((posts["source"] == "own-gus").sum())}
    of_dita = posts.loc[posts["source"] == "own-dita", "label"]
    assert trained.card["posts_by_source"]["own-dita"] == of_dita.value_counts().to_dict()


# What was learnt


def test_held_out_posts_are_told_apart(trained, held_out):
    scores = trained.score_many(held_out["text"])
    is_spam = (held_out["label"] != "ham").to_numpy()
    # Written to be hard: genuine posts use the scams' words, and there are few of each family to learn from.
    assert auroc(scores[is_spam], scores[~is_spam]) > 0.75


def test_a_saved_model_scores_the_same(trained, held_out, tmp_path):
    trained.save(tmp_path / "m.joblib")
    again = classifier.load(tmp_path / "m.joblib")
    assert again.score_many(held_out["text"]).tolist() == trained.score_many(held_out["text"]).tolist()


def test_the_matrix_and_the_scorer_give_the_same_logits(posts, fitted_on, trained):
    rows = posts.sort_values(["source", "id"])
    cut = [fold(passage.text) for text in rows["text"] for passage in training.passages(text)]
    assert matrix_logits(fitted_on.matrix, trained.weights) == pytest.approx(trained.logits(cut), abs=1e-9)
    alone = np.concatenate([trained.logits([text]) for text in cut])
    assert alone == pytest.approx(trained.logits(cut), abs=1e-9)


def plain_pipeline(fitted_on: Passages, inverse_penalty: float):
    """Fit scikit-learn's own transformers and regression, with the settings of training, on its matrix."""
    regression = LogisticRegression(
        C=inverse_penalty,
        solver="liblinear",
        dual=True,
        tol=training.TOLERANCE,
        max_iter=training.MAX_ITERATIONS,
        random_state=0,
    )
    constants = (training.WORD_BALLAST, training.CHAR_BALLAST)
    pipeline = two_blocks(training.SPEC, constants, regression, training.kept_buckets(fitted_on))
    present = fitted_on.matrix.copy()
    present.data = np.ones_like(present.data)
    return pipeline.fit(present, fitted_on.is_spam, logisticregression__sample_weight=fitted_on.weights)


@pytest.mark.parametrize("is_of_pages", [False, True], ids=["posts", "units"])
def test_a_plain_scikit_learn_pipeline_gives_the_same_logits(fitted_on, trained, held_out, is_of_pages):
    folded = [*map(fold, held_out["text"]), "", "free", "of the of the of the"]
    penalty = PAGE_INVERSE_PENALTY if is_of_pages else INVERSE_PENALTY
    pipeline = plain_pipeline(fitted_on, penalty)
    expected = pipeline.decision_function(presence(ngrams.count(folded, training.SPEC), training.SPEC))
    found = trained.page_logits(folded) if is_of_pages else trained.logits(folded)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_an_n_gram_of_one_source_or_of_two_passages_is_dropped(fitted_on, trained):
    present = fitted_on.matrix.astype(bool)
    n_passages = np.asarray(present.sum(axis=0)).ravel()
    names = np.unique(fitted_on.sources)
    n_sources = sum(np.asarray(present[fitted_on.sources == name].sum(axis=0)).ravel() > 0 for name in names)
    kept = trained.weights.idf != 0
    assert kept.any()
    assert n_passages[kept].min() >= training.MIN_POSTS_OF_NGRAM
    assert n_sources[kept].min() >= training.MIN_SOURCES_OF_NGRAM
    assert not trained.weights.coef[~kept].any()


def test_a_weight_is_what_a_post_counts(posts):
    weight = np.where(posts["source"] == "own-gus", 0.25, 1.0)
    of_gus, plain = cut_passages(posts.assign(weight=weight)), cut_passages(posts)
    assert np.array_equal(of_gus.weights, plain.weights * np.where(plain.sources == "own-gus", 0.25, 1.0))
    light, even = (fit_weights(cut, cut.weights, INVERSE_PENALTY) for cut in (of_gus, plain))
    rows = plain.matrix[plain.sources == "own-gus"]
    assert matrix_logits(rows, light).mean() > matrix_logits(rows, even).mean()


def test_a_post_counts_in_pages_as_it_does_elsewhere_where_nothing_is_said(posts):
    plain, weighed = cut_passages(posts), cut_passages(posts.assign(weight=3.0))
    assert np.array_equal(plain.page_weights, plain.weights)
    assert np.array_equal(weighed.page_weights, 3 * plain.weights)


def test_a_page_weight_counts_in_pages_alone(posts, fitted):
    page_weight = np.where(posts["source"] == "own-gus", 0.25, 1.0)
    cut = cut_passages(posts.assign(page_weight=page_weight))
    assert np.array_equal(cut.weights, cut_passages(posts).weights)
    assert np.array_equal(cut.page_weights, cut.weights * np.where(cut.sources == "own-gus", 0.25, 1.0))
    light = training.fit(posts.assign(page_weight=page_weight), max_fpr=MAX_FPR)
    assert same(light.weights, fitted.weights)
    assert light.calibration == fitted.calibration
    rows = cut.matrix[cut.sources == "own-gus"]
    assert matrix_logits(rows, light.page_weights).mean() > matrix_logits(rows, fitted.page_weights).mean()
    for light_fold, even_fold in zip(light.page_folds, fitted.page_folds, strict=True):
        assert not same(light_fold.weights, even_fold.weights)


def test_rows_keep_what_each_passage_counts(posts):
    cut = cut_passages(posts.assign(weight=np.arange(len(posts)) + 1.0, page_weight=np.arange(len(posts)) + 0.5))
    chosen = np.array([7, 3, 3])
    rows = cut.rows(chosen)
    assert rows.weights.tolist() == cut.weights[chosen].tolist()
    assert rows.page_weights.tolist() == (cut.weights[chosen] - 0.5).tolist()
    assert rows.posts.tolist() == cut.posts[chosen].tolist()


# The folds


def test_every_passage_is_held_out_once(fitted_on):
    everywhere = np.concatenate([held_out for _, held_out in folds(fitted_on, fold_names(fitted_on))])
    assert sorted(everywhere.tolist()) == list(range(len(fitted_on.is_spam)))


def in_groups(posts: pd.DataFrame) -> pd.DataFrame:
    """Put posts of different sources into groups of three."""
    number = posts.groupby("label").cumcount()
    return posts.assign(group=[f"{label}-{n % 40}" for label, n in zip(posts["label"], number, strict=True)])


def test_a_group_is_never_parted(posts):
    grouped = cut_passages(in_groups(posts))
    assert grouped.groups.tolist() != cut_passages(posts).groups.tolist()
    for fitted, held_out in folds(grouped, fold_names(grouped)):
        assert not set(grouped.groups[fitted]) & set(grouped.groups[held_out])
        assert set(fitted.tolist()) | set(held_out.tolist()) == set(range(len(grouped.is_spam)))


def test_all_passages_of_a_post_are_in_one_fold(posts, fitted_on):
    assert len(fitted_on.groups) > len(posts)
    for fitted, held_out in folds(fitted_on, fold_names(fitted_on)):
        assert not set(fitted_on.groups[fitted]) & set(fitted_on.groups[held_out])


@pytest.mark.parametrize("n_sources", [2 * N_FOLDS, 2 * N_FOLDS + 3])
def test_with_many_sources_a_source_is_never_parted(posts, n_sources):
    number = np.arange(len(posts))
    foreign = cut_passages(posts.assign(source=[f"s{n % n_sources}" for n in number]))
    for fitted, held_out in folds(foreign, fold_names(foreign)):
        assert not set(foreign.sources[fitted]) & set(foreign.sources[held_out])


def test_with_few_sources_posts_are_parted_by_group(posts):
    few = cut_passages(posts.assign(source="one"))
    assert all(len(fitted) and len(held_out) for fitted, held_out in folds(few, fold_names(few)))


def test_a_near_duplicate_in_another_source_is_not_fitted_on(posts):
    many = in_groups(posts).assign(source=[f"s{n % 12}" for n in range(len(posts))])
    foreign = cut_passages(many)
    for fitted, held_out in folds(foreign, fold_names(foreign)):
        assert not set(foreign.groups[fitted]) & set(foreign.groups[held_out])
        assert not set(foreign.sources[fitted]) & set(foreign.sources[held_out])


def test_folds_have_both_classes_in_like_parts(fitted_on):
    shares = [fitted_on.is_spam[held_out].mean() for _, held_out in folds(fitted_on, fold_names(fitted_on))]
    assert max(shares) - min(shares) < 0.2
    sizes = [len(held_out) for _, held_out in folds(fitted_on, fold_names(fitted_on))]
    assert max(sizes) < 1.5 * min(sizes)


@pytest.mark.parametrize("n_sources", [1, 2 * N_FOLDS])
def test_folds_for_pages_keep_groups_whole_and_part_sources(posts, n_sources):
    number = np.arange(len(posts))
    many = in_groups(posts).assign(source=[f"s{n % n_sources}" for n in number], id=[f"{n:04}" for n in number])
    ordered = in_order(many)
    page_folds = training.fit(many, max_fpr=MAX_FPR).page_folds
    assert len(page_folds) == N_FOLDS
    assert sorted(np.concatenate([fold_fit.posts for fold_fit in page_folds]).tolist()) == number.tolist()
    for fold_fit in page_folds:
        held_out = np.isin(number, fold_fit.posts)
        assert not set(ordered["group"][held_out]) & set(ordered["group"][~held_out])
        assert set(ordered["source"][~held_out]) == set(ordered["source"])


def test_a_fold_for_pages_is_fitted_on_the_other_posts_alone(posts, fitted):
    ordered = in_order(posts)
    cut = cut_passages(ordered)
    for fold_fit in fitted.page_folds:
        rows = cut.rows(np.flatnonzero(~np.isin(cut.posts, fold_fit.posts)))
        with threadpool_limits(1):
            assert same(fold_fit.weights, fit_weights(rows, rows.page_weights, PAGE_INVERSE_PENALTY))


def test_weights_and_page_weights_know_the_same_n_grams(fitted, trained):
    assert np.array_equal(fitted.weights.idf, fitted.page_weights.idf)
    assert not same(fitted.weights, fitted.page_weights)
    assert same(fitted.weights, trained.weights)
    assert same(fitted.page_weights, trained.page_weights)


def test_the_card_names_both_penalties(trained):
    assert (trained.card["inverse_penalty"], trained.card["page_inverse_penalty"]) == (0.5, 1.5)


# The threshold


@pytest.fixture(scope="module")
def unseen_logits(fitted_on) -> np.ndarray:
    """Each passage's logit under weights fitted without its fold."""
    logits = np.zeros(len(fitted_on.is_spam))
    with threadpool_limits(1):
        for fitted, held_out in folds(fitted_on, fold_names(fitted_on)):
            rows = fitted_on.rows(fitted)
            weights = fit_weights(rows, rows.weights, INVERSE_PENALTY)
            logits[held_out] = matrix_logits(fitted_on.matrix[held_out], weights)
    return logits


@pytest.mark.parametrize("max_fpr", [0.3, MAX_FPR, 0.001])
def test_the_threshold_keeps_to_max_fpr_on_posts_the_fit_did_not_see(posts, fitted_on, unseen_logits, max_fpr):
    calibration = training.fit(posts, max_fpr=max_fpr).calibration
    unseen = sigmoid(calibration.slope * unseen_logits + calibration.offset)
    ham = unseen[~fitted_on.is_spam]
    share = (ham >= calibration.threshold).mean()
    assert share <= max_fpr
    assert share <= calibration.fpr_upper
    assert calibration.unsure_from <= calibration.threshold
    assert (calibration.max_fpr, calibration.n_ham) == (max_fpr, len(ham))


def test_a_stricter_share_gives_a_higher_threshold(posts, trained):
    lax = training.fit(posts, max_fpr=0.3)
    assert lax.calibration.threshold < trained.calibration.threshold
    assert lax.calibration.slope == trained.calibration.slope


def test_the_threshold_is_measured_on_judged_posts_alone(posts):
    judged = posts["source"].isin(["own-fay", "own-hal"])
    calibration = training.fit(posts.assign(judged=judged), max_fpr=MAX_FPR).calibration
    passages = cut_passages(posts[judged])
    assert calibration.n_ham == int((~passages.is_spam).sum())


# Refusals


def refused(posts: pd.DataFrame, wording: str) -> None:
    with pytest.raises(DataError, match=re.escape(wording)):
        classifier.train(posts)


def test_too_few_posts_of_a_class_are_refused(posts):
    ham, spam = posts[posts["label"] == "ham"], posts[posts["label"] != "ham"]
    enough = training.MIN_POSTS_OF_CLASS
    advice = f"at least {enough} were expected; label more of them"
    refused(pd.concat([ham[: enough - 1], spam]), f"posts: {enough - 1} labelled ham, {advice}")
    refused(pd.concat([ham, spam[: enough - 1]]), f"posts: {enough - 1} labelled scam or spam, {advice}")
    assert classifier.train(pd.concat([ham[:enough], spam[:enough]])).calibration.n_ham >= enough


@pytest.mark.parametrize(("label", "missing"), [("ham", "scam or spam"), ("scam", "ham")])
def test_one_class_alone_is_refused(posts, label, missing):
    refused(posts.assign(label=label), f"posts: 0 labelled {missing}, at least 25 were expected; label more of them")


def test_too_few_groups_are_refused(posts):
    near = posts.assign(group=np.where(posts["label"] == "ham", "h" + posts["source"], posts["id"]))
    refused(near, "posts: 3 groups labelled ham, at least 5 were expected; posts of one group are near-duplicates")


def test_one_text_with_two_labels_is_refused(posts):
    twice = posts.iloc[:1].assign(id="again", label="ham")
    refused(pd.concat([posts, twice]), f"posts: 2 with a text of two labels: {posts['id'].iloc[0]} (scam), again (ham)")


def test_an_unknown_label_is_refused(posts):
    wrong = posts.assign(label=posts["label"].where(posts["id"] != "gus-0005", "genuine"))
    refused(wrong, "posts: 1 with an unknown label: gus-0005 (genuine); one of scam, spam, ham was expected")


@pytest.mark.parametrize("max_fpr", [0.0, 1.0, -0.1, 2.0, float("nan"), float("inf")])
def test_a_share_that_is_none_is_refused(posts, max_fpr):
    with pytest.raises(ValueError, match=rf"^fit: max_fpr is {max_fpr}, a share in \(0, 1\) was expected$"):
        classifier.train(posts, max_fpr=max_fpr)
