"""The destination: where results go, standard output or a file.

Invariant: a file stands in its place whole or not at all, and a closed pipe is no error.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from classifier.errors import ClassifierError
from classifier.replacement import replacing

Emit = Callable[[bytes], None]


@contextmanager
def destination(path: Path | None) -> Iterator[BinaryIO]:
    """Open what is written to; a pipe or device is written to as it is, a link's target is replaced."""
    if path is None:
        with standard_output() as stream:
            yield stream
        return
    with ExitStack() as stack:
        with refusals(path):
            place = Path(os.path.realpath(path))
            if place.exists() and not place.is_file():
                stack.enter_context(suppress(BrokenPipeError))
            else:
                place = stack.enter_context(replacing(place))
            stream = stack.enter_context(opened(place))
        yield stream
        with refusals(path):
            stream.flush()


@contextmanager
def opened(place: Path) -> Iterator[BinaryIO]:
    """Open a file for writing; whoever needs to know that all was written flushes it before the end."""
    stream = place.open("wb")
    try:
        yield stream
    finally:
        # It would say once more that the disk is full, in place of the error that is on its way.
        with suppress(OSError):
            stream.close()


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Give standard output as bytes; if its reader goes away, what is left is dropped."""
    try:
        yield sys.stdout.buffer
        emitter(sys.stdout.buffer, None, True)(b"")
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and would complain.
        with suppress(io.UnsupportedOperation), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextmanager
def refusals(path: Path | None) -> Iterator[None]:
    """Word what the operating system refuses, a closed pipe excepted."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path | None, error: OSError) -> ClassifierError:
    """Word why the output cannot be written."""
    where = path or "standard output"
    wrong = f"cannot be written ({error.strerror or error}), a file in an existing folder was expected"
    return ClassifierError(f"{where}: {wrong}; check the folder, its permissions and the space left")


def emitter(stream: BinaryIO, path: Path | None, flush_each: bool) -> Emit:
    """Return what writes bytes, and says it in words if they cannot be written."""

    def emit(octets: bytes) -> None:
        try:
            stream.write(octets)
            if flush_each:
                stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable(path, error) from error

    return emit


def encoded(text: str) -> bytes:
    """Return text as UTF-8; a lone surrogate as its escape."""
    return text.encode("utf-8", "backslashreplace")
