import math

import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st

from classifier.ngrams import NgramSpec, char_buckets, text_buckets
from classifier.text import fold
from classifier.weights import Ballast, Weights, blocks, logit, logits, weighed

SPEC = NgramSpec(words=1, chars=(4,), bits=20)
COIN, RAIN = (int(text_buckets(word, NgramSpec(words=1))[0]) for word in ("coin", "rain"))
OIN = int(char_buckets(b"oin ", 4, SPEC)[0])


def weights(words: float = 2.0, characters: float = 3.0) -> Weights:
    """Return weights that know the words coin and rain, and how coin ends."""
    idf, coef = np.zeros(SPEC.n_buckets, np.float32), np.zeros(SPEC.n_buckets, np.float32)
    idf[[COIN, RAIN, OIN]] = 1.5, 2.0, 4.0
    coef[[COIN, RAIN, OIN]] = 4.0, -3.0, 5.0
    return Weights(SPEC, idf, coef, (Ballast(words, 0.5), Ballast(characters, -0.25)), -1.0)


def test_a_logit_follows_the_documented_formula():
    words = (4.0 * 1.5 - 3.0 * 2.0 + 0.5 * 2.0) / math.sqrt(1.5**2 + 2.0**2 + 2.0**2)
    characters = (5.0 * 4.0 - 0.25 * 3.0) / math.sqrt(4.0**2 + 3.0**2)
    assert logit("coin rain coin unknown", weights()) == pytest.approx(-1.0 + words + characters, abs=1e-12)


def test_the_length_of_one_block_does_not_weaken_the_other():
    long = weights(words=100.0)
    assert blocks("coin", long)[1].shares.tolist() == blocks("coin", weights())[1].shares.tolist()
    assert blocks("coin", long)[0].shares[0] < blocks("coin", weights())[0].shares[0]


def test_an_n_gram_counts_once_however_often_it_stands():
    once, often = blocks("coin rain", weights()), blocks("rain coin coin rain coin", weights())
    for part, same in zip(once, often, strict=True):
        assert np.unique(part.buckets).tolist() == part.buckets.tolist()
        assert part.shares[part.shares != 0].tolist() == same.shares[same.shares != 0].tolist()


def test_blocks_part_at_the_block_size():
    words, characters = blocks("coin rain", weights())
    assert set(words.buckets.tolist()) == {COIN, RAIN}
    assert (characters.buckets >= SPEC.block_size).all()
    assert OIN in characters.buckets


def test_a_text_without_known_n_grams_has_the_constants_and_the_intercept():
    assert logits(["", "unknown"], weights()).tolist() == [-0.75, -0.75]
    assert logits(["", "unknown"], weights(words=0.0, characters=0.0)).tolist() == [-1.0, -1.0]


def test_a_constant_of_0_adds_nothing():
    assert [block.base for block in blocks("coin", weights(words=0.0))] == [0.0, pytest.approx(-0.25 * 3.0 / 5.0)]


def test_the_ballast_draws_a_short_text_to_the_middle():
    plain, drawn = logit("coin", weights(0.0, 0.0)), logit("coin", weights(9.0, 9.0))
    assert plain == 8.0
    assert -1 < drawn < plain


def test_norms_are_never_zero():
    nothing = weighed(np.array([1, 2]), Ballast(0.0, 7.0), weights())
    assert (nothing.shares.tolist(), nothing.base) == ([0.0, 0.0], 0.0)


def test_no_text_gives_no_logit():
    assert logits([], weights()).shape == (0,)


@given(texts=st.lists(st.text() | st.sampled_from(SPAM + HAM), max_size=5))
def test_texts_weighed_together_or_alone_have_one_logit(model, texts):
    folded = [fold(text) for text in texts]
    assert logits(folded, model.weights).tolist() == [logit(text, model.weights) for text in folded]


@given(text=st.text() | st.sampled_from(SPAM + HAM))
def test_shares_bases_and_intercept_add_up(model, text):
    words, characters = blocks(fold(text), model.weights)
    total = words.shares.sum() + characters.shares.sum() + words.base + characters.base + model.weights.intercept
    assert total == pytest.approx(logit(fold(text), model.weights), abs=1e-12)
