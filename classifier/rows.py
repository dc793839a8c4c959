"""The rows: files of one post a row, in JSON Lines, CSV or Parquet.

Invariant: a row that cannot be read is a failure in its place, and no more than one row or one Parquet
batch is held at a time.
"""

import csv
import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from classifier import entries
from classifier.entries import Columns, Document, Entry, Failure, failure, kind, no_column, too_long
from classifier.texts import Stream, bounded_line, decoded, refusal

PARQUET_ROWS = 500


def json_entry(line: str, where: str, columns: Columns) -> Entry:
    """Take the document of one line of JSON."""
    row = json_row(line, where)
    return row if isinstance(row, Failure) else row_document(row, where, columns)


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
    csv.field_size_limit(max(csv.field_size_limit(), entries.MAX_BYTES))
    size, wrong = 0, ""

    def next_line() -> str:
        nonlocal size, wrong
        line = bounded_line(stream, max(entries.MAX_BYTES - size, 0))
        if line is None:
            raise csv.Error(f"over {entries.MAX_BYTES >> 20} MB, is a quote never closed?")
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
        return too_long(name, where) if len(found) > entries.MAX_BYTES else Document(name, found, text is None)
    if found is None:
        return no_column(where, list(row), columns, name)
    column = columns.html if text is None else columns.text
    wrong = f'"{column}" is {kind(found)}, a string of UTF-8 was expected'
    return failure(where, wrong, "mend or remove the row", name)


def is_readable(names: Iterable[str], columns: Columns) -> bool:
    """Tell whether a table has a column that may hold a text."""
    return not {columns.text, columns.html}.isdisjoint(names)
