"""The posts: labelled texts as a table, read from files and checked.

Invariant: a table that was read has the columns `COLUMNS`, unique ids, text that is not blank, and labels
of the three known.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import DataError

LABELS = ("scam", "spam", "ham")
COLUMNS = ("id", "text", "label", "source", "group", "split")
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")
# As many offenders as a person will read.
N_NAMED = 5


def read_posts(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Read labelled posts from JSONL, CSV and Parquet files, or folders of them in sorted order.

    Parameters
    ----------
    paths : iterable of str or Path
        `.jsonl`, `.ndjson` and `.csv` may be gzipped.

    Returns
    -------
    DataFrame
        `id`, `text`, `label`, `source` (the file's stem where no column says), `group` (posts that are
        near-duplicates share one; the id where no column says) and `split` (`train` where no column says).

    Raises
    ------
    DataError
        If a file cannot be read, a column is missing, a label is not `scam`, `spam` or `ham`, an id
        stands twice, or one text carries two labels; the message names the rows.
    TypeError
        If `paths` is one string.
    """
    if isinstance(paths, str | Path):
        raise TypeError(f"read_posts: an iterable of paths was expected, one path was received; pass [{str(paths)!r}]")
    files = [file for path in paths for file in labelled_files(Path(path))]
    if not files:
        raise DataError("read_posts: no file of posts, at least one was expected; name .jsonl, .csv or .parquet files")
    posts = pd.concat([read_table(file) for file in files], ignore_index=True)
    check_posts(posts)
    return posts


def labelled_files(path: Path) -> Iterator[Path]:
    """Yield a path, or the files of posts below it in sorted order."""
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and kind(file) in SUFFIXES:
            yield file


def kind(path: Path) -> str:
    """Return the suffix that tells the format, `.gz` left out of account."""
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def read_table(path: Path) -> pd.DataFrame:
    """Read one file and give it the columns it lacks."""
    if kind(path) not in SUFFIXES:
        wrong = f"a file with the suffix {kind(path)}" if kind(path) else "a file without a suffix"
        raise DataError(f"{path}: {wrong}, one of {', '.join(SUFFIXES)} was expected; convert or rename it")
    try:
        table = read_rows(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}, a file of posts was expected; check the path") from error
    except (ValueError, ImportError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: unreadable ({error}), {kind(path)} rows were expected; mend the file") from error
    if table.empty:
        raise DataError(f"{path}: no rows, at least one labelled post was expected; fill the file or leave it out")
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise DataError(
            f"{path}: no column {' and no '.join(missing)}, columns text and label were expected; rename them"
        )
    return complete(table.reset_index(drop=True), path.name.split(".")[0])


def complete(table: pd.DataFrame, stem: str) -> pd.DataFrame:
    """Give rows the columns, and the cells, that they lack."""
    rows = pd.Series([f"{stem}:{row}" for row in range(1, len(table) + 1)])
    table = table.assign(id=filled(table, "id", rows))
    table = table.assign(
        source=filled(table, "source", pd.Series(stem, table.index)),
        group=filled(table, "group", table["id"]),
        split=filled(table, "split", pd.Series("train", table.index)),
    )
    return table[list(COLUMNS)]


def filled(table: pd.DataFrame, column: str, substitute: pd.Series) -> pd.Series:
    """Return a column as text; the substitute where it is missing or empty."""
    if column not in table:
        return substitute
    cells = table[column].astype(object)
    return cells.where(cells.notna() & (cells != ""), substitute).astype(str)


def read_rows(path: Path) -> pd.DataFrame:
    """Read the rows of one file as they stand."""
    match kind(path):
        case ".parquet":
            with path.open("rb") as file:
                return pd.read_parquet(file)
        case ".csv":
            # As text, or a group "007" would become the group 7.
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        case _:
            # As objects, or a whole number beside a missing one would become a fraction.
            return pd.DataFrame(list(read_jsonl(path)), dtype=object)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, gzipped or not; half characters become question marks."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number}: {error}") from error
            if not isinstance(row, dict):
                raise ValueError(f"line {number}: one object a line was expected")
            yield {name: whole(value) for name, value in row.items()}


def whole(value: Any) -> Any:
    """Return a text without the half characters of a cut emoji, which JSON can say and a table cannot hold."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def check_posts(posts: pd.DataFrame) -> None:
    """Refuse posts that no fit and no measurement can use.

    Raises
    ------
    DataError
        As `read_posts`.
    """
    missing = [column for column in COLUMNS if column not in posts]
    if missing:
        raise DataError(f"posts: no column {', '.join(missing)}; `classifier.read_posts` gives all of them")
    is_text = posts["text"].map(lambda text: isinstance(text, str) and bool(text.strip())).astype(bool)
    refuse(posts[~is_text], "no text", "a text that is not blank was expected; fill or drop them")
    is_label = posts["label"].map(lambda label: isinstance(label, str) and label in LABELS).astype(bool)
    refuse(
        posts[~is_label],
        "an unknown label",
        f"one of {', '.join(LABELS)} was expected; relabel or drop them",
    )
    is_twice = posts["id"].duplicated(keep=False)
    refuse(posts[is_twice], "an id that stands twice", "each id once was expected; rename or drop them")
    n_labels = posts.groupby("text")["label"].transform("nunique")
    refuse(posts[n_labels > 1], "a text of two labels", "one label a text was expected; decide and drop the other")


def refuse(rows: pd.DataFrame, wrong: str, advice: str) -> None:
    """Raise a DataError that names the rows, where there are any."""
    if rows.empty:
        return
    named = ", ".join(f"{row.id} ({row.label!s:.20})" for row in rows.head(N_NAMED).itertuples())
    more = f" and {len(rows) - N_NAMED:,} more" if len(rows) > N_NAMED else ""
    raise DataError(f"posts: {len(rows):,} with {wrong}: {named}{more}; {advice}")
