from dataclasses import replace
from math import log

import numpy as np
import pytest
from corpus import PAGES
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration import sigmoid
from classifier.inserts import FACTS, NEVER, page_facts, page_score, runs, unit_log_odds

LONG, SHORT = False, True
CHAINS = st.lists(st.tuples(st.floats(-5, 5), st.booleans()), max_size=20)
PAIRS = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


def runs_of(log_odds, short, *, high=0.8, low=0.5) -> list[tuple[int, int]]:
    return list(runs(np.array(log_odds, float), np.array(short, bool), high=high, low=low))


def naive_runs(log_odds, short, high, low) -> list[tuple[int, int]]:
    """Drop short segments, group neighbours that are likely, keep groups with a sure one."""
    kept = [(i, p) for i, p in enumerate(sigmoid(np.array(log_odds, float)).tolist()) if not short[i]]
    groups, group = [], []
    for i, probability in kept:
        if probability >= low:
            group.append((i, probability))
        else:
            groups.append(group)
            group = []
    groups.append(group)
    return [(group[0][0], group[-1][0] + 1) for group in groups if any(p >= high for _, p in group)]


@given(chain=CHAINS, thresholds=PAIRS)
def test_runs_are_those_of_the_plain_rule(chain, thresholds):
    log_odds, short = [pair[0] for pair in chain], [pair[1] for pair in chain]
    low, high = thresholds
    assert runs_of(log_odds, short, high=high, low=low) == naive_runs(log_odds, short, high, low)


@given(links=CHAINS, thresholds=PAIRS)
def test_runs_are_in_order_disjoint_sure_somewhere_and_likely_throughout(links, thresholds):
    log_odds, short = [link[0] for link in links], [link[1] for link in links]
    low, high = thresholds
    probability = sigmoid(np.array(log_odds, float))
    last = 0
    for start, end in runs_of(log_odds, short, high=high, low=low):
        assert last <= start < end <= len(links)
        judged = [i for i in range(start, end) if not short[i]]
        assert {start, end - 1} <= set(judged)
        assert any(probability[i] >= high for i in judged)
        assert all(probability[i] >= low for i in judged)
        last = end


@given(links=CHAINS, thresholds=PAIRS)
def test_a_higher_threshold_flags_no_segment_more(links, thresholds):
    log_odds, short = [link[0] for link in links], [link[1] for link in links]
    low, high = thresholds

    def flagged(value):
        return {i for run in runs_of(log_odds, short, high=value, low=min(low, value)) for i in range(*run)}

    assert flagged(1.0) <= flagged(high)


@pytest.mark.parametrize(
    ("log_odds", "short", "found"),
    [
        ([], [], []),
        ([4], [LONG], [(0, 1)]),
        ([4], [SHORT], []),
        ([1], [LONG], []),
        ([1, 4, 1], [LONG] * 3, [(0, 3)]),
        ([4, -1, 4], [LONG] * 3, [(0, 1), (2, 3)]),
        ([4, -5, 4], [LONG, SHORT, LONG], [(0, 3)]),
        ([4, 4, -5], [SHORT, LONG, SHORT], [(1, 2)]),
        ([4, -5, -5, -5], [LONG, SHORT, SHORT, LONG], [(0, 1)]),
        ([1, 4, 1], [LONG, SHORT, LONG], []),
    ],
)
def test_runs_by_example(log_odds, short, found):
    assert runs_of(log_odds, short) == found


def test_thresholds_are_inclusive():
    assert runs_of([0.0], [LONG], high=0.5, low=0.5) == [(0, 1)]


def test_a_short_unit_can_never_be_an_insert():
    stated = np.column_stack([[7.0, 7.0], np.zeros((2, len(FACTS) - 1))])
    assert unit_log_odds(stated, np.array([True, False]), PAGES.trees).tolist() == [NEVER, 7]


def test_a_page_is_told_by_its_two_surest_units_and_how_many_there_are():
    assert page_facts(np.array([-1.0, 3.0, 2.0])).tolist() == [3, 2, log(3)]
    assert page_facts(np.array([3.0])).tolist() == [3, -1, 0]


def test_a_page_without_text_scores_zero():
    assert page_score(np.empty(0), PAGES) == 0


@given(
    log_odds=st.lists(st.floats(-8, 8), min_size=2, max_size=20),
    rise=st.floats(0, 5),
    coef=st.tuples(st.floats(0.01, 3), st.floats(-3, 3), st.floats(-3, 3)),
)
def test_a_surer_surest_segment_never_lowers_the_page_score(log_odds, rise, coef):
    fitted = replace(PAGES, page_coef=coef)
    ordered = sorted(log_odds)
    before, after = np.array(ordered), np.array([*ordered[:-1], ordered[-1] + rise])
    assert 0 <= page_score(before, fitted) <= page_score(after, fitted) <= 1
