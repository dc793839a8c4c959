"""The rows the contenders are trained on and judged by, and the documents they score: the same for all, in a fixed order."""

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.passages import digest

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
OWN_POSTS = ROOT / "data" / "posts"
RECIPE = ROOT / "data" / "recipe.toml"
# Held-back rows of one source at most, so that no large one decides alone.
MAX_DEV_ROWS = 150
# Where only the project's own posts are there, one group in so many is held back.
DEV_PART = 5


def has_corpora() -> bool:
    """Tell whether the labelled corpora lie beside the project."""
    return CORPORA.is_dir()


def training_rows(n_rows: int | None) -> "pd.DataFrame":
    """Return at most `n_rows` posts to train on, by a hash of their ids, so that labels and sources are well mixed."""
    from classifier.recipe import read_recipe, read_sources

    posts = read_sources(read_recipe(RECIPE)) if has_corpora() else own_posts(is_dev=False)
    kept = [column for column in ("id", "text", "label", "source", "group", "split", "paragraphs") if column in posts]
    return mixed(posts)[kept].head(n_rows or len(posts))


def dev_rows() -> "pd.DataFrame":
    """Return the posts held back: at most `MAX_DEV_ROWS` of each source."""
    import pandas as pd

    from classifier.posts import LABELS, read_table

    if not has_corpora():
        return mixed(own_posts(is_dev=True))
    tables = [read_table(path) for path in sorted(CORPORA.glob("*.jsonl.gz"))]
    held_back = (table[(table["split"] == "dev") & table["label"].isin(LABELS)] for table in tables)
    return mixed(pd.concat([mixed(table).head(MAX_DEV_ROWS) for table in held_back]))


def own_posts(*, is_dev: bool) -> "pd.DataFrame":
    """Return the project's own posts that are held back, or the others."""
    from classifier.posts import read_posts

    posts = read_posts([OWN_POSTS])
    return posts[(posts["group"].map(digest) % DEV_PART == 0) == is_dev]


def mixed(posts: "pd.DataFrame") -> "pd.DataFrame":
    """Return posts in the order of a hash of their ids."""
    return posts.iloc[posts["id"].map(digest).argsort(kind="stable")].reset_index(drop=True)


def documents(texts: Iterable[str], *, n_chars: int, n_documents: int) -> Iterator[str]:
    """Yield texts of exactly so many characters, cut from the given ones joined end to end.

    Every run of white space is one space, so that programs that read a text a line see the same text. Where the
    texts are too few they begin again, and as the joint has moved the documents differ.

    Examples
    --------
    >>> list(documents(["to be", "or  not"], n_chars=4, n_documents=4))
    ['to b', 'e or', ' not', ' to ']
    """
    lines = (" ".join(text.split()) + " " for text in cycle(texts))
    joined = ""
    for _ in range(n_documents):
        while len(joined) < n_chars:
            joined += next(lines)
        yield joined[:n_chars]
        joined = joined[n_chars:]


def write_documents(path: Path, texts: Iterable[str], *, n_chars: int, n_documents: int) -> None:
    """Write documents to a file, one a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in documents(texts, n_chars=n_chars, n_documents=n_documents))


def read_documents(path: Path, n_documents: int) -> list[str]:
    """Read the first documents of a file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [line.removesuffix("\n") for line, _ in zip(file, range(n_documents), strict=False)]
