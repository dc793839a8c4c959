"""The gate is kept, and would notice a fall."""

import json

import pytest
from gate import CORPORA, FLOORS, data_digest, measure, model_digest, regressions

there = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"corpus gate not run: {CORPORA} is not there")


@pytest.fixture(scope="module")
def pinned():
    return json.loads(FLOORS.read_text(encoding="utf-8"))


def test_the_pinned_figures_are_of_the_shipped_model(pinned):
    assert pinned["model"] == model_digest(), "the model changed: run python tests/gate/gate.py --update"


@pytest.mark.corpus
@there
def test_the_pinned_figures_are_of_these_corpora(pinned):
    assert pinned["data"] == data_digest(), "the corpora changed: run python tests/gate/gate.py --update"


@pytest.mark.corpus
@there
def test_no_figure_has_fallen(pinned, shipped):
    assert regressions(pinned["figures"], measure(shipped)) == []


@pytest.mark.corpus
@there
def test_what_must_be_reached_is_reached(pinned):
    figures = pinned["figures"]
    assert figures["flagged crypto-news-2025 paragraphs"] <= 0.002
    assert figures["recall example teaser"] == 1
    assert figures["unsure or flagged example news"] == 0


@pytest.mark.parametrize(
    ("measured", "named"),
    [
        ({"recall a": 0.9, "flagged b": 0.01}, []),
        ({"recall a": 0.95, "flagged b": 0.0}, []),
        ({"recall a": 0.899, "flagged b": 0.01}, ["recall a"]),
        ({"recall a": 0.9, "flagged b": 0.011}, ["flagged b"]),
        ({"flagged b": 0.01}, ["recall a"]),
    ],
)
def test_a_fall_is_named(measured, named):
    worse = regressions({"recall a": 0.9, "flagged b": 0.01}, measured)
    assert [line.partition(":")[0] for line in worse] == named
