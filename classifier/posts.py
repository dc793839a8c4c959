"""The posts: labelled texts as a table, read from files and checked.

Invariant: a table that was read has the columns `COLUMNS`, unique ids, text that is not blank, and labels
of the three known.
"""

import gzip
import json
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
    try:
        table = read_rows(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}, a file of posts was expected; check the path") from error
    except (ValueError, ImportError, EOFError) as error:
        raise DataError(f"{path}: unreadable ({error}), {kind(path)} rows were expected; mend the file") from error
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise DataError(f"{path}: no column {' and no '.join(missing)}, columns text and label were expected; rename them")
    stem = path.name.split(".")[0]
    rows = pd.RangeIndex(1, len(table) + 1).astype(str)
    table = table.assign(
        id=table["id"].astype(str) if "id" in table else f"{stem}:" + rows,
        source=table["source"].astype(str) if "source" in table else stem,
    )
    table["group"] = table["group"].astype(str) if "group" in table else table["id"]
    table["split"] = table["split"].astype(str) if "split" in table else "train"
    return table[list(COLUMNS)]


def read_rows(path: Path) -> pd.DataFrame:
    """Read the rows of one file as they stand."""
    match kind(path):
        case ".jsonl" | ".ndjson":
            return pd.DataFrame(list(read_jsonl(path)))
        case ".csv":
            return pd.read_csv(path, dtype={"id": str, "text": str, "label": str}, keep_default_na=False)
        case ".parquet":
            return pd.read_parquet(path)
        case other:
            raise ValueError(f"the suffix {other or 'none'} is not one of {', '.join(SUFFIXES)}")


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, gzipped or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            if not isinstance(row, dict):
                raise ValueError(f"line {number}: one object a line was expected")
            yield row


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
    refuse(
        posts[~posts["label"].isin(LABELS)],
        "unknown label",
        f"one of {', '.join(LABELS)} was expected; relabel or drop them",
    )
    refuse(posts[posts["id"].duplicated(keep=False)], "id that stands twice", "each id once was expected; rename or drop them")
    labels_of_text = posts.groupby("text")["label"].transform("nunique")
    refuse(posts[labels_of_text > 1], "text with two labels", "one label a text was expected; decide and drop the other")


def refuse(rows: pd.DataFrame, wrong: str, advice: str) -> None:
    """Raise a DataError that names the rows, where there are any."""
    if rows.empty:
        return
    named = ", ".join(f"{row.id} ({row.label!s:.20})" for row in rows.head(N_NAMED).itertuples())
    more = f" and {len(rows) - N_NAMED:,} more" if len(rows) > N_NAMED else ""
    raise DataError(f"posts: {len(rows):,} with {wrong}: {named}{more}; {advice}")
