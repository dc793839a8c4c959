"""The progress: a bar on standard error for whoever watches, and nothing at all for a log file.

Invariant: standard output is never touched, and rich is imported only if the bar is shown.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

# The eye sees no more, and rich takes a lock for each update.
UPDATE_S = 0.1

Advance = Callable[[int], None]


@contextmanager
def progress(
    task: str, total: int | None, *, unit: Literal["bytes", "posts"] = "bytes", quiet: bool = False
) -> Iterator[Advance]:
    """Show how much is done, how fast, and the time left, if standard error is a terminal.

    Parameters
    ----------
    task : str
        What is being done, for example "scoring".
    total : int or None
        How much there is to do; None if unknown.
    unit : {"bytes", "posts"}
        What is counted.
    quiet : bool
        Whether to show nothing, for example because results go to the same terminal.

    Yields
    ------
    callable
        Takes how much more was done.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda n: None
        return
    with shown(unit) as bar:
        number, waiting, updated = bar.add_task(task, total=total), 0, time.monotonic()

        def advance(n: int) -> None:
            nonlocal waiting, updated
            waiting += n
            if time.monotonic() - updated >= UPDATE_S:
                bar.update(number, advance=waiting)
                waiting, updated = 0, time.monotonic()

        yield advance
        bar.update(number, advance=waiting)


def shown(unit: Literal["bytes", "posts"]) -> Any:
    """Return rich's bar with the columns that fit the unit; it leaves no line behind."""
    from rich import progress as rich_progress
    from rich.console import Console

    done = {
        "bytes": (rich_progress.DownloadColumn(), rich_progress.TransferSpeedColumn()),
        "posts": (rich_progress.MofNCompleteColumn(), rich_progress.TaskProgressColumn(show_speed=True)),
    }
    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        *done[unit],
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
