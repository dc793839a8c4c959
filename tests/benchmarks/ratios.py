"""The ratios: what this project must reach against the contenders, beside what was measured.

Everything here follows from the figures alone. Of one thread processor time is quoted, of two the clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contenders import BOTH, FASTTEXT, OWN, TFIDF, VW, WORDS

TWO = ", 2 threads"
# From sklearn's time over ours that is wanted, by n-grams.
SKLEARN_WANTED = {BOTH: 40.0, WORDS: 15.0}
FASTTEXT_WANTED, VW_WANTED, LATENCY_WANTED, TRAINING_WANTED, JOBS_WANTED = 2.0, 1.0, 20.0, 5.0, 1.8
GROWTH_WANTED, MEMORY_GROWTH_WANTED, MEMORY_WANTED = 1.10, 1.10, 400e6


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table.

    Attributes
    ----------
    what : str
    wanted, wall, cpu : float
        The bound, and what was measured on the clock and by processor time; NaN where that says nothing.
    is_least : bool
        Whether the bound is the least that will do, rather than the most.
    quoted : str
        `wall` or `cpu`: what is held against the bound.
    unit : str
    """

    what: str
    wanted: float
    wall: float
    cpu: float = float("nan")
    is_least: bool = True
    quoted: str = "wall"
    unit: str = "times"

    @property
    def measured(self) -> float:
        """Return what is held against the bound."""
        return self.cpu if self.quoted == "cpu" else self.wall

    @property
    def is_reached(self) -> bool:
        """Tell whether the bound is kept."""
        return self.measured >= self.wanted if self.is_least else self.measured <= self.wanted


def ratios(found: dict[str, Any]) -> list[Ratio]:
    """Return every ratio that the figures allow, in the order of the issue that asks for them."""
    parts: tuple[Callable[[dict[str, Any]], Iterator[Ratio]], ...] = (
        bulk_ratios,
        latency_ratios,
        training_ratios,
        growth_ratios,
        memory_ratios,
        job_ratios,
    )
    return [ratio for part in parts for ratio in part(found)]


def bulk_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Compare bulk scoring at the largest number of documents that both have done."""
    rivals = [(TFIDF, form, "", wanted) for form, wanted in SKLEARN_WANTED.items()]
    rivals += [(FASTTEXT, form, "", FASTTEXT_WANTED) for form in (BOTH, WORDS)] + [(VW, WORDS, TWO, VW_WANTED)]
    for name, form, threads, wanted in rivals:
        for kind in ("posts", "pages"):
            own = cells(found, f"{OWN}, {form}{threads}", kind)
            theirs = cells(found, f"{name}, {form}{threads}", kind)
            n = max(own.keys() & theirs.keys(), default=None)
            if n is not None:
                what = f"{n:,} {kind}, {form}, against {name}" + (", two cores each" if threads else "")
                yield compared(what, wanted, theirs[n], own[n], "wall" if threads else "cpu")


def cells(found: dict[str, Any], key: str, kind: str) -> dict[int, dict[str, Any]]:
    """Return a contender's measurements of one kind of document, by their number."""
    return {row["n"]: row for row in found.get("scoring", ()) if row["key"] == key and row["kind"] == kind}


def compared(what: str, wanted: float, theirs: dict[str, Any], own: dict[str, Any], quoted: str) -> Ratio:
    """Return how many times longer the others take."""
    return Ratio(what, wanted, theirs["wall"] / own["wall"], theirs["cpu"] / own["cpu"], quoted=quoted)


def latency_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Compare one post in a process that has scored others, but nothing in bulk."""
    latency = found.get("latency", {})
    for form in (BOTH, WORDS):
        own, theirs = (latency.get(f"{name}, {form}") for name in (OWN, TFIDF))
        if own and theirs:
            yield compared(f"one post, {form}, against {TFIDF}", LATENCY_WANTED, theirs, own, "cpu")


def training_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Compare the fit of the shipped n-grams, vectorising included."""
    own, theirs = (found.get("training", {}).get(f"{name}, {BOTH}") for name in (OWN, TFIDF))
    if own and theirs:
        what = f"training on {found['n_rows']:,} posts, {BOTH}, against {TFIDF}"
        yield compared(what, TRAINING_WANTED, theirs, own, "cpu")


def growth_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Compare this project's time for a MB of many documents with that of few."""
    for form in (BOTH, WORDS):
        for kind in ("posts", "pages"):
            own = cells(found, f"{OWN}, {form}", kind)
            if len(own) > 1:
                few, many = own[min(own)], own[max(own)]
                wall, cpu = (many[clock] / many["bytes"] * few["bytes"] / few[clock] for clock in ("wall", "cpu"))
                what = f"time for a MB, {max(own):,} {kind} against {min(own):,}, {form}"
                yield Ratio(what, GROWTH_WANTED, wall, cpu, is_least=False, quoted="cpu")


def memory_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Hold the peak memory of `classifier score` against its bounds."""
    if "peaks" not in found:
        return
    small, large = (found["peaks"][name] for name in ("small", "large"))
    sizes = [f"{part['bytes'] / 1e6:,.0f} MB" for part in (large, small)]
    name = "peak memory of `classifier score`"
    yield Ratio(f"{name}, {sizes[0]} of JSONL", MEMORY_WANTED / 1e6, large["peak"] / 1e6, is_least=False, unit="MB")
    what = f"{name}, {sizes[0]} against {sizes[1]}"
    yield Ratio(what, MEMORY_GROWTH_WANTED, large["peak"] / small["peak"], is_least=False)


def job_ratios(found: dict[str, Any]) -> Iterator[Ratio]:
    """Compare whole processes over one file."""
    if "processes" not in found:
        return
    taken, size = found["processes"], f"{found['file bytes'] / 1e6:,.0f} MB"
    what = f"`classifier score` of {size}, two jobs against "
    yield compared(what + "one", JOBS_WANTED, taken["--jobs 1"], taken["--jobs 2"], "wall")
    if VW in taken:
        what += f"{VW} on a file in its format, whole processes"
        yield compared(what, VW_WANTED, taken[VW], taken["--jobs 2"], "wall")
