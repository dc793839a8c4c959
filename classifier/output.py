"""The output: results in the format asked for, at the place asked for.

table   for a person (`classifier.terminal`)
jsonl   one JSON object a line (`classifier.writers`)
csv     for a spreadsheet (`classifier.writers`)
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from classifier.destination import destination, emitter
from classifier.errors import InputError
from classifier.terminal import table_writer, takes_colour
from classifier.writers import Write, csv_writer, jsonl_writer

Format = Literal["table", "jsonl", "csv"]

FORMATS: tuple[Format, ...] = ("table", "jsonl", "csv")


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
