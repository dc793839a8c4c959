"""The documents: files, folders and standard input, read as a stream of texts.

By suffix, a file is one post, one post a line, or one post a row:

    .jsonl .ndjson .csv .parquet     one post a row
    anything else                    one post, or one a line if asked for
    .gz after any of them            unzipped on the way

A file's id is its path as given; a line's `path:LINE`; a row's its own `id` or else `path:ROW`. Lines and
rows count from 1: lines of JSONL as they stand, rows of CSV and Parquet without header and blank rows.

All are read as UTF-8; an HTML file alone may be asked for undecoded, since it says itself how it is encoded.

Invariant: what cannot be read is a `Failure` in its place and never an exception, and no more than one
stretch of lines, one file of one post or one Parquet batch is held at a time.
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

from classifier.entries import Columns, Document, Entry, Failure, Item, Lines, failure, unreadable
from classifier.folders import STDIN, walk
from classifier.lines import numbered, read_stretches
from classifier.rows import json_entry, read_csv, read_parquet
from classifier.texts import READ_BYTES, Stream, read_post, suffix

Reader = Callable[[Stream, str, Columns], Iterator[Item]]
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
    stdin = read_rows if stdin_format == "jsonl" else None
    items = read_items(paths, columns, lines=lines, stdin=stdin, on_bytes=on_bytes)
    return parsed(items, columns)


def read_items(
    paths: Iterable[str],
    columns: Columns,
    *,
    lines: bool = False,
    stdin: Reader | None = None,
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[Item]:
    """Read documents as `read_documents` does, but leave lines unparsed."""
    for path in walk(paths):
        if isinstance(path, Failure):
            yield path
        else:
            read = stdin if stdin and path == STDIN else reader(path, lines)
            yield from read_path(path, read, columns, on_bytes)


def parsed(items: Iterable[Item], columns: Columns) -> Iterator[Entry]:
    """Yield the documents and failures that items are."""
    for item in items:
        yield from entries_of(item, columns)


def entries_of(item: Item, columns: Columns) -> Iterator[Entry]:
    """Yield the documents and failures that an item is, lines parsed."""
    if not isinstance(item, Lines):
        yield item
        return
    for where, line in numbered(item):
        if isinstance(line, Failure):
            yield line
        else:
            yield json_entry(line, where, columns) if item.are_rows else Document(where, line.rstrip("\r\n"))


def read_lines(stream: Stream, path: str, columns: Columns) -> Iterator[Item]:
    """Read a file of one post a line."""
    return read_stretches(stream, path, are_rows=False)


def read_rows(stream: Stream, path: str, columns: Columns) -> Iterator[Item]:
    """Read a file of one JSON object a line."""
    return read_stretches(stream, path, are_rows=True)


def reader(path: str, lines: bool) -> Reader:
    """Return what reads a file, by its suffix; standard input has none."""
    tables: dict[str, Reader] = {
        ".jsonl": read_rows,
        ".ndjson": read_rows,
        ".csv": read_csv,
        ".parquet": read_parquet,
    }
    return tables.get(suffix(path), read_lines if lines else read_post)


def read_path(path: str, read: Reader, columns: Columns, on_bytes: Callable[[int], object] | None) -> Iterator[Item]:
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
            items = unshortened(read(stream, path, columns), raw, path)
            yield from items if on_bytes is None else followed(items, raw, path, on_bytes)
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


def unshortened(items: Iterable[Item], raw: BinaryIO, path: str) -> Iterator[Item]:
    """Pass the items of a file on, and then say so if it has been cut while it was read."""
    n_before = n_bytes_on_disk(raw, path)
    yield from items
    n_after = n_bytes_on_disk(raw, path)
    if n_before is not None and n_after is not None and n_after < n_before:
        wrong = f"cut from {n_before:,} to {n_after:,} bytes while it was read, a whole file was expected"
        yield failure(path, wrong, "run again once nothing writes to it")


def n_bytes_on_disk(raw: BinaryIO, path: str) -> int | None:
    """Return the size of an open file, or None if it is a pipe or a device."""
    status = None if path == STDIN else os.fstat(raw.fileno())
    return status.st_size if status and stat.S_ISREG(status.st_mode) else None


def followed(items: Iterable[Item], raw: BinaryIO, path: str, on_bytes: Callable[[int], object]) -> Iterator[Item]:
    """Pass the items of a file on and tell how far it has been read."""
    size, done = n_bytes_on_disk(raw, path), 0
    for item in items:
        # Parquet keeps its table of contents at the end, so that the position jumps.
        now = done if size is None else max(done, min(raw.tell(), size))
        on_bytes(now - done)
        done = now
        yield item
    on_bytes((size or 0) - done)
