r"""The journal: how far an output has got, so that a run that was ended can be taken up again.

Beside the output lie, while it is not whole,

    OUT.partial     the rows so far, at their end perhaps a torn one
    OUT.journal     JSON Lines: what the rows belong to, then again and again how far they are complete

and once it is whole, OUT itself and its journal, which says that there is nothing left to do:

    {"classifier": "0.1.0", "command": "score", ..., "inputs": [["posts.jsonl", 52428800, 1764095530123456789]]}
    {"n_entries": 81920, "n_bytes": 4751360, "has_failures": false, "is_flagged": true, "written_ns": null}

Rows are on the disk before the line that counts them is written. So whenever the power fails, what the last
whole line counts is there; what stands behind it, in either file, is cut off and done again.

Invariants: nothing is changed before it is sure that the files belong to this run; one run writes at a time;
OUT is whole or not there.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any

from classifier.answers import Answer
from classifier.destination import refusals
from classifier.errors import ClassifierError

# Seconds of work that may have to be done again. Chosen: waiting for the disk that often does not show.
SYNC_S = 0.25

Identity = Mapping[str, object]
Take = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class Done:
    """How far an output is complete.

    Attributes
    ----------
    n_entries : int
        Documents and failures, from the first.
    n_bytes : int
        Of their rows, with what stands before them.
    has_failures : bool
        Whether one of them is a failure.
    is_flagged : bool
        Whether one of them is.
    written_ns : int or None
        Once the output is whole: when it was last written to, in nanoseconds since 1970.
    """

    n_entries: int = 0
    n_bytes: int = 0
    has_failures: bool = False
    is_flagged: bool = False
    written_ns: int | None = None


@contextmanager
def journalled(path: Path, identity: Identity, head: bytes) -> Iterator[tuple[Done, Take]]:
    """Give how far an output is complete, and a function that adds to it; put it in its place at the end.

    Parameters
    ----------
    path : Path
        The output.
    identity : mapping
        What the rows depend on, as plain JSON data; `inputs` may hold lists of path, bytes and time.
    head : bytes
        What stands before the rows.

    Yields
    ------
    done : Done
        If it is whole, there is nothing to add.
    take : callable
        Adds the rows of an answer.

    Raises
    ------
    ClassifierError
        If what is there belongs to something else, is written to by another run, or cannot be written.
    """
    place = Path(os.path.realpath(path))
    partial = place.with_name(f"{place.name}.partial")
    with ExitStack() as stack:
        with refusals(path):
            journal = stack.enter_context(opened(place, partial))
            done, n_bytes = read(journal, identity, place, partial)
            check(done, place, partial)
            journal.truncate(n_bytes)
            if n_bytes == 0:
                append(journal, identity)
        if done.written_ns is not None:
            yield done, lambda answer: None
        else:
            with continued(path, partial, journal, done, head) as take:
                yield done, take
        with refusals(path):
            if partial.exists():
                partial.replace(place)


@contextmanager
def continued(path: Path, partial: Path, journal: FileIO, done: Done, head: bytes) -> Iterator[Take]:
    """Add to the rows so far and note how far they are complete; what is not complete is cut off at the end."""
    with refusals(path):
        rows = FileIO(partial, "ab")
        rows.truncate(done.n_bytes)
    written, noted_s = done, time.monotonic()

    def add(octets: bytes, after: Done) -> None:
        nonlocal written
        write(rows, octets)
        written = after

    def note(state: Done) -> None:
        nonlocal noted_s
        os.fsync(rows.fileno())
        append(journal, asdict(state))
        noted_s = time.monotonic()

    def take(answer: Answer) -> None:
        with refusals(path):
            add(answer.octets, after(written, answer))
            if time.monotonic() - noted_s >= SYNC_S:
                note(written)

    try:
        with refusals(path):
            if not done.n_bytes:
                add(head, Done(n_bytes=len(head)))
        yield take
        with refusals(path):
            os.fsync(rows.fileno())
            note(replace(written, written_ns=os.fstat(rows.fileno()).st_mtime_ns))
            os.fsync(journal.fileno())
    except BaseException:
        with suppress(OSError):
            rows.truncate(written.n_bytes)
            note(written)
        raise
    finally:
        rows.close()


def after(done: Done, answer: Answer) -> Done:
    """Return how far an output is complete once an answer is added."""
    return Done(
        done.n_entries + answer.n_entries,
        done.n_bytes + len(answer.octets),
        done.has_failures or bool(answer.errors),
        done.is_flagged or answer.is_flagged,
    )


def write(stream: FileIO, octets: bytes) -> None:
    """Write all of it; the system may take a part at a time."""
    left = memoryview(octets)
    while left:
        left = left[stream.write(left) :]


def append(journal: FileIO, line: Mapping[str, object]) -> None:
    """Add a line to a journal."""
    write(journal, encoded_line(line))


def encoded_line(line: Mapping[str, object]) -> bytes:
    """Return a line of a journal; a path may hold lone surrogates, where its bytes are not UTF-8."""
    return json.dumps(line).encode("ascii") + b"\n"


# What is there


@contextmanager
def opened(place: Path, partial: Path) -> Iterator[FileIO]:
    """Open the journal of an output, and keep other runs out; it is made only where nothing is there yet."""
    path = journal_of(place)
    if not path.exists() and (found := next((file for file in (place, partial) if file.exists()), None)):
        raise refused(found, "there without its journal, so that it is not known what it holds", place)
    with FileIO(path, "ab+") as journal:
        lock(journal, path)
        journal.seek(0)
        yield journal


def lock(journal: FileIO, path: Path) -> None:
    """Keep other runs out for as long as the file is open, where the system can."""
    if os.name != "posix":
        return
    import fcntl

    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        wrong = "another run is writing its output, none was expected"
        raise ClassifierError(f"{path}: {wrong}; wait for its end, or choose another --output") from error


def read(journal: FileIO, identity: Identity, place: Path, partial: Path) -> tuple[Done, int]:
    """Read how far an output is complete, and how many bytes of the journal say so: 0 if it has not begun."""
    octets = journal.read()
    first, ended, rest = octets.partition(b"\n")
    if not ended:
        # What is left of a run that was ended as it began.
        if not partial.exists() and encoded_line(identity).startswith(octets):
            return Done(), 0
        raise refused(journal_of(place), "no journal of this program", place)
    difference = differing(parsed(first), json.loads(json.dumps(identity)))
    if difference:
        raise refused(journal_of(place), f"of another run ({difference})", place)
    done, n_bytes = Done(), len(first) + 1
    for line in rest.split(b"\n")[:-1]:
        fields = parsed(line)
        if fields is None or fields.keys() != asdict(done).keys():
            break
        done, n_bytes = Done(**fields), n_bytes + len(line) + 1
    return done, n_bytes


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line is, if it is one."""
    try:
        found = json.loads(line.decode("ascii"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def differing(found: Identity | None, wanted: Identity) -> str:
    """Say in what a journal differs from what was expected; nothing if it does not."""
    if found is None or found.keys() != wanted.keys():
        return "not of this release"
    for name, value in wanted.items():
        if name == "inputs" and found[name] != value:
            return differing_inputs(found[name], value)
        if found[name] != value:
            return f"its {name} {json.dumps(found[name])}, now {json.dumps(value)}"
    return ""


def differing_inputs(found: object, wanted: object) -> str:
    """Name the first input that is another, or has been changed."""
    if isinstance(found, list) and isinstance(wanted, list):
        for before, now in zip(found, wanted, strict=False):
            if before != now:
                same_name = isinstance(before, list) and before[:1] == now[:1]
                return f"{now[0]} has been changed since" if same_name else f"its input {before[0]}, now {now[0]}"
    return "its inputs are others"


def check(done: Done, place: Path, partial: Path) -> None:
    """Check that the rows that a journal counts are there.

    Raises
    ------
    ClassifierError
        If they are not, or something else is.
    """
    n_partial = partial.stat().st_size if partial.exists() else 0
    if n_partial < done.n_bytes and (done.written_ns is None or partial.exists()):
        raise refused(partial, f"{n_partial:,} bytes, {done.n_bytes:,} by its journal", place)
    if done.written_ns is None or partial.exists():
        if place.exists():
            raise refused(place, "there before it was finished", place)
        return
    status = place.stat() if place.exists() else None
    if status is None or (status.st_size, status.st_mtime_ns) != (done.n_bytes, done.written_ns):
        raise refused(place, "removed or changed since it was written", place)


def journal_of(place: Path) -> Path:
    """Return where the journal of an output lies."""
    return place.with_name(f"{place.name}.journal")


def refused(path: Path, wrong: str, place: Path) -> ClassifierError:
    """Word that nothing can be resumed."""
    advice = f"choose another --output, or remove {place.name} and its .partial and .journal to begin anew"
    return ClassifierError(f"{path}: {wrong}, what --resume left of the same run was expected; {advice}")
