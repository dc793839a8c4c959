"""The pages: what is found in a page, and where.

Invariant: an insert's text is the page's text between its offsets; of an HTML page the text is what a reader
sees of it (`classifier.markup`), and an insert names the element that holds it instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.blocks import Segment, segments
from classifier.calibration import Verdict, sigmoid
from classifier.inserts import FACTS, PageWeights, page_score, runs, unit_log_odds
from classifier.markup import Hidden, read_html
from classifier.reasons import Reason, explain
from classifier.surroundings import facts
from classifier.text import fold
from classifier.units import Unit, is_short, units
from classifier.weights import Weights

# As many reasons as a person reads.
N_REASONS = 5
# An insert is explained by this much of it.
MAX_EXPLAINED_CHARS = 5_000

Logits = Callable[[Sequence[str]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Insert:
    """A flagged stretch of a page.

    Attributes
    ----------
    start, end : int or None
        Half-open, in code points of the text as given; None for HTML.
    text : str
    score : float
        Probability, in [0, 1], that its surest unit is of an insert.
    reasons : tuple of Reason
        The n-grams that carried it as a post; spans are places in `text`.
    path : str or None
        The element that holds its first segment, for HTML.
    paths : tuple of str
        The elements that hold its segments, for HTML.
    seen : (start, end) or None
        For HTML, where it stands in the text that `classifier.markup.read_html` gives.
    """

    start: int | None
    end: int | None
    text: str
    score: float
    reasons: tuple[Reason, ...]
    path: str | None = None
    paths: tuple[str, ...] = ()
    seen: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What was found in a page.

    Attributes
    ----------
    score : float
        Probability, in [0, 1], that the page holds an insert.
    verdict : {"scam", "unsure", "ham"}
        `scam` where there is an insert.
    inserts : tuple of Insert
        In the order of the page.
    hidden : tuple of Hidden
        Text that an HTML page's markup keeps from its reader; not scored.
    """

    score: float
    verdict: Verdict
    inserts: tuple[Insert, ...]
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What a page is judged by: weights, the loop that applies them, the fitted numbers, and a threshold of the user's."""

    weights: Weights
    logits: Logits
    fitted: PageWeights
    threshold: float | None = None

    @property
    def high(self) -> float:
        """The probability from which a unit is sure."""
        return self.fitted.high if self.threshold is None else self.threshold

    @property
    def low(self) -> float:
        """The probability from which a unit is likely."""
        return min(self.fitted.low, self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """The units of a page, before they are judged.

    Attributes
    ----------
    units : tuple of Unit
    facts : float64 array of shape (n_units, n_facts)
    short : bool array of shape (n_units,)
        Whether a unit is too short to be judged.
    """

    units: tuple[Unit, ...]
    facts: NDArray[np.float64]
    short: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The units of a page.

    Attributes
    ----------
    units : tuple of Unit
    log_odds : float64 array of shape (n_units,)
        Of being of an insert.
    short : bool array of shape (n_units,)
        Whether a unit is too short to be judged.
    """

    units: tuple[Unit, ...]
    log_odds: NDArray[np.float64]
    short: NDArray[np.bool_]


def scan_text(text: str, judge: Judge) -> Page:
    """Find the inserts of a plain-text page."""
    judged = judged_units(text, segments(text), judge)
    inserts = tuple(insert_at(text, judged, bounds, judge) for bounds in insert_runs(judged, judge))
    return page_of(judged.log_odds, inserts, (), judge)


def scan_html(html: str | bytes, judge: Judge) -> Page:
    """Find the inserts of an HTML page.

    Raises
    ------
    InputError
        If the page is beyond a limit of `classifier.markup`.
    """
    markup = read_html(html)
    judged = judged_units(markup.text, markup.segments, judge)
    inserts = []
    for start, end in insert_runs(judged, judge):
        first, last = judged.units[start], judged.units[end - 1]
        found = insert_at(markup.text, judged, (start, end), judge)
        paths = markup.paths[first.first : last.last]
        inserts.append(
            Insert(None, None, found.text, found.score, found.reasons, paths[0], paths, (first.start, last.end))
        )
    return page_of(judged.log_odds, tuple(inserts), markup.hidden, judge)


def judged_units(text: str, parts: Sequence[Segment], judge: Judge) -> Judged:
    """Join the segments of a page to units and judge them."""
    stated = stated_units(text, parts, judge.weights, judge.logits)
    return Judged(stated.units, unit_log_odds(stated.facts, stated.short, judge.fitted.trees), stated.short)


def stated_units(text: str, parts: Sequence[Segment], weights: Weights, logits: Logits) -> Stated:
    """Join the segments of a page to units and state the facts of each; a page without segments has none."""
    if not parts:
        return Stated((), np.empty((0, len(FACTS))), np.empty(0, bool))
    joined, folded = folded_units(text, parts)
    stated = facts(text, joined, folded, logits(folded), weights)
    return Stated(tuple(joined), stated, is_short(folded))


def folded_units(text: str, parts: Sequence[Segment]) -> tuple[list[Unit], list[str]]:
    """Return the units of a page and their folded texts."""
    folded = [fold(text[part.start : part.end]) for part in parts]
    joined = units(text, parts, folded)
    return joined, [
        folded[unit.first] if unit.last == unit.first + 1 else fold(text[unit.start : unit.end]) for unit in joined
    ]


def insert_runs(judged: Judged, judge: Judge) -> Iterator[tuple[int, int]]:
    """Yield the runs of units that are inserts."""
    return runs(judged.log_odds, judged.short, high=judge.high, low=judge.low)


def insert_at(text: str, judged: Judged, bounds: tuple[int, int], judge: Judge) -> Insert:
    """Return the insert that a run of units makes."""
    first, last = bounds
    start, end = judged.units[first].start, judged.units[last - 1].end
    score = float(sigmoid(judged.log_odds[first:last]).max())
    reasons = explain(text[start : min(end, start + MAX_EXPLAINED_CHARS)], judge.weights).reasons
    return Insert(start, end, text[start:end], score, reasons[:N_REASONS])


def page_of(
    log_odds: NDArray[np.float64], inserts: tuple[Insert, ...], hidden: tuple[Hidden, ...], judge: Judge
) -> Page:
    """Return the page with its score and verdict."""
    score = page_score(log_odds, judge.fitted)
    verdict: Verdict = "scam" if inserts else "unsure" if score >= judge.fitted.unsure_from else "ham"
    return Page(score, verdict, inserts, hidden)
