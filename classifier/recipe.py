"""The recipe: which labelled files a model is fitted on, how far each is trusted, and their digests.

A recipe is a TOML file. Paths are relative to it.

    max_fpr = 0.001
    pages = "pages"              # a folder of pages with known inserts; those of the split "fit" are fitted on

    [[source]]
    path = "posts"               # a file of posts or a folder of them
    weight = 2.0                 # what a post counts; 1 where nothing is said
    ham_weight = 5.0             # what a genuine post counts, where that is something else
    page_factor = 2.0            # how much more a post counts in the weights for pages; 1 where nothing is said
    rows = 1500                  # at most so many of each class, chosen by a hash of the id
    paragraphs = 12              # fit on at most so many paragraphs of a long post; 2 where nothing is said
    judged = true                # whether its genuine posts take part in choosing the threshold
    stories = true               # whether its genuine posts make up composed pages, or only stand beside them
    inserts = true               # whether its spam stands in composed pages
    leave_out = { lang = "ru" }  # rows whose `meta` says so
    sha256 = "..."               # refuse the file where it has changed; not for folders
    licence = "..."              # goes into the card
"""

import hashlib
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import DataError
from classifier.passages import N_PARAGRAPHS, digest
from classifier.posts import check_posts, labelled_files, read_rows, read_table

KEYS = {
    "path": "text",
    "weight": "a number above 0",
    "ham_weight": "a number above 0",
    "page_factor": "a number above 0",
    "rows": "a whole number above 0",
    "paragraphs": "a whole number above 0",
    "judged": "true or false",
    "stories": "true or false",
    "inserts": "true or false",
    "leave_out": "a table",
    "sha256": "text",
    "licence": "text",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file or folder of labelled posts; attributes as in the module's example."""

    path: Path
    weight: float = 1.0
    ham_weight: float | None = None
    page_factor: float = 1.0
    rows: int | None = None
    paragraphs: int = N_PARAGRAPHS
    judged: bool = True
    stories: bool = True
    inserts: bool = True
    leave_out: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a model is fitted on."""

    max_fpr: float
    pages: Path | None
    sources: tuple[Source, ...]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    DataError
        If it cannot be read or says something no recipe says.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}, a recipe was expected; check the path") from error
    except ValueError as error:
        raise DataError(f"{path}: not TOML ({error}), a recipe was expected; mend it") from error
    sources = found.get("source")
    if not isinstance(sources, list) or not sources or found.keys() - {"max_fpr", "pages", "source"}:
        raise DataError(
            f"{path}: {', '.join(found) or 'nothing'} found, max_fpr and [[source]] tables were expected; mend it"
        )
    max_fpr = found.get("max_fpr", 0.001)
    if not is_number(max_fpr) or not 0 < max_fpr < 1:
        raise DataError(f"{path}: max_fpr is {max_fpr!r:.40}, a share between 0 and 1 was expected; mend it")
    pages = found.get("pages")
    if pages is not None and not isinstance(pages, str):
        raise DataError(f"{path}: pages is {pages!r:.40}, a folder was expected; mend it")
    return Recipe(
        float(max_fpr), path.parent / pages if pages else None, tuple(read_source(source, path) for source in sources)
    )


def read_source(fields: Any, recipe: Path) -> Source:
    """Read one source of a recipe."""
    if not isinstance(fields, dict) or "path" not in fields:
        raise DataError(f"{recipe}: a source without a path, one was expected; write [[source]] and path = ...")
    where = f"{recipe}: source {fields['path']!s:.80}"
    unknown = fields.keys() - KEYS
    if unknown:
        raise DataError(
            f"{where}: unknown {', '.join(sorted(unknown))}, {', '.join(sorted(KEYS))} were expected; rename or drop it"
        )
    for key, value in fields.items():
        if not is_valid(key, value):
            raise DataError(f"{where}: {key} is {value!r:.40}, {KEYS[key]} was expected; mend it")
    return Source(**{**fields, "path": recipe.parent / fields["path"]})


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_valid(key: str, value: Any) -> bool:
    """Tell whether a value is what `KEYS` says of its key."""
    match key:
        case "weight" | "ham_weight" | "page_factor":
            return is_number(value) and 0 < value < math.inf
        case "rows" | "paragraphs":
            return is_number(value) and isinstance(value, int) and value > 0
        case "judged" | "stories" | "inserts":
            return isinstance(value, bool)
        case "leave_out":
            return isinstance(value, dict)
        case _:
            return isinstance(value, str)


def read_sources(recipe: Recipe) -> pd.DataFrame:
    """Read the posts of a recipe: rows of the split `train`, with columns for the recipe's keys added.

    Raises
    ------
    DataError
        If a file is missing or has changed since the recipe was written, or its posts are of no use.
    """
    tables = [read_one(source) for source in recipe.sources]
    posts = pd.concat(tables, ignore_index=True)
    # One text may stand in several sources; the first source that the recipe names keeps it.
    posts = posts[~posts["text"].duplicated()].reset_index(drop=True)
    check_posts(posts)
    return posts


def read_one(source: Source) -> pd.DataFrame:
    """Read the posts of one source as the recipe wants them."""
    check_digest(source)
    files = list(labelled_files(source.path))
    if not files:
        raise DataError(f"{source.path}: no file of posts in the folder, at least one was expected; check the path")
    table = pd.concat([read_chosen(file, source) for file in files], ignore_index=True)
    table = table[(table["split"] == "train") & (table["label"] != "grey")]
    if source.rows is not None:
        order = table["id"].map(digest).argsort(kind="stable")
        is_ham = table["label"].iloc[order] == "ham"
        rank = is_ham.groupby(is_ham).cumcount()
        table = table.iloc[order][rank < source.rows]
    ham_weight = source.weight if source.ham_weight is None else source.ham_weight
    weight = (table["label"] == "ham").map({True: ham_weight, False: source.weight})
    return table.assign(
        weight=weight,
        page_weight=weight * source.page_factor,
        judged=source.judged,
        stories=source.stories,
        inserts=source.inserts,
        paragraphs=source.paragraphs,
    )


def read_chosen(file: Path, source: Source) -> pd.DataFrame:
    """Read one file without the rows that the recipe leaves out."""
    table = read_table(file)
    if not source.leave_out:
        return table
    rows = read_rows(file)
    if "meta" not in rows:
        raise DataError(f"{file}: no column meta, the recipe's leave_out expected it; drop leave_out")
    is_out = rows["meta"].map(lambda meta: is_left_out(meta, source.leave_out)).to_numpy(bool)
    return table[~is_out]


def is_left_out(meta: Any, leave_out: dict[str, Any]) -> bool:
    """Tell whether a row's `meta` says one of the things for which rows are left out."""
    return isinstance(meta, dict) and any(meta.get(key) == value for key, value in leave_out.items())


def check_digest(source: Source) -> None:
    """Refuse a file that is not the one the recipe was written for."""
    if source.sha256 is None:
        return
    try:
        found = hashlib.sha256(source.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"{source.path}: {error.strerror or error}, a file named by the recipe was expected; check the path"
        ) from error
    if found != source.sha256:
        raise DataError(
            f"{source.path}: digest {found[:12]}..., {source.sha256[:12]}... was expected; "
            "the file has changed since the recipe was written: look at it and renew the digest"
        )
