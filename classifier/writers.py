"""The writers: a row of results as a line of JSON or of CSV.

What is written is always valid UTF-8. A text may come from anyone: in CSV no cell of it is a formula, in
JSONL no character of it ends the line.

    jsonl   each row as it is; a failure is {"id", "error"}
    csv     the fields and an `error` column; lists and objects in JSON

Invariant: scores have 6 decimals at most.
"""

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring

Row = Mapping[str, object]

DECIMALS = 6
# Where a spreadsheet reads a cell that begins so as a formula (OWASP, CSV Injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Legal in JSON as they are, but lone surrogates are not UTF-8, and the others end lines (`str.splitlines`)
# or drive terminals (C1 controls).
JSON = json.JSONEncoder(ensure_ascii=False)
UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def as_json(value: object) -> str:
    """Return JSON on one line, readable in any script.

    Examples
    --------
    >>> print(as_json({"id": "café", "score": 0.12345678}))
    {"id": "café", "score": 0.123457}
    """
    return UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", rounded_json(value))


def rounded_json(value: object) -> str:
    """Return JSON with every number rounded, as `json.dumps` writes it; for the few fields of a row, in a third of its time."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(round(float(value), DECIMALS))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(rounded_json, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{encode_basestring(name)}: {rounded_json(inner)}' for name, inner in value.items())}}}"
    return JSON.encode(value)


def csv_header(fields: Sequence[str]) -> str:
    """Return the first line: the fields and what a failure has."""
    return csv_line([*fields, "error"])


def csv_row(fields: Sequence[str], row: Row) -> str:
    """Return the line of a row."""
    return csv_line([csv_cell(row.get(field)) for field in (*fields, "error")])


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
