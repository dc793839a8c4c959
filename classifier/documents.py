"""The documents: files, folders and standard input, read as a stream of texts.

By suffix, a file is one post, one post a line, or one post a row:

    .jsonl .ndjson .csv .parquet     one post a row
    anything else                    one post, or one a line if asked for
    .gz after any of them            unzipped on the way

A file's id is its path as given; a line's `path:LINE`; a row's its own `id` or else `path:ROW`. Lines and
rows count from 1: lines of JSONL as they stand, rows of CSV and Parquet without header and blank rows.

All are read as UTF-8; an HTML file alone may be asked for undecoded, since it says itself how it is encoded.

Invariant: what cannot be read is a `Failure` in its place and never an exception, and no more than one
line, one file of one post or one Parquet batch is held at a time.
"""

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, Literal

from classifier.entries import Columns, Entry, Failure, failure, unreadable
from classifier.folders import STDIN, walk
from classifier.tables import read_csv, read_jsonl, read_parquet
from classifier.texts import READ_BYTES, Stream, read_lines, read_post, suffix

Reader = Callable[[Stream, str, Columns], Iterator[Entry]]
StdinFormat = Literal["text", "jsonl"]


def read_documents(
    paths: Iterable[str],
    *,
    lines: bool = False,
    text_column: str = "text",
    html_column: str | None = None,
    stdin_format: StdinFormat = "text",
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[Entry]:
    """Read documents one by one, in the order of the paths.

    Parameters
    ----------
    paths : iterable of str
        Files, folders, and `-` for standard input. A folder is walked in sorted order without hidden
        files and linked folders; a file met twice is read once.
    lines : bool
        Whether a file that is no table holds one post a line. Blank lines are skipped.
    text_column, html_column : str
        Where a row's text stands, and its HTML if it has no text. With a column for HTML, an HTML file is
        handed on undecoded, too.
    stdin_format : {"text", "jsonl"}
        What standard input is; it is not guessed.
    on_bytes : callable, optional
        Told how many more bytes of the files were read, as they lie on disk.

    Yields
    ------
    Document or Failure

    Raises
    ------
    TypeError
        If `paths` is a lone string.
    """
    if isinstance(paths, str):
        raise TypeError(f"read_documents: paths is the str {paths!r}, an iterable of paths was expected")
    columns = Columns(text_column, html_column)
    stdin_reader = read_jsonl if stdin_format == "jsonl" else read_lines if lines else read_post
    return documents_at(
        walk(paths), columns, lambda path: stdin_reader if path == STDIN else reader(path, lines), on_bytes
    )


def documents_at(
    paths: Iterable[str | Failure],
    columns: Columns,
    choose: Callable[[str], Reader],
    on_bytes: Callable[[int], object] | None,
) -> Iterator[Entry]:
    """Read each path in turn with the reader chosen for it."""
    for path in paths:
        if isinstance(path, Failure):
            yield path
        else:
            yield from read_path(path, choose(path), columns, on_bytes)


def reader(path: str, lines: bool) -> Reader:
    """Return what reads a file, by its suffix."""
    tables: dict[str, Reader] = {
        ".jsonl": read_jsonl,
        ".ndjson": read_jsonl,
        ".csv": read_csv,
        ".parquet": read_parquet,
    }
    return tables.get(suffix(path), read_lines if lines else read_post)


def read_path(path: str, read: Reader, columns: Columns, on_bytes: Callable[[int], object] | None) -> Iterator[Entry]:
    """Read one file; what goes wrong on the way is a failure after the documents that went well."""
    with ExitStack() as stack:
        try:
            raw: io.BufferedReader = (
                standard_input()
                if path == STDIN
                else stack.enter_context(io.BufferedReader(io.FileIO(path), READ_BYTES))
            )
        except (OSError, ValueError) as error:
            yield unreadable(path, error)
            return
        stream = gzip.GzipFile(fileobj=raw) if path.lower().endswith(".gz") else raw
        try:
            entries = read(stream, path, columns)
            yield from entries if on_bytes is None or path == STDIN else followed(entries, raw, on_bytes)
        except EOFError:
            yield failure(
                path, "cut off before the end of the gzip stream, a whole file was expected", "fetch it again"
            )
        except (gzip.BadGzipFile, zlib.error) as error:
            yield failure(path, f"broken gzip ({error}), a whole file was expected", "fetch it again")
        except OSError as error:
            yield unreadable(path, error)


def standard_input() -> io.BufferedReader:
    """Return standard input as bytes that can be looked at before they are read."""
    stream: Any = sys.stdin.buffer
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)


def followed(entries: Iterable[Entry], raw: BinaryIO, on_bytes: Callable[[int], object]) -> Iterator[Entry]:
    """Pass the documents of a file on and tell how far it has been read."""
    status = os.fstat(raw.fileno()) if raw.seekable() else None
    if status is None or not stat.S_ISREG(status.st_mode):
        yield from entries
        return
    done = 0
    for entry in entries:
        # Parquet keeps its table of contents at the end, so that the position jumps.
        now = max(done, min(raw.tell(), status.st_size))
        on_bytes(now - done)
        done = now
        yield entry
    on_bytes(status.st_size - done)
