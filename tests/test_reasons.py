from dataclasses import replace

import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import example, given
from hypothesis import strategies as st

from classifier.model import Model
from classifier.ngrams import NgramSpec
from classifier.reasons import Reason, explain
from classifier.text import fold
from classifier.weights import Ballast, Weights, blocks, logits

# Rich in what folding changes, in what parts words, and in characters of several bytes.
TRICKY = st.text(st.sampled_from("aAeо0139$@.-_ \n\t\x00\u200b\u0301é‘€🔥\ud800\udfffж'%"), max_size=60)
TEXTS = st.text(max_size=60) | TRICKY | st.sampled_from(SPAM + HAM)
SPECS = (
    NgramSpec(words=2, chars=(4,), bits=14),
    NgramSpec(words=1, bits=10),
    NgramSpec(words=0, chars=(1, 2, 7), bits=10),
    NgramSpec(words=2, chars=(3, 4, 5), bits=20),
)


def random_weights(spec: NgramSpec) -> Weights:
    """Return weights under which every n-gram counts."""
    random = np.random.default_rng(spec.bits)
    idf = random.uniform(1, 9, spec.n_buckets).astype(np.float32)
    coef = random.normal(0, 2, spec.n_buckets).astype(np.float32)
    return Weights(spec, idf, coef, (Ballast(3.0, 0.7), Ballast(5.0, -0.4)), -1.2)


WEIGHTS = [random_weights(spec) for spec in SPECS]


def reason_of(model: Model, text: str, ngram: str) -> Reason:
    return next(reason for reason in model.explain(text, top=10_000) if reason.ngram == ngram)


@given(text=TEXTS, weights=st.sampled_from(WEIGHTS))
@example(text="", weights=WEIGHTS[2])
@example(text=" \n", weights=WEIGHTS[2])
@example(text="a\ud800b", weights=WEIGHTS[0])
@example(text="ж€ ‘é’ 🔥", weights=WEIGHTS[2])
def test_shares_and_base_add_up_to_the_logit(text, weights):
    found = explain(text, weights)
    assert found.base + sum(reason.share for reason in found.reasons) == pytest.approx(found.logit, abs=1e-9)
    assert found.logit == pytest.approx(logits([fold(text)], weights)[0], abs=1e-9)


@given(text=TEXTS, weights=st.sampled_from(WEIGHTS))
def test_spans_lie_inside_the_text(text, weights):
    for reason in explain(text, weights).reasons:
        assert all(0 <= start < end <= len(text) for start, end in reason.spans)
        assert reason.spans or not reason.ngram.strip()


@given(text=TEXTS, weights=st.sampled_from(WEIGHTS))
def test_reasons_come_largest_first(text, weights):
    shares = [abs(reason.share) for reason in explain(text, weights).reasons]
    assert shares == sorted(shares, reverse=True)


def test_the_span_of_a_plain_word_is_that_word():
    for text in SPAM + HAM:
        for reason in explain(text, WEIGHTS[3]).reasons:
            if reason.kind == "words" and reason.ngram.isalpha():
                assert {text[start:end].lower() for start, end in reason.spans} == {reason.ngram}


def test_the_span_of_a_pair_runs_from_word_to_word(model):
    text = "Back within the hour, within the hour!"
    found = reason_of(model, text, "the hour")
    assert [text[start:end] for start, end in found.spans] == ["the hour", "the hour"]
    assert found.spans[0] == (12, 20)


def test_the_span_of_characters_is_where_they_stand(model):
    text = "\n  Guaranteed,\n\n guaranteed"
    found = reason_of(model, text, "uara")
    assert [text[start:end] for start, end in found.spans] == ["uara", "uara"]


def test_an_offset_counts_code_points_before_it(model):
    text = "🔥🔥 é‘’ guaranteed"
    assert reason_of(model, text, "guaranteed").spans == ((len(text) - 10, len(text)),)


@pytest.mark.parametrize(
    ("spelling", "word"),
    [
        ("g u a r a n t e e d", "guaranteed"),
        ("g.u.a.r.a.n.t.e.e.d", "guaranteed"),
        ("gu\u0430r\u0430nteed", "guaranteed"),
        ("gu\u200bara\u200bnteed", "guaranteed"),
        ("GUARANTEED", "guaranteed"),
        ("gu4r4nt33d", "guaranteed"),
        ("𝐠𝐮𝐚𝐫𝐚𝐧𝐭𝐞𝐞𝐝", "guaranteed"),
    ],
)
def test_an_obfuscated_word_points_at_its_spelling(model, spelling, word):
    text = f"Results are {spelling}, he said."
    (start, end), *others = reason_of(model, text, word).spans
    assert text[start:end] == spelling
    assert not others


def test_n_grams_of_one_bucket_part_its_share():
    weights = replace(WEIGHTS[1], spec=NgramSpec(words=1, bits=10))
    text = " ".join(f"{a}{b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "klmnopqrstuvwxyzabcd")
    found = explain(text, weights)
    assert len(found.reasons) == 520
    assert len({reason.share for reason in found.reasons}) < 520


@given(text=TEXTS, weights=st.sampled_from(WEIGHTS))
def test_the_base_is_what_the_constants_add(text, weights):
    words, characters = blocks(fold(text), weights)
    assert explain(text, weights).base == pytest.approx(weights.intercept + words.base + characters.base, abs=1e-12)


def test_a_word_that_stands_often_keeps_its_share_and_has_every_place(model):
    once = reason_of(model, "guaranteed", "guaranteed")
    often = reason_of(model, "guaranteed guaranteed guaranteed", "guaranteed")
    assert [len(once.spans), len(often.spans)] == [1, 3]
    # The pair "guaranteed guaranteed" was in no post, and so does not change the norm.
    assert often.share == pytest.approx(once.share, abs=1e-12)


def test_what_no_fit_has_seen_is_no_reason(model):
    assert [reason.ngram for reason in model.explain("zyzzyva", top=99) if reason.kind == "words"] == []
