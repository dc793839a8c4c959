"""The answers: portions of input are judged, here or by other processes, and come out in the order they went in.

A judge is asked for a whole portion at a time and answers with its rows as they will be written: parsing the
input and formatting the output cost about as much as scoring, so they go to the processes, too, and this
one only reads, orders and writes. How much there is to do is not known beforehand, so it is found out:

    at first     portions are judged here, without loading anything; for a few files that is all
    in bulk      once that has taken `WORTH_S`, or at once where a number of jobs is asked for, processes
                 are started; what comes in until they are ready is still judged here. With one job the
                 compiled loop is loaded instead

Invariants: an answer a portion, in order; at most `WINDOW` portions a process are held; nothing that was
started is left when the stream ends, is closed or is interrupted.
"""

import importlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from classifier.destination import encoded
from classifier.entries import Document, Entry, Failure, Item
from classifier.model import Model
from classifier.writers import Row

# Seconds of work after which more is expected to come. Loading the compiled loop takes as long: at worst, a
# run takes twice as long as if it had been known beforehand what pays.
WORTH_S = 1.0
# More characters than `classifier.model` judges without the compiled loops once they are loaded.
WARMING_TEXT = "The council met on Monday.\n\n" * 200
# Portions in hand for each process: one being judged and one waiting.
WINDOW = 2

Result = tuple[str, bool] | Failure


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written for a portion.

    Attributes
    ----------
    octets : bytes
        Its rows, as they stand in the output.
    n_entries : int
        Documents and failures, a row each.
    errors : tuple of str
        Of the failures.
    is_flagged : bool
        Whether a verdict is `scam`.
    """

    octets: bytes
    n_entries: int
    errors: tuple[str, ...] = ()
    is_flagged: bool = False


class Judge(Protocol):
    """What answers portions; it can be sent to another process."""

    def answer(self, portion: Sequence[Item]) -> Answer:
        """Judge a portion."""

    def warm_up(self) -> None:
        """Load what pays in bulk."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes that judge.

    Attributes
    ----------
    is_ready : callable
        Tells whether they wait for work, or have failed to come so far: then an answer's future says why.
    submit : callable
        Hands a portion to the next that is free.
    """

    is_ready: Callable[[], bool]
    submit: Callable[[Sequence[Item]], Future[Answer]]


def in_order(
    portions: Iterable[Sequence[Item]],
    judge: Judge,
    open_crew: Callable[[], AbstractContextManager[Crew]] | None,
    *,
    jobs: int,
    worth_s: float = WORTH_S,
) -> Generator[Answer, None, None]:
    """Judge portions and yield their answers in order.

    Parameters
    ----------
    portions : iterable of sequences of items
    judge : Judge
        Asked here as long as there is no crew.
    open_crew : callable, optional
        Starts the processes; None if all is to be judged here.
    jobs : int
        How many processes there are in a crew.
    worth_s : float
        Seconds of judging here after which it is bulk.
    """
    crew, is_bulk, spent_s = None, False, 0.0
    window: deque[Future[Answer]] = deque()
    with ExitStack() as stack:
        for portion in portions:
            if spent_s > worth_s and not is_bulk:
                is_bulk = True
                if open_crew is None:
                    judge.warm_up()
                else:
                    crew = stack.enter_context(open_crew())
            if crew is not None and crew.is_ready():
                window.append(crew.submit(portion))
                yield from finished(window, WINDOW * jobs - 1)
                continue
            began = time.perf_counter()
            answer = judge.answer(portion)
            spent_s += time.perf_counter() - began
            yield answer
        yield from finished(window, 0)


def finished(window: deque[Future[Answer]], n_left: int) -> Iterator[Answer]:
    """Take answers off the front of the window: those that are there, and so many that few enough are left."""
    while window and (len(window) > n_left or window[0].done()):
        yield window.popleft().result()


def warm_up(model: Model) -> None:
    """Load the compiled loops and their machine code, which are then used for all but the shortest texts."""
    importlib.import_module("classifier.compiled")
    model.score(WARMING_TEXT)


def answered(
    entries: Iterable[Entry],
    judge_many: Callable[[list[Document]], Iterable[Result]],
    line: Callable[[Row], str],
) -> Answer:
    """Judge entries and put the row of each where its entry stood."""
    given = list(entries)
    documents = [entry for entry in given if isinstance(entry, Document)]
    judged = iter([result for _, result in zip(documents, judge_many(documents), strict=True)] if documents else [])
    results: list[Result] = [entry if isinstance(entry, Failure) else next(judged) for entry in given]
    rows = "".join(
        line({"id": result.id, "error": result.error}) if isinstance(result, Failure) else result[0]
        for result in results
    )
    return Answer(
        encoded(rows),
        len(given),
        tuple(result.error for result in results if isinstance(result, Failure)),
        any(not isinstance(result, Failure) and result[1] for result in results),
    )
