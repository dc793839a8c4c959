r"""The output: results as a table for a person, or as JSONL or CSV for a program, row by row.

What is written is always valid UTF-8. A text may come from anyone: in a table no character of it can drive
the terminal, in CSV no cell of it is a formula, in JSONL no character of it ends the line.

    jsonl   each row as it is; a failure is {"id", "error"}
    csv     the fields and an `error` column; lists and objects in JSON
    table   the fields in columns of fixed width; a failure's error from the verdict's place on

Invariant: scores have 6 decimals at most, and a file stands in its place whole or not at all.
"""

import csv
import io
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from classifier.errors import ClassifierError, InputError
from classifier.replacement import replacing

Format = Literal["table", "jsonl", "csv"]
Row = Mapping[str, object]
Emit = Callable[[str], None]
Write = Callable[[Row], None]

FORMATS: tuple[Format, ...] = ("table", "jsonl", "csv")
DECIMALS = 6
# Where a spreadsheet reads a cell that begins so as a formula (OWASP, CSV Injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Legal in JSON as they are, but lone surrogates are not UTF-8, and the others end lines (`str.splitlines`)
# or drive terminals (C1 controls).
JSON = json.JSONEncoder(ensure_ascii=False)
UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# Characters of a column; an id of an ordinary path fits.
WIDTHS = {"id": 40, "score": 2 + DECIMALS, "verdict": 7}
OTHER_WIDTH, LEAST_WIDTH, GAP = 12, 12, "  "
COLOURS = {"scam": "\x1b[1;31m", "unsure": "\x1b[33m", "ham": "\x1b[32m", "error": "\x1b[35m"}
PLAIN = "\x1b[0m"


def choose_format(option: str | None, path: Path | None) -> Format:
    """Return the format asked for, or else a table on a terminal and JSONL anywhere else.

    Parameters
    ----------
    option : str or None
        The format asked for, if any.
    path : Path or None
        The file that will be written; None for standard output.

    Raises
    ------
    InputError
        If there is no such format.
    """
    if option is None:
        return "table" if path is None and sys.stdout.isatty() else "jsonl"
    for format in FORMATS:
        if format == option:
            return format
    raise InputError(f"format: {option!r} is not known, {', '.join(FORMATS)} were expected; choose one of them")


@contextmanager
def open_writer(
    format: Format, path: Path | None, fields: Sequence[str], *, flush_each: bool = False
) -> Iterator[Write]:
    """Give a function that writes one row.

    Parameters
    ----------
    format : {"table", "jsonl", "csv"}
    path : Path or None
        The file to replace once all is written; None for standard output.
    fields : sequence of str
        The columns of a table or CSV, in order.
    flush_each : bool
        Whether each row goes out at once; on a terminal it always does.

    Yields
    ------
    callable
        Takes a row: a mapping with the fields, or with `id` and `error` for a failure.

    Raises
    ------
    ClassifierError
        If the output cannot be written. A closed pipe is no error: it ends the block quietly.
    """
    writers = {"table": table_writer, "jsonl": jsonl_writer, "csv": csv_writer}
    with destination(path) as stream:
        is_terminal = stream.isatty()
        emit = emitter(stream, path, flush_each or is_terminal)
        yield writers[format](emit, fields, is_terminal and takes_colour())


# Where it goes


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
        emitter(sys.stdout.buffer, None, True)("")
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
    """Return what writes text as UTF-8; a lone surrogate is written as its escape."""

    def emit(text: str) -> None:
        try:
            stream.write(text.encode("utf-8", "backslashreplace"))
            if flush_each:
                stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable(path, error) from error

    return emit


# JSONL and CSV


def jsonl_writer(emit: Emit, fields: Sequence[str], is_coloured: bool) -> Write:
    """Return what writes a row as one JSON object a line, fields as they come."""
    return lambda row: emit(as_json(row) + "\n")


def as_json(value: object) -> str:
    """Return JSON on one line, readable in any script.

    Examples
    --------
    >>> print(as_json({"id": "café", "score": 0.12345678}))
    {"id": "café", "score": 0.123457}
    """
    return UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", JSON.encode(rounded(value)))


def rounded(value: object) -> object:
    """Return a value with every number of it rounded, as builtins."""
    if isinstance(value, float):
        return round(float(value), DECIMALS)
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    if isinstance(value, str) or not isinstance(value, Mapping):
        return value
    return {name: rounded(inner) for name, inner in value.items()}


def csv_writer(emit: Emit, fields: Sequence[str], is_coloured: bool) -> Write:
    """Write the header and return what writes a row under it."""
    columns = [*fields, "error"]
    emit(csv_line(columns))
    return lambda row: emit(csv_line([csv_cell(row.get(column)) for column in columns]))


def csv_line(cells: Sequence[str]) -> str:
    """Return one line of CSV with its end."""
    line = io.StringIO()
    # The writer puts quotes round a cell with a carriage return only if that ends its lines.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def csv_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> csv_cell("=HYPERLINK(1)"), csv_cell(-0.5), csv_cell(["a"])
    ("'=HYPERLINK(1)", '-0.500000', '["a"]')
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return figure(value)


def figure(value: object) -> str:
    """Return what is no string in words: a float with its decimals, nothing for None, else JSON."""
    if isinstance(value, float):
        return f"{value:.{DECIMALS}f}"
    return "" if value is None else as_json(value)


# The table


def table_writer(emit: Emit, fields: Sequence[str], is_coloured: bool) -> Write:
    """Write the header and return what writes a row under it."""
    widths = column_widths(fields, shutil.get_terminal_size().columns)
    emit(table_line(dict(zip(fields, fields, strict=True)), widths, is_coloured=False))
    return lambda row: emit(table_line(row, widths, is_coloured=is_coloured))


def takes_colour() -> bool:
    """Tell whether a terminal takes colour (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def column_widths(fields: Sequence[str], n_columns: int) -> dict[str, int]:
    """Share a terminal's columns out: a last field without a width of its own takes what is left.

    Examples
    --------
    >>> column_widths(["id", "score", "verdict", "inserts"], 100)
    {'id': 40, 'score': 8, 'verdict': 7, 'inserts': 39}
    """
    widths = {field: WIDTHS.get(field, OTHER_WIDTH) for field in fields}
    left = n_columns - sum(widths.values()) - len(GAP) * (len(fields) - 1)
    if "id" in widths and left < 0:
        widths["id"] = max(LEAST_WIDTH, widths["id"] + left)
    elif left > 0 and fields[-1] not in WIDTHS:
        widths[fields[-1]] += left
    return widths


def table_line(row: Row, widths: Mapping[str, int], *, is_coloured: bool) -> str:
    """Lay out one row; an error takes the verdict's place and all to the right of it."""
    cells = []
    for field, width in widths.items():
        if "error" in row and (field == "verdict" or (field != "id" and "verdict" not in widths)):
            cells.append(coloured(shown(row["error"]), "error", is_coloured))
            break
        fitted = shortened(shown(row.get(field)), width, keep_end=field == "id")
        padded = fitted + " " * (width - text_width(fitted))
        cells.append(coloured(padded, str(row.get(field)), is_coloured and field == "verdict"))
    return GAP.join(cells).rstrip(" ") + "\n"


def coloured(text: str, meaning: str, is_coloured: bool) -> str:
    """Colour a text by what it means, if at all."""
    return f"{COLOURS[meaning]}{text}{PLAIN}" if is_coloured and meaning in COLOURS else text


def shown(value: object) -> str:
    r"""Return a value for the eye, every character that is not printable escaped.

    Examples
    --------
    >>> print(shown("a\x1b[31mb\n"), shown(0.5), shown([{"text": "Earn 55"}, {"text": "Now"}]))
    a\x1b[31mb\n 0.500000 2: Earn 55 · Now
    """
    if isinstance(value, list | tuple):
        texts = (inner.get("text", "") if isinstance(inner, Mapping) else inner for inner in value)
        return shown(f"{len(value)}: {' · '.join(map(str, texts))}" if value else "0")
    text = value if isinstance(value, str) else figure(value)
    return text if text.isprintable() else "".join(map(printable, text))


def printable(character: str) -> str:
    """Return a character as it is or escaped: controls, direction marks, surrogates and the like."""
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def shortened(text: str, width: int, *, keep_end: bool) -> str:
    """Cut a text to a width, in the middle or at its end.

    Examples
    --------
    >>> shortened("news/2024/05/a-long-name.txt", 16, keep_end=True)
    'news/20…name.txt'
    """
    if text_width(text) <= width:
        return text
    n_end = width // 2 if keep_end else 0
    start = fitting(text, width - 1 - n_end)
    return start + "…" + fitting(text[::-1], n_end)[::-1]


def fitting(text: str, width: int) -> str:
    """Return the longest start of a text that fits a width."""
    used = 0
    for i in range(len(text)):
        used += text_width(text[i])
        if used > width:
            return text[:i]
    return text


def text_width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes: two for wide East Asian, none for marks."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(character) in {"Mn", "Me"} else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
