import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration import Calibration, calibrate, clopper_pearson, cut, platt, scores, sigmoid, verdict

VERDICTS = ("ham", "unsure", "scam")
LOGITS = st.floats(-1e6, 1e6)
# Whole numbers tie, as empty and repeated posts do.
HAM = st.lists(st.integers(-3, 3).map(float) | st.floats(-50, 50), min_size=1, max_size=300)
MAX_FPR = st.sampled_from([0.001, 0.01, 0.1, 0.29, 0.5, 0.999]) | st.floats(1e-6, 1 - 1e-6)


@given(logits=st.lists(LOGITS, min_size=2), slope=st.floats(0.01, 100), offset=st.floats(-100, 100))
def test_a_higher_logit_never_gets_a_lower_score_or_a_milder_verdict(logits, slope, offset):
    calibration = Calibration(slope, offset, 0.9, 0.5, 0.01, 0.02, 100)
    found = scores(np.sort(np.array(logits)), calibration)
    ranks = [VERDICTS.index(verdict(score, 0.9, 0.5)) for score in found]
    assert (np.diff(found) >= 0).all()
    assert (np.diff(ranks) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_sigmoid_keeps_low_scores_apart():
    assert sigmoid(np.array([0.0, math.log(3)])) == pytest.approx([0.5, 0.75])
    assert sigmoid(np.array([-1000.0, -100.0])) == pytest.approx([0, math.exp(-100)])
    assert sigmoid(np.array([-100.0]))[0] > sigmoid(np.array([-101.0]))[0] > 0


def test_both_thresholds_are_inclusive():
    assert [verdict(score, 0.9, 0.5) for score in (1.0, 0.9, 0.8999, 0.5, 0.4999, 0.0)] == [
        *("scam", "scam", "unsure", "unsure", "ham", "ham")
    ]


def test_without_a_band_nothing_is_unsure():
    assert [verdict(score, 0.9, 0.9) for score in (0.9, 0.8999)] == ["scam", "ham"]


@pytest.mark.parametrize(
    ("n_hits", "n", "interval"),
    [
        (0, 10, (0, 0.3085)),
        (1, 10, (0.0025, 0.4450)),
        (5, 10, (0.1871, 0.8129)),
        (10, 10, (0.6915, 1)),
        (10, 100, (0.0490, 0.1762)),
        (0, 1000, (0, 0.0037)),
    ],
)
def test_clopper_pearson_gives_the_published_intervals(n_hits, n, interval):
    assert clopper_pearson(n_hits, n) == pytest.approx(interval, abs=5e-5)


@given(ham=HAM, max_fpr=MAX_FPR)
def test_cut_lets_no_more_through_than_allowed(ham, max_fpr):
    ham = np.array(ham)
    assert (ham >= cut(ham, max_fpr)).sum() <= max_fpr * len(ham)


@given(ham=HAM, max_fpr=MAX_FPR)
def test_cut_is_no_stricter_than_it_has_to_be(ham, max_fpr):
    ham = np.array(ham)
    next_below = ham[ham < cut(ham, max_fpr)].max()
    assert (ham >= next_below).sum() > math.floor(max_fpr * len(ham))


def test_cut_lies_half_way():
    assert cut(np.array([1.0, 2.0, 3.0, 5.0]), 0.25) == 4.0


def test_cut_keeps_posts_of_one_logit_together():
    assert cut(np.array([1.0, 2.0, 2.0, 5.0]), 0.5) == 3.5
    assert cut(np.array([1.0, 5.0, 5.0, 5.0]), 0.5) == 6.0


def test_cut_tells_neighbouring_floats_apart():
    above = math.nextafter(1.0, 2.0)
    assert cut(np.array([1.0, above]), 0.5) == above


def drawn(n: int, slope: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, and labels drawn with the probability that slope and offset give them."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, n)
    return logits, random.random(n) < sigmoid(slope * logits + offset)


def test_platt_finds_slope_and_offset():
    logits, is_spam = drawn(40_000, 0.5, -1.0)
    assert platt(logits, is_spam, np.ones(40_000)) == pytest.approx((0.5, -1.0), abs=0.05)


def test_platt_counts_a_weight_as_copies():
    logits, is_spam = drawn(400, 1.0, 0.0)
    copies = np.arange(400) % 3 + 1
    repeated = platt(np.repeat(logits, copies), np.repeat(is_spam, copies), np.ones(copies.sum()))
    assert platt(logits, is_spam, copies.astype(float)) == pytest.approx(repeated, abs=1e-3)


def test_platt_keeps_the_order_even_of_a_model_that_errs():
    logits, is_spam = drawn(1_000, 1.0, 0.0)
    assert platt(logits, ~is_spam, np.ones(1_000))[0] == 0.01


@pytest.mark.parametrize("is_spam", [True, False])
def test_one_class_cannot_be_calibrated(is_spam):
    with pytest.raises(ValueError, match="platt: one class only, posts of both were expected"):
        platt(np.zeros(3), np.full(3, is_spam), np.ones(3))
    with pytest.raises(ValueError, match="one class only"):
        calibrate(np.zeros(3), np.full(3, is_spam), np.ones(3), max_fpr=0.1, judged=np.ones(3, bool))


def test_no_judged_ham_cannot_be_calibrated():
    with pytest.raises(ValueError, match="calibrate: no genuine post"):
        calibrate(np.arange(4.0), np.arange(4) > 1, np.ones(4), max_fpr=0.1, judged=np.arange(4) > 1)


@pytest.mark.parametrize("max_fpr", [0.001, 0.01, 0.1, 0.6])
def test_calibrate_keeps_its_promise_on_scores(max_fpr):
    logits, is_spam = drawn(4_000, 1.0, 0.0)
    found = calibrate(logits, is_spam, np.ones(4_000), max_fpr=max_fpr, judged=np.ones(4_000, bool))
    ham = scores(logits[~is_spam], found)
    assert (ham >= found.threshold).mean() <= max_fpr <= found.fpr_upper + max_fpr / 2
    assert (ham >= found.unsure_from).mean() <= max(min(10 * max_fpr, 0.5), max_fpr)
    assert found.unsure_from <= found.threshold
    assert (found.max_fpr, found.n_ham) == (max_fpr, len(ham))


def test_the_threshold_is_measured_on_judged_ham_alone():
    logits, is_spam = np.array([0.0, 1.0, 9.0, 5.0, 8.0]), np.array([False, False, False, True, True])
    judged = np.array([True, True, False, False, False])
    found = calibrate(logits, is_spam, np.ones(5), max_fpr=0.1, judged=judged)
    assert found.n_ham == 2
    assert found.threshold == pytest.approx(sigmoid(np.array(found.slope * 2.0 + found.offset)))


def test_a_threshold_far_out_does_not_flag_everything():
    logits, is_spam = drawn(400, 1.0, 0.0)
    logits, is_spam = np.append(logits, np.linspace(-60, -50, 600)), np.append(is_spam, np.zeros(600, bool))
    found = calibrate(logits, is_spam, np.ones(1_000), max_fpr=0.5, judged=np.ones(1_000, bool))
    assert 0 < found.threshold < 1e-20
    assert (scores(logits[~is_spam], found) >= found.threshold).mean() <= 0.5
