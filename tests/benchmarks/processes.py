"""Whole processes over large files: the peak memory of `classifier score`, two jobs against one, and Vowpal Wabbit's."""

import json
import shutil
import sys
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from contenders import VW, Contender, train_vw_file, vw_example, write_lines
from texts import documents
from timing import Usage, by_turns, median_usage, run, run_with_peak

# Characters of the small file, and how many times that the large one is.
SMALL_CHARS, QUICK_SMALL_CHARS, GROWTH = 200_000_000, 10_000_000, 10
# A page, then so many posts, and again.
PAGE_CHARS, POST_CHARS, N_POSTS = 5_000, 200, 5
ROUNDS = 3
VW_PROGRAM = (
    "import sys; from vowpalwabbit import Workspace; "
    "Workspace(testonly=True, quiet=True, initial_regressor=sys.argv[1], data=sys.argv[2], predictions=sys.argv[3]).finish()"
)


def measure_processes(
    present: Iterable[Contender], texts: list[str], folder: Path, *, is_quick: bool
) -> dict[str, Any]:
    """Measure on files of JSON Lines that are written here, without ids."""
    small, large = folder / "small.jsonl", folder / "large.jsonl"
    mixed = list(mixed_documents(texts, QUICK_SMALL_CHARS if is_quick else SMALL_CHARS))
    write_lines(small, (json.dumps({"text": text}, ensure_ascii=False) for text in mixed))
    repeat(small, large, GROWTH)
    commands = {f"--jobs {n}": [*score_command(small, folder), "--jobs", str(n)] for n in (1, 2)}
    if any(contender.name == VW for contender in present):
        commands[VW] = vw_command(mixed, folder)
    taken = by_turns({name: partial(run, command) for name, command in commands.items()}, ROUNDS)
    return {
        "file bytes": small.stat().st_size,
        "processes": {name: described(usages) for name, usages in taken.items()},
        "peaks": {path.stem: measure_peak(path, folder) for path in (small, large)},
    }


def mixed_documents(texts: Iterable[str], n_chars: int) -> Iterable[str]:
    """Yield a page and some posts by turns, so many characters in all."""
    n_rounds = n_chars // (PAGE_CHARS + N_POSTS * POST_CHARS)
    pages = documents(texts, n_chars=PAGE_CHARS, n_documents=n_rounds)
    posts = documents(texts, n_chars=POST_CHARS, n_documents=n_rounds * N_POSTS)
    for page in pages:
        yield page
        yield from islice(posts, N_POSTS)


def repeat(source: Path, target: Path, n_times: int) -> None:
    """Write a file several times over into another."""
    with target.open("wb") as written:
        for _ in range(n_times):
            with source.open("rb") as read:
                shutil.copyfileobj(read, written)


def score_command(path: Path, folder: Path) -> list[str]:
    """Return the command that scores a file with the shipped model, with as many jobs as it takes by itself."""
    return [
        sys.executable,
        "-m",
        "classifier",
        "score",
        str(path),
        "--format",
        "jsonl",
        "--output",
        str(folder / "out"),
    ]


def vw_command(texts: list[str], folder: Path) -> list[str]:
    """Write texts in Vowpal Wabbit's format and return the command that scores them, with a model fitted on two."""
    model, path = folder / "processes.vw", folder / "small.vw"
    write_lines(folder / "two.vw", [f"1 {vw_example('win coins')}", f"-1 {vw_example('good morning')}"])
    train_vw_file(folder / "two.vw", model)
    write_lines(path, map(vw_example, texts))
    return [sys.executable, "-c", VW_PROGRAM, str(model), str(path), str(folder / "out")]


def measure_peak(path: Path, folder: Path) -> dict[str, Any]:
    """Score a file and return what that took."""
    usage, peak = run_with_peak(score_command(path, folder))
    return {"bytes": path.stat().st_size, "peak": peak, "wall": usage.wall, "cpu": usage.cpu}


def described(usages: list[Usage]) -> dict[str, Any]:
    """Return medians and every time on the clock."""
    usage = median_usage(usages)
    return {"wall": usage.wall, "cpu": usage.cpu, "walls": [one.wall for one in usages]}
