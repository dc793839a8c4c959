import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import golden
import numpy as np
import pytest
from corpus import HAM, SPAM, fitted_by_hand
from hypothesis import given
from hypothesis import strategies as st

import classifier
from classifier.text import fold
from classifier.weights import logits as plain_logits

GOLDEN = [json.loads(line) for line in golden.PATH.read_text(encoding="utf-8").splitlines()]
TEXTS = st.lists(st.text(max_size=200) | st.sampled_from(SPAM + HAM), max_size=8)


def test_spam_scores_above_ham(model):
    assert model.score_many(SPAM).min() > model.score_many(HAM).max()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: ascii(case["text"][:20]))
def test_the_golden_vector_has_not_moved(model, case):
    assert round(model.score(case["text"]), golden.DECIMALS) == pytest.approx(case["score"], abs=1.5e-6)


def test_the_golden_vector_is_of_its_texts():
    assert tuple(case["text"] for case in GOLDEN) == golden.TEXTS


def test_a_fit_by_hand_gives_the_same_numbers_again(model):
    assert fitted_by_hand().score_many(SPAM).tolist() == model.score_many(SPAM).tolist()


@given(texts=TEXTS)
def test_a_score_depends_on_its_text_alone(model, texts):
    alone = [model.score(text) for text in texts]
    # Many texts and few are counted by different loops, which round the last bits differently.
    assert model.score_many(texts) == pytest.approx(alone, abs=1e-12)
    assert model.score_many(iter(texts)).shape == (len(texts),)
    assert all(0 <= score <= 1 for score in alone)


def test_both_loops_agree(model):
    compiled = pytest.importorskip("classifier.compiled")
    folded = [fold(text) for text in SPAM + HAM]
    plain = classifier.weights.logits(folded, model.weights)
    assert compiled.logits(folded, model.weights) == pytest.approx(plain, abs=1e-9)


def test_scores_are_plain_numbers(model):
    assert type(model.score("Free")) is float
    assert model.score_many(SPAM).dtype == np.float64
    assert model.score_many([]).shape == (0,)


@pytest.mark.parametrize("text", [b"bytes", None, 1, ["a list"]])
def test_a_text_that_is_none_is_a_type_error(model, text):
    with pytest.raises(TypeError, match=r"Model\.score: a str was expected, .* was received; decode bytes first"):
        model.score(text)


def test_a_lone_text_is_no_iterable_of_texts(model):
    with pytest.raises(TypeError, match=r"Model\.score_many: .* one str was received; use Model\.score"):
        model.score_many("a text")
    with pytest.raises(TypeError, match=r"Model\.score_many: text 1 is bytes, a str was expected"):
        model.score_many(["a text", b"bytes"])


def test_the_threshold_is_inclusive_and_may_be_another(model):
    assert [model.verdict(score) for score in (0.8, 0.79, 0.4, 0.39)] == ["scam", "unsure", "unsure", "ham"]
    assert [model.verdict(score, 0.3) for score in (0.3, 0.29)] == ["scam", "ham"]
    assert [model.verdict(score, 0.95) for score in (0.95, 0.8, 0.39)] == ["scam", "unsure", "ham"]


@pytest.fixture(scope="module")
def turned(model):
    """A model that takes the units of a page for the opposite of what it takes posts for."""
    words, characters = model.weights.ballasts
    turned = replace(
        model.weights,
        coef=-model.weights.coef,
        ballasts=(replace(words, coef=-words.coef), replace(characters, coef=-characters.coef)),
        intercept=-model.weights.intercept,
    )
    return replace(model, page_weights=turned)


def test_posts_and_units_have_weights_of_their_own(model, turned):
    folded = [fold(text) for text in SPAM + HAM]
    assert turned.logits(folded).tolist() == model.logits(folded).tolist() == model.page_logits(folded).tolist()
    assert turned.page_logits(folded) == pytest.approx(-model.logits(folded), abs=1e-9)
    assert turned.page_logits(folded) == pytest.approx(plain_logits(folded, turned.page_weights), abs=1e-9)
    assert turned.score_many(SPAM).tolist() == model.score_many(SPAM).tolist()


def test_units_are_judged_and_explained_by_their_own_weights(model, turned):
    page = "\n\n".join([*HAM[:2], SPAM[0], HAM[2]])
    found = model.scan(page).inserts
    assert [insert.text for insert in found] == [SPAM[0]]
    assert sum(reason.share for reason in found[0].reasons) > 0
    taken = turned.scan(page).inserts
    assert HAM[0] in taken[0].text
    assert not any(SPAM[0] in insert.text for insert in taken)
    assert all(sum(reason.share for reason in insert.reasons) > 0 for insert in taken)


def test_what_a_model_says_of_itself_is_plain_and_tells_its_trees_by_their_shape(model):
    told = model.describe()
    assert json.loads(json.dumps(told, allow_nan=False)).keys() == {"card", "calibration", "pages", "ngrams"}
    assert told["pages"]["trees"] == {"trees": 64, "nodes": 3, "base": 0.0}
    assert (told["pages"]["high"], told["pages"]["low"], told["pages"]["unsure_from"]) == (0.8, 0.5, 0.4)
    assert told["ngrams"]["kept"] == int((model.weights.idf != 0).sum())
    assert told["card"] == model.card


def test_explain_gives_the_top_of_all_reasons(model):
    everything = model.explanation(SPAM[0])
    assert tuple(model.explain(SPAM[0], top=3)) == everything.reasons[:3]
    assert everything.logit == pytest.approx(model.logits([fold(SPAM[0])])[0], abs=1e-9)


def test_a_model_never_changes(model):
    with pytest.raises(FrozenInstanceError):
        model.card = {}


def test_a_path_may_be_text(model, tmp_path):
    model.save(str(tmp_path / "m.joblib"))
    assert classifier.load(str(tmp_path / "m.joblib")).score("Free") == model.score("Free")


def test_public_names_are_there():
    assert set(classifier.__all__) <= set(dir(classifier))
    for name in classifier.__all__:
        assert getattr(classifier, name).__doc__
    with pytest.raises(AttributeError, match="module 'classifier' has no attribute 'nothing'"):
        classifier.nothing  # noqa: B018


def test_a_saved_model_judges_pages_the_same(turned, tmp_path):
    turned.save(tmp_path / "m.joblib")
    again = classifier.load(tmp_path / "m.joblib")
    page = "\n\n".join(HAM[:3] + SPAM[:2] + HAM[3:])
    assert again.scan(page) == turned.scan(page)
    assert again.describe() == turned.describe()


def test_another_process_scores_the_same(model, tmp_path):
    model.save(tmp_path / "m.joblib")
    program = f"import classifier; print(classifier.load({str(tmp_path / 'm.joblib')!r}).score({SPAM[0]!r}).hex())"
    root = Path(classifier.__file__).parents[1]
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout.strip() == model.score(SPAM[0]).hex()


def test_the_shipped_model_tells_spam_from_ham(shipped):
    assert shipped.score_many(SPAM).mean() > 0.5 > shipped.score_many(HAM).mean()
