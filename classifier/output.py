"""The output: results in the format asked for, at the place asked for.

table   for a person (`classifier.terminal`)
jsonl   one JSON object a line (`classifier.writers`)
csv     for a spreadsheet (`classifier.writers`)
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from classifier.destination import destination, emitter, encoded
from classifier.errors import InputError
from classifier.terminal import column_widths, table_line, takes_colour
from classifier.writers import Row, as_json, csv_header, csv_row

Format = Literal["table", "jsonl", "csv"]
Write = Callable[[Row], None]

FORMATS: tuple[Format, ...] = ("table", "jsonl", "csv")


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are laid out as text.

    Attributes
    ----------
    format : {"table", "jsonl", "csv"}
    fields : tuple of str
        The columns of a table or CSV, in order.
    widths : mapping of str to int
        Characters of each column of a table.
    is_coloured : bool
        Whether a table's verdicts are.
    """

    format: Format
    fields: tuple[str, ...]
    widths: Mapping[str, int]
    is_coloured: bool = False

    def head(self) -> str:
        """Return what stands before the rows."""
        if self.format == "table":
            names = dict(zip(self.fields, self.fields, strict=True))
            return table_line(names, self.widths, is_coloured=False)
        return csv_header(self.fields) if self.format == "csv" else ""

    def line(self, row: Row) -> str:
        """Return a row with its end: a mapping with the fields, or with `id` and `error` for a failure."""
        if self.format == "table":
            return table_line(row, self.widths, is_coloured=self.is_coloured)
        return csv_row(self.fields, row) if self.format == "csv" else as_json(row) + "\n"


def layout(format: Format, fields: Sequence[str], stream: BinaryIO | None = None) -> Layout:
    """Return the layout that fits a stream: a terminal's width, and colour if it takes any."""
    is_coloured = stream is not None and stream.isatty() and takes_colour()
    return Layout(format, tuple(fields), column_widths(fields, shutil.get_terminal_size().columns), is_coloured)


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
    with destination(path) as stream:
        rows = layout(format, fields, stream)
        emit = emitter(stream, path, flush_each or stream.isatty())
        emit(encoded(rows.head()))
        yield lambda row: emit(encoded(rows.line(row)))
