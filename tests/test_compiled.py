"""The compiled loop says what the plain one says, and what a scikit-learn pipeline says."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pipelines import presence, two_blocks
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from classifier import compiled, ngrams, weights
from classifier.ngrams import Counts, NgramSpec
from classifier.weights import Ballast, Weights

# With few bits a text's table has more slots than there are buckets.
SPECS = [
    NgramSpec(words=0, bits=14),
    NgramSpec(words=1, bits=14),
    NgramSpec(words=2, bits=14),
    NgramSpec(words=2, bits=10),
    NgramSpec(words=0, chars=(4,), bits=14),
    NgramSpec(words=0, chars=(1, 2, 7), bits=10),
    NgramSpec(words=1, chars=(4,), bits=10),
    NgramSpec(words=2, chars=(3, 4, 5), bits=20),
    NgramSpec(words=2, chars=(3, 4, 5), bits=10),
]
SCAMS = [
    "earn 55 bitcoins easily",
    "double your bitcoin in 24 hours",
    "contact the loan agent today",
    "robot profit 300%",
]
NEWS = [
    "the council approved the budget",
    "rain is expected on friday",
    "the band won 2 awards",
    "shares fell 3% in london",
]
ENDINGS = ["", " now", " , she said", " 100%", " on monday"]
VALUES = [(0.0, 0.0), (3.0, 5.0)]
POSTS = [text + ending for text in SCAMS + NEWS for ending in ENDINGS]
IS_SCAM = np.repeat([True, False], len(POSTS) // 2)

# Letters of a small alphabet make n-grams come again; the rest makes every kind of byte.
TEXTS = st.one_of(
    st.text(), st.text("ab 1\n", max_size=300), st.text(st.characters(exclude_categories=[]), max_size=40)
)


def same(left: Counts, right: Counts) -> bool:
    """Say whether both hold the same numbers as the same types."""
    pairs = [(getattr(left, name), getattr(right, name)) for name in ("buckets", "counts", "starts")]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def made_up(spec: NgramSpec, values: tuple[float, float] = (3.0, 5.0)) -> Weights:
    """Make weights out of nothing, a third of the buckets dropped, with the constants of words and characters."""
    numbers = np.random.default_rng(0)
    idf = numbers.uniform(1, 9, spec.n_buckets) * (numbers.random(spec.n_buckets) < 2 / 3)
    coef = numbers.normal(size=spec.n_buckets)
    ballasts = (Ballast(values[0], -1.5), Ballast(values[1], 0.75))
    return Weights(spec, idf.astype(np.float32), coef.astype(np.float32), ballasts, 0.25)


def weights_of(pipeline: Pipeline, spec: NgramSpec, values: tuple[float, float]) -> Weights:
    """Take the fitted numbers out of a pipeline."""
    union, regression = (step for _, step in pipeline.steps)
    idf = [block.named_steps["tfidftransformer"].idf_ for _, block in union.transformer_list]
    words, characters = np.split(regression.coef_[0], 2)
    return Weights(
        spec,
        np.concatenate(idf).astype(np.float32),
        np.concatenate([words[:-1], characters[:-1]]).astype(np.float32),
        (Ballast(values[0], float(words[-1])), Ballast(values[1], float(characters[-1]))),
        float(regression.intercept_[0]),
    )


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(deadline=None, max_examples=50)
@given(texts=st.lists(TEXTS, max_size=6))
def test_counts_are_those_of_ngrams(spec: NgramSpec, texts: list[str]) -> None:
    assert same(compiled.count(texts, spec), ngrams.count(texts, spec))


@pytest.mark.parametrize("weighed", [made_up(spec, values) for spec in SPECS for values in VALUES], ids=str)
@settings(deadline=None, max_examples=15)
@given(texts=st.lists(TEXTS, max_size=6))
def test_logits_are_those_of_weights(weighed: Weights, texts: list[str]) -> None:
    np.testing.assert_allclose(compiled.logits(texts, weighed), weights.logits(texts, weighed), rtol=0, atol=1e-9)


@pytest.mark.parametrize("values", [(2.5, 4.0), (2.5, 0.0)], ids=str)
@pytest.mark.parametrize("spec", [NgramSpec(words=2, bits=12), NgramSpec(words=2, chars=(3, 4, 5), bits=12)], ids=str)
def test_logits_are_those_of_scikit_learn(spec: NgramSpec, values: tuple[float, float]) -> None:
    pipeline = two_blocks(spec, values, LogisticRegression(C=10, tol=1e-8))
    pipeline.fit(presence(compiled.count(POSTS, spec), spec), IS_SCAM)
    fitted = weights_of(pipeline, spec, values)
    unseen = [*POSTS, "a loan of 300 bitcoins fell on london", "earn earn earn", "earn", ""]
    expected = pipeline.decision_function(presence(ngrams.count(unseen, spec), spec))
    np.testing.assert_allclose(compiled.logits(unseen, fitted), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(weights.logits(unseen, fitted), expected, rtol=0, atol=1e-6)
    assert np.array_equal(compiled.logits(POSTS, fitted) > 0, IS_SCAM)


def test_repeating_a_word_changes_nothing() -> None:
    weighed = made_up(NgramSpec(words=1))
    once, often = compiled.logits(["earn bitcoins now", "now earn now earn bitcoins " * 1_000], weighed).tolist()
    assert once == pytest.approx(often, abs=1e-12)


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(deadline=None, max_examples=20)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_logit_does_not_depend_on_the_batch(spec: NgramSpec, texts: list[str]) -> None:
    weighed = made_up(spec)
    alone = [compiled.logits([text], weighed)[0] for text in texts]
    long = "a long text makes the table larger " * 200
    assert compiled.logits([long, *texts, long], weighed)[1:-1].tolist() == alone


def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    monkeypatch.setattr(compiled, "BATCH_BYTES", 50)
    return [*POSTS, "", "x" * 200, "", ""]


def test_counts_join_over_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, spec = in_small_batches(monkeypatch), NgramSpec(words=2, chars=(4,))
    assert same(compiled.count(texts, spec), ngrams.count(texts, spec))


def test_logits_join_over_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed = made_up(NgramSpec(words=2, chars=(4,)))
    at_once = compiled.logits(POSTS, weighed)
    texts = in_small_batches(monkeypatch)
    assert compiled.logits(texts, weighed)[: len(POSTS)].tolist() == at_once.tolist()


def test_no_texts() -> None:
    assert compiled.logits([], made_up(NgramSpec(words=2))).shape == (0,)
    assert same(compiled.count([], NgramSpec(words=2)), ngrams.count([], NgramSpec(words=2)))


@pytest.mark.parametrize("unit", ["a", " ", "a ", "1", "é"])
def test_long_text_of_one_character(unit: str) -> None:
    text, spec = unit * (2_000_000 // len(unit.encode())), NgramSpec(words=2, chars=(3, 4, 5))
    assert same(compiled.count([text], spec), ngrams.count([text], spec))
    weighed = made_up(spec)
    assert compiled.logits([text], weighed)[0] == pytest.approx(weights.logits([text], weighed)[0], abs=1e-9)


def long_random_texts() -> list[str]:
    """Make texts with nearly as many different n-grams as bytes, short to long."""
    numbers = np.random.default_rng(1)
    return ["".join(map(chr, numbers.integers(33, 127, n))) for n in (1, 5, 60, 1_000, 40_000, 600_000)]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_crowded_tables(spec: NgramSpec) -> None:
    texts = long_random_texts()
    assert same(compiled.count(texts, spec), ngrams.count(texts, spec))


def test_crc_is_that_of_zlib() -> None:
    """Every byte a word can have goes through the table."""
    letters = [chr(code) for code in range(0x20, 0x800)]
    assert same(compiled.count(letters, NgramSpec(words=1)), ngrams.count(letters, NgramSpec(words=1)))


def test_one_letter_words_fit() -> None:
    """No text has more word n-grams for its length."""
    texts = [" ".join(chr(code) for code in range(97, 97 + n)) for n in range(1, 27)]
    spec = NgramSpec(words=2)
    counts: NDArray[np.int64] = np.diff(compiled.count(texts, spec).starts)
    assert counts.tolist() == [2 * n - 1 for n in range(1, 27)]
