"""The recipe: which labelled files a model is fitted on, how far each is trusted, and their digests.

A recipe is a TOML file. Paths are relative to it.

    max_fpr = 0.001

    [[source]]
    path = "posts"               # a file of posts or a folder of them
    weight = 2.0                 # what a post counts; 1 where nothing is said
    rows = 1500                  # at most so many of each class, chosen by a hash of the id
    judged = true                # whether its genuine posts take part in choosing the threshold
    leave_out = { lang = "ru" }  # rows whose `meta` says so
    sha256 = "..."               # refuse the file where it has changed; not for folders
    licence = "..."              # goes into the card
"""

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import DataError
from classifier.passages import digest
from classifier.posts import check_posts, labelled_files, read_rows, read_table

KEYS = {"path", "weight", "rows", "judged", "leave_out", "sha256", "licence"}


@dataclass(frozen=True, slots=True)
class Source:
    """One file or folder of labelled posts; attributes as in the module's example."""

    path: Path
    weight: float = 1.0
    rows: int | None = None
    judged: bool = True
    leave_out: dict[str, str] = field(default_factory=dict)
    sha256: str | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a model is fitted on."""

    max_fpr: float
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
    if not isinstance(sources, list) or not sources or found.keys() - {"max_fpr", "source"}:
        raise DataError(f"{path}: max_fpr and [[source]] tables were expected, {', '.join(found) or 'nothing'} was found")
    return Recipe(float(found.get("max_fpr", 0.001)), tuple(read_source(source, path) for source in sources))


def read_source(fields: dict[str, Any], recipe: Path) -> Source:
    """Read one source of a recipe."""
    unknown = fields.keys() - KEYS
    if unknown or "path" not in fields:
        wrong = f"unknown {', '.join(sorted(unknown))}" if unknown else "no path"
        raise DataError(f"{recipe}: a source with {wrong}; a source has {', '.join(sorted(KEYS))}")
    return Source(**{**fields, "path": recipe.parent / fields["path"]})


def read_sources(recipe: Recipe) -> pd.DataFrame:
    """Read the posts of a recipe: rows of the split `train`, with the columns `weight` and `judged` added.

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
    table = pd.concat([read_chosen(file, source) for file in labelled_files(source.path)], ignore_index=True)
    table = table[(table["split"] == "train") & (table["label"] != "grey")]
    if source.rows is not None:
        order = table["id"].map(digest).argsort(kind="stable")
        is_ham = table["label"].iloc[order] == "ham"
        rank = is_ham.groupby(is_ham).cumcount()
        table = table.iloc[order][rank < source.rows]
    return table.assign(weight=source.weight, judged=source.judged)


def read_chosen(file: Path, source: Source) -> pd.DataFrame:
    """Read one file without the rows that the recipe leaves out."""
    table = read_table(file)
    if source.leave_out:
        metas = read_rows(file)["meta"]
        is_out = metas.map(lambda meta: any(meta.get(key) == value for key, value in source.leave_out.items()))
        table = table[~is_out.to_numpy(bool)]
    return table


def check_digest(source: Source) -> None:
    """Refuse a file that is not the one the recipe was written for."""
    if source.sha256 is None:
        return
    try:
        found = hashlib.sha256(source.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{source.path}: {error.strerror or error}, a source of the recipe was expected there") from error
    if found != source.sha256:
        raise DataError(
            f"{source.path}: digest {found[:12]}..., {source.sha256[:12]}... was expected; "
            "the file has changed since the recipe was written: look at it and renew the digest"
        )
