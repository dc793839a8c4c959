"""The runs: all that `score` and `scan` read, judged and written, in order and in bounded memory.

    paths -> items -> portions -> answers -> rows in their place

Invariant: a row for every document and every failure, in input order; if it is ended early, a file is left
as it was, and with `--resume` what is written is kept.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from classifier import __version__
from classifier.answers import WORTH_S, Answer, Judge, in_order
from classifier.batches import batches
from classifier.destination import destination, emitter, encoded
from classifier.documents import read_items
from classifier.entries import Columns, Failure, Item
from classifier.errors import InputError
from classifier.folders import STDIN, n_bytes, walk
from classifier.journal import Done, Identity, Take, after, journalled
from classifier.lines import beyond
from classifier.model import Model
from classifier.output import Format, Layout, layout
from classifier.progress import progress
from classifier.record import encode
from classifier.workers import crew_opener

# Files that a journal names; of more it holds a digest.
MAX_NAMED = 100


@dataclass(frozen=True, slots=True)
class Source:
    """What is read.

    Attributes
    ----------
    paths : tuple of str
    columns : Columns
        Where a row's text stands.
    lines : bool
        Whether a file that is no table holds one post a line.
    """

    paths: tuple[str, ...]
    columns: Columns
    lines: bool = False

    @property
    def is_awaited(self) -> bool:
        """Whether lines may be written slowly, and each is to be answered at once."""
        return self.lines and STDIN in self.paths


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go, and how they are laid out; with an identity, an interrupted run is taken up again."""

    path: Path | None
    format: Format
    fields: tuple[str, ...]
    identity: Identity | None = None

    @property
    def is_shared(self) -> bool:
        """Whether rows go where a progress bar would stand."""
        return self.path is None and sys.stdout.isatty()


def run(
    task: str,
    source: Source,
    target: Target,
    judge_for: Callable[[Layout], Judge],
    *,
    jobs: int | None = None,
    tell: Callable[[str], None],
) -> Done:
    """Judge all that is read and write the rows.

    Parameters
    ----------
    task : str
        What is being done, for the progress bar.
    source : Source
    target : Target
    judge_for : callable
        Returns the judge whose rows have a layout.
    jobs : int or None
        Processes that judge; if None, as many as there are processors once it is worth it.
    tell : callable
        Takes each failure's error, and what else a person should know.

    Returns
    -------
    Done
        What was written, by earlier runs, too.
    """
    with opened(target) as (rows, done, take):
        if done.written_ns is not None:
            tell(f"{target.path}: whole already, {done.n_entries:,} rows; nothing is left to do")
            return done
        if done.n_entries:
            tell(f"{target.path}: goes on after {done.n_entries:,} rows that are there")
        with progress(task, n_bytes(source.paths), quiet=target.is_shared) as advance:
            items = read_items(source.paths, source.columns, lines=source.lines, on_bytes=advance)
            portions = batches(beyond(items, done.n_entries), flush_each=source.is_awaited)
            with closing(answers(portions, judge_for(rows), jobs, is_awaited=source.is_awaited)) as answered:
                for answer in answered:
                    for error in answer.errors:
                        tell(error)
                    take(answer)
                    done = after(done, answer)
    return done


@contextmanager
def opened(target: Target) -> Iterator[tuple[Layout, Done, Take]]:
    """Open where rows go: give their layout, what is there already, and what adds an answer."""
    if target.path is not None and target.identity is not None:
        rows = layout(target.format, target.fields)
        with journalled(target.path, target.identity, encoded(rows.head())) as (done, take):
            yield rows, done, take
        return
    with destination(target.path) as stream:
        rows = layout(target.format, target.fields, stream)
        emit = emitter(stream, target.path, True)
        emit(encoded(rows.head()))
        yield rows, Done(), lambda answer: emit(answer.octets)


def answers(
    portions: Iterable[Sequence[Item]], judge: Judge, jobs: int | None, *, is_awaited: bool
) -> Generator[Answer, None, None]:
    """Judge portions in as many processes as suit them."""
    n_jobs = 1 if is_awaited else jobs or n_processors()
    open_crew = crew_opener(judge, n_jobs) if n_jobs > 1 else None
    return in_order(portions, judge, open_crew, jobs=n_jobs, worth_s=0.0 if jobs and n_jobs > 1 else WORTH_S)


def n_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# What a journal belongs to


def identity(model: Model, source: Source, **options: object) -> Identity:
    """Return what the rows of a run depend on, as plain JSON data.

    Raises
    ------
    InputError
        If an input cannot be read a second time.
    """
    named: list[tuple[str, int | None, int | None]] = []
    n_files, digest = 0, hashlib.sha256()
    for n_files, stamp in enumerate(stamps(source.paths), start=1):
        digest.update(repr(stamp).encode("ascii", "backslashreplace"))
        if n_files <= MAX_NAMED:
            named.append(stamp)
    inputs = {"lines": source.lines, "inputs": named, "n_inputs": n_files, "inputs_sha256": digest.hexdigest()}
    return {"classifier": __version__, "model_sha256": model_digest(model), **options, **inputs}


def stamps(paths: Iterable[str]) -> Iterator[tuple[str, int | None, int | None]]:
    """Yield the path of each input, its bytes, and when it was last written to; None if it is not there."""
    for found in walk(paths):
        path = found.id if isinstance(found, Failure) else found
        try:
            status = Path(path).stat()
        except OSError:
            yield path, None, None
            continue
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            wrong = "a pipe or device, a file that can be read again was expected"
            raise InputError(f"{path}: {wrong}; leave out --resume, or save it to a file")
        yield path, status.st_size, status.st_mtime_ns


def model_digest(model: Model) -> str:
    """Return the SHA-256 of what a model's file holds, wherever it lies."""
    fields = encode(model.weights, model.calibration, model.page_weights, model.pages, model.card)
    digest = hashlib.sha256()
    for name, value in sorted(fields.items()):
        octets = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        digest.update(f"{name} {len(octets)} ".encode() + octets)
    return digest.hexdigest()
