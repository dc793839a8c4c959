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

import csv
import gzip
import importlib
import io
import json
import os
import stat
import sys
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Literal

STDIN = "-"
# Bytes of one post or one line, unzipped. Chosen: a hundred times the longest page met in the wild; what
# is larger is a dump or a gzip bomb.
MAX_BYTES = 256 * 2**20
# A file with a NUL this early is binary (git looks at the first 8 kB, too).
BINARY_BYTES = 8192
READ_BYTES = 2**16
PARQUET_ROWS = 500
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", bytes: "bytes"}


@dataclass(frozen=True, slots=True)
class Document:
    """A text to score.

    Attributes
    ----------
    id : str
        What its result is called.
    text : str
        The text as given, a byte-order mark dropped. It may hold lone surrogates, which JSON can escape.
    is_html : bool
        True for an HTML file and for a row's HTML column.
    octets : bytes or None
        An HTML file as it is stored, if it was asked for undecoded; `text` is empty then.
    """

    id: str
    text: str
    is_html: bool = False
    octets: bytes | None = None

    @property
    def page(self) -> str | bytes:
        """The text, or an HTML file undecoded: what a page is scanned from."""
        return self.text if self.octets is None else self.octets


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in a document's place if it could not be read.

    Attributes
    ----------
    id : str
        As the document would be called.
    error : str
        `where: what is wrong, what was expected; what to do`.
    """

    id: str
    error: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a row that hold its text; HTML is looked for, and its files not decoded, if there is a name for it."""

    text: str
    html: str | None


Entry = Document | Failure
Stream = io.BufferedReader | gzip.GzipFile
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


def n_bytes(paths: Iterable[str]) -> int | None:
    """Return how many bytes the files have on disk, or None if some are pipes; what is missing counts as 0."""
    total = 0
    for path in walk(paths):
        if path == STDIN:
            return None
        if isinstance(path, Failure) or not Path(path).exists():
            continue
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total


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


# Walking


def walk(paths: Iterable[str]) -> Iterator[str | Failure]:
    """Yield the files that the paths name, each once."""
    seen: set[str] = set()
    for given in paths:
        path = os.fspath(given).replace(os.sep, "/")
        for found in files_under(path) if path != STDIN and Path(path).is_dir() else [path]:
            place = found if found == STDIN or isinstance(found, Failure) else os.path.realpath(found)
            if isinstance(place, Failure):
                yield place
            elif place not in seen:
                seen.add(place)
                yield found


def files_under(folder: str) -> Iterator[str | Failure]:
    """Yield the files of a folder and of those in it, sorted by name, without recursion."""
    pending, n_files = [(folder, True)], 0
    while pending:
        path, is_folder = pending.pop()
        if not is_folder:
            n_files += 1
            yield path
            continue
        try:
            pending += reversed(visible(path))
        except OSError as error:
            n_files += 1
            yield unreadable(path, error)
    if n_files == 0:
        yield failure(folder, "no file in it that is not hidden, a folder of posts was expected", "check the path")


def visible(folder: str) -> list[tuple[str, bool]]:
    """Return the path of each file and folder in a folder, sorted, and whether it is a folder.

    Links to folders are left out, which rules out loops; so are pipes and devices, which may never end.
    """
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries]
    kept = sorted((name, is_folder) for name, is_folder, is_file in found if is_folder or is_file)
    return [(f"{folder.rstrip('/')}/{name}", is_folder) for name, is_folder in kept if not name.startswith(".")]


# One file


def reader(path: str, lines: bool) -> Reader:
    """Return what reads a file, by its suffix."""
    tables: dict[str, Reader] = {
        ".jsonl": read_jsonl,
        ".ndjson": read_jsonl,
        ".csv": read_csv,
        ".parquet": read_parquet,
    }
    return tables.get(suffix(path), read_lines if lines else read_post)


def suffix(path: str) -> str:
    """Return the suffix of a path in lower case, that before `.gz` if it is zipped.

    Examples
    --------
    >>> suffix("news/A.JSONL.gz"), suffix("news/a.txt"), suffix("news/a.gz")
    ('.jsonl', '.txt', '')
    """
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    stem, dot, end = name.rpartition(".")
    return dot + end if stem else ""


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


def refusal(stream: Stream, path: str) -> Failure | None:
    """Say why a file is no text, by its first bytes; a byte-order mark is passed over."""
    start = stream.peek(BINARY_BYTES)[:BINARY_BYTES]
    if not start and path != STDIN:
        return empty(path)
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return failure(path, "UTF-16 by its byte-order mark, UTF-8 was expected", "save it as UTF-8")
    if b"\0" in start:
        return binary(path)
    if start.startswith(BOM_UTF8):
        stream.read(len(BOM_UTF8))
    return None


# Texts


def read_post(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a whole file as one post, or as a page where HTML is asked for."""
    if columns.html is not None and suffix(path) in HTML_SUFFIXES:
        yield read_page(stream, path)
        return
    refused = refusal(stream, path)
    if refused:
        yield refused
        return
    octets = read_bounded(stream)
    text = too_long(path, path) if octets is None else decoded(octets, path)
    if isinstance(text, Failure):
        yield text
    elif not text.strip():
        yield empty(path)
    else:
        yield Document(path, text, suffix(path) in HTML_SUFFIXES)


def read_page(stream: Stream, path: str) -> Entry:
    """Read a whole HTML file and leave it undecoded."""
    if "\0" in roughly_decoded(stream.peek(BINARY_BYTES)[:BINARY_BYTES]):
        return binary(path)
    octets = read_bounded(stream)
    if octets is None:
        return too_long(path, path)
    return Document(path, "", True, octets) if roughly_decoded(octets).strip() else empty(path)


def roughly_decoded(octets: bytes) -> str:
    """Decode a page so far that NUL and space can be told from the rest, whatever its encoding."""
    if octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return octets.decode("utf-16", "ignore")
    return octets.removeprefix(BOM_UTF8).decode("latin-1")


def read_bounded(stream: Stream) -> bytes | None:
    """Read to the end, or return None once that is too far."""
    chunks, size = [], 0
    while chunk := stream.read(READ_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            return None
    return b"".join(chunks)


def read_lines(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a file of one post a line."""
    for where, line in numbered_lines(stream, path):
        if isinstance(line, Failure):
            yield line
        else:
            yield Document(where, line.rstrip("\r\n"))


def numbered_lines(stream: Stream, path: str) -> Iterator[tuple[str, str | Failure]]:
    """Yield `path:LINE` and the text of each line that is not blank."""
    refused = refusal(stream, path)
    if refused:
        yield path, refused
        return
    for number in count(1):
        where = f"{path}:{number}"
        line = bounded_line(stream, MAX_BYTES)
        if line is None:
            yield where, too_long(where, where)
        elif not line:
            return
        elif not line.isspace():
            yield where, decoded(line, where)


def bounded_line(stream: Stream, max_bytes: int) -> bytes | None:
    """Read a line with its end, or pass over it and return None if it is too long; empty at the end."""
    line = stream.readline(max_bytes + 1)
    if len(line) <= max_bytes or line.endswith(b"\n"):
        return line
    while rest := stream.readline(READ_BYTES):
        if rest.endswith(b"\n"):
            break
    return None


def decoded(octets: bytes, where: str) -> str | Failure:
    """Decode UTF-8 strictly: another encoding is not guessed."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{octets[error.start]:02x} at offset {error.start}"
        return failure(where, f"not UTF-8 ({found}), UTF-8 was expected", "convert it, for example with iconv")


# Rows


def read_jsonl(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a file of one JSON object a line."""
    for where, line in numbered_lines(stream, path):
        row = line if isinstance(line, Failure) else json_row(line, where)
        yield row if isinstance(row, Failure) else row_document(row, where, columns)


def json_row(line: str, where: str) -> dict[str, object] | Failure:
    """Parse one line as a JSON object."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return not_json(where, f"{error.msg} at column {error.colno}")
    except ValueError:
        return not_json(where, "a number of too many digits")
    except RecursionError:
        return not_json(where, "nested too deeply")
    if isinstance(row, dict):
        return row
    return failure(where, f"{kind(row)}, one object a line was expected", "mend or remove the line")


def not_json(where: str, why: str) -> Failure:
    """Say that a line is not JSON."""
    return failure(where, f"not JSON ({why}), one object a line was expected", "mend or remove the line")


def read_csv(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a comma-separated file with a header."""
    refused = refusal(stream, path)
    rows = csv_rows(stream)
    header = refused or next(rows, [])
    if isinstance(header, str):
        header = failure(path, f"{header} in the header, column names were expected", "mend the header")
    elif isinstance(header, list) and not is_readable(header, columns):
        header = no_column(path, header, columns)
    if isinstance(header, Failure):
        yield header
        return
    for number, cells in enumerate(rows, start=1):
        where = f"{path}:{number}"
        if isinstance(cells, str):
            yield failure(where, f"{cells}, a row of UTF-8 CSV was expected", "mend or remove the row")
        elif any(cells[len(header) :]):
            yield failure(
                where, f"{len(cells)} cells, {len(header)} as in the header were expected", "quote the commas"
            )
        else:
            yield row_document(dict(zip(header, cells, strict=False)), where, columns)


def csv_rows(stream: Stream) -> Iterator[list[str] | str]:
    """Yield the cells of each row that is not blank, or what is wrong with it.

    Quotes are read strictly, since one that is never closed would make the rest of the file one post.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
    size, wrong = 0, ""

    def next_line() -> str:
        nonlocal size, wrong
        line = bounded_line(stream, max(MAX_BYTES - size, 0))
        if line is None:
            raise csv.Error(f"over {MAX_BYTES >> 20} MB, is a quote never closed?")
        size += len(line)
        text = decoded(line, "")
        wrong = wrong or ("not UTF-8" if isinstance(text, Failure) else "a NUL character" if "\0" in text else "")
        return line.decode("utf-8", "replace") if isinstance(text, Failure) else text

    rows = csv.reader(iter(next_line, ""), strict=True)
    while (cells := next_row(rows)) is not None:
        if wrong or cells:
            yield wrong or cells
        size, wrong = 0, ""


def next_row(rows: Iterator[list[str]]) -> list[str] | str | None:
    """Return the next row's cells, what is wrong with it, or None at the end; the reader goes on after an error."""
    try:
        return next(rows, None)
    except csv.Error as error:
        return f"not CSV ({error})"


def read_parquet(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a Parquet file batch by batch."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
    except ImportError:
        yield failure(path, "Parquet, which needs pyarrow to be read", "install pyarrow or convert it to JSONL")
        return
    try:
        yield from parquet_documents(stream, path, columns)
    except arrow.ArrowException as error:
        first_line = str(error).partition("\n")[0]
        yield failure(path, f"not Parquet ({first_line}), a whole Parquet file was expected", "write it again")


def parquet_documents(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read the columns that are needed, and no others."""
    table: Any = importlib.import_module("pyarrow.parquet").ParquetFile(stream)
    names = list(table.schema_arrow.names)
    if not is_readable(names, columns):
        yield no_column(path, names, columns)
        return
    wanted = [name for name in dict.fromkeys(names) if name in {"id", columns.text, columns.html}]
    numbers = count(1)
    for batch in table.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
        for values in zip(*(arrow_values(batch.column(name)) for name in wanted), strict=True):
            yield row_document(dict(zip(wanted, values, strict=True)), f"{path}:{next(numbers)}", columns)


def arrow_values(column: Any) -> list[object]:
    """Return the values of a column; a string that is not UTF-8, which Parquet does not rule out, as bytes."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        octets = column.cast("large_binary" if str(column.type).startswith("large") else "binary")
        return [value if value is None else text_or_bytes(value) for value in octets.to_pylist()]


def text_or_bytes(octets: bytes) -> str | bytes:
    """Decode UTF-8, or return what is not as it is."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets


def row_document(row: Mapping[str, object], where: str, columns: Columns) -> Entry:
    """Take a row's id and text."""
    own = row.get("id")
    name = str(own) if isinstance(own, str | int) and not isinstance(own, bool) and own != "" else where
    text, html = row.get(columns.text), row.get(columns.html) if columns.html else None
    found = html if text is None else text
    if isinstance(found, str):
        return too_long(name, where) if len(found) > MAX_BYTES else Document(name, found, text is None)
    if found is None:
        return no_column(where, list(row), columns, name)
    column = columns.html if text is None else columns.text
    wrong = f'"{column}" is {kind(found)}, a string of UTF-8 was expected'
    return failure(where, wrong, "mend or remove the row", name)


def is_readable(names: Iterable[str], columns: Columns) -> bool:
    """Tell whether a table has a column that may hold a text."""
    return not {columns.text, columns.html}.isdisjoint(names)


# Failures


def failure(where: str, wrong: str, advice: str, name: str | None = None) -> Failure:
    """Word a failure; it is called `where` unless it has a name of its own."""
    return Failure(where if name is None else name, f"{where}: {wrong}; {advice}")


def unreadable(path: str, error: Exception) -> Failure:
    """Word what the operating system refused."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return failure(
        path, f"cannot be read ({why}), a readable file or folder was expected", "check the path and its permissions"
    )


def empty(path: str) -> Failure:
    """Word that there is nothing to score."""
    return failure(path, "empty, a text was expected", "fill it or leave it out")


def binary(path: str) -> Failure:
    """Word that a file is no text."""
    wrong = "binary (NUL in the first 8 kB), UTF-8 text was expected"
    return failure(path, wrong, "convert it to text or leave it out")


def too_long(name: str, where: str) -> Failure:
    """Word that a post or a line is past the limit."""
    return failure(where, f"over {MAX_BYTES >> 20} MB, one post was expected", "split it or leave it out", name)


def no_column(where: str, names: list[str], columns: Columns, name: str | None = None) -> Failure:
    """Word that a table or row has no text, and what it has instead."""
    wanted = f'"{columns.text}"' + (f' or "{columns.html}"' if columns.html else "")
    has = ", ".join(names[:10]) or "nothing"
    return failure(where, f"no {wanted} (it has: {has}), a text was expected", "name the column that holds it", name)


def kind(value: object) -> str:
    """Say what a value is in words."""
    return "a string" if isinstance(value, str) else KINDS.get(type(value), "null" if value is None else "no text")
