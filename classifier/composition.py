"""The composition: pages put together from labelled posts, with known inserts, to fit the judge of units on.

A genuine page is a stretch of a long genuine post, or a thread of short ones, of one source. Before and behind it stand
furniture and related stories, other genuine posts; into half of the pages one or two spam posts are put,
whole or as a teaser, at times in capitals or disguised. A page is made of posts held out of the fit that scores it, so that its
inserts are as foreign as those of a real page.

Invariant: the same posts give the same pages.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from classifier.errors import DataError
from classifier.passages import PARAGRAPHS_FROM, TEASER_CHARS, TEASER_FROM, digest, paragraphs, teaser, teaser_of
from classifier.posts import labelled_files, read_rows

# Of a story so many blocks are taken; a thread has so many posts.
THREAD_POSTS = (1, 12)
STORY_BLOCKS = (0, 18)
# A source of which more than this share is short is a place of threads, its few long posts among them.
THREAD_SHARE = 0.75
MAX_INSERT_CHARS = 2_000
# Of the pages with inserts, this share has two; of the inserts, these shares are teasers, in capitals and disguised.
TWO_SHARE, TEASER_SHARE, CAPITALS_SHARE, DISGUISED_SHARE = 0.2, 0.4, 0.04, 0.2
# In how many ways, drawn by the shares above, one spam post may stand.
N_WAYS = 4
BLANK_LINE_SHARE = 0.8
# Furniture at either end: up to so many blocks, on some pages up to many, as menus have; threads mostly have none, stories at times.
MAX_FURNITURE, MAX_MENU, MENU_SHARE = 8, 25, 0.25
BARE_THREAD_SHARE, BARE_STORY_SHARE = 0.7, 0.15
MAX_FURNITURE_CHARS = 400
# At the foot of so many pages stand so many related stories; of a long one the head is cut, of others at times.
RELATED_SHARE, MAX_RELATED, CUT_SHARE = 0.3, 4, 0.3
# A genuine post makes up at most so many pages, each with another stretch of it and other furniture.
MAX_REUSE = 4

T = TypeVar("T")

_HOMOGLYPHS = str.maketrans("aeiocpxysABEHKMOPTXC", "аеіосрхуѕАВЕНКМОРТХС")
_BLANK_LINES = re.compile(r"\n\s*\n")
_LEET = str.maketrans("aeiost", "431057")


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page with known inserts.

    Attributes
    ----------
    text : str
    inserts : tuple of (start, end)
        Half-open, in code points.
    """

    text: str
    inserts: tuple[tuple[int, int], ...]


def read_pages(path: Path, split: str) -> list[KnownPage]:
    """Read the pages of one split from a folder of JSON Lines files, in sorted order.

    Raises
    ------
    DataError
        If a file cannot be read or a row has no text or no inserts.
    """
    rows = [(file, row) for file in labelled_files(path) for row in page_rows(file)]
    return [known_page(row, file) for file, row in rows if row.get("split") == split]


def page_rows(file: Path) -> list[dict[str, Any]]:
    """Read the rows of one file."""
    try:
        return [{str(name): value for name, value in row.items()} for row in read_rows(file).to_dict("records")]
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: unreadable ({error}), rows of pages were expected; mend the file") from error


def known_page(row: dict[str, Any], file: Path) -> KnownPage:
    """Check a row and return its page."""
    text = row.get("text")
    try:
        inserts = tuple((int(insert["start"]), int(insert["end"])) for insert in row["inserts"])
    except (KeyError, TypeError, ValueError):
        inserts = ((-1, -1),)
    if not isinstance(text, str) or not all(0 <= start < end <= len(text) for start, end in inserts):
        where = f"{file}: the page {row.get('id')!r}"
        raise DataError(
            f"{where} has no text with inserts in it, text and inserts of start and end were expected; mend it"
        )
    return KnownPage(text, inserts)


def lot(*seed: object) -> float:
    """Draw a number in [0, 1) that follows from the seed alone."""
    return (digest("\x00".join(map(str, seed))) % (1 << 40)) / (1 << 40)


def homoglyph(word: str) -> str:
    """Write Latin letters as their Cyrillic look-alikes."""
    return word.translate(_HOMOGLYPHS)


def leet(word: str) -> str:
    """Write letters as digits."""
    return word.lower().translate(_LEET)


DISGUISES: tuple[Callable[[str], str], ...] = (homoglyph, leet, "\u200b".join, " ".join, ".".join)


def disguised(text: str) -> str:
    """Disguise every other word or so, all in the same way."""
    disguise = DISGUISES[int(lot("disguise", text) * len(DISGUISES))]
    words = text.split(" ")
    return " ".join(disguise(word) if lot(text, i) < 0.5 and "/" not in word else word for i, word in enumerate(words))


class Draws:
    """A row of numbers that follows from a seed alone, on any machine and in any release of Python."""

    def __init__(self, *seed: object) -> None:
        self._seed = seed
        self._n_drawn = 0

    def share(self) -> float:
        """Draw a number in [0, 1)."""
        self._n_drawn += 1
        return lot(*self._seed, self._n_drawn)

    def between(self, least: int, most: int) -> int:
        """Draw a whole number, both ends included."""
        return least + int(self.share() * (most - least + 1))

    def one_of(self, items: Sequence[T]) -> T:
        """Draw one of some items."""
        return items[self.between(0, len(items) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What pages are composed of; each is sorted by hash.

    Attributes
    ----------
    spam : dict of str to list of str
        Texts of inserts by source.
    stories : dict of str to list of list of str
        Blocks of long posts, and threads, by source.
    threads : frozenset of str
        The sources whose pages are threads.
    furniture : list of str
        Short texts that stand before and behind a page.
    """

    spam: dict[str, list[str]]
    stories: dict[str, list[list[str]]]
    threads: frozenset[str]
    furniture: list[str]


def insert_text(post: str, way: int) -> str:
    """Return a spam post as it stands in a page: whole or as a teaser, at times in capitals or disguised."""
    text = _BLANK_LINES.sub("\n", post.strip()[:MAX_INSERT_CHARS].rstrip())
    draws = Draws("insert", post, way)
    if len(text) > TEASER_FROM and draws.share() < TEASER_SHARE:
        text = teaser_of(text, draws.between(*TEASER_CHARS))
    if draws.share() < CAPITALS_SHARE:
        text = text.upper()
    return disguised(text) if draws.share() < DISGUISED_SHARE else text


def stocked(posts: pd.DataFrame) -> Stock:
    """Sort posts by what they serve for."""
    is_ham = posts["label"] == "ham"
    spam = posts[~is_ham & posts["inserts"]] if "inserts" in posts else posts[~is_ham]
    ham = posts[is_ham & posts["judged"]] if "judged" in posts else posts[is_ham]
    stands_apart = ham["stories"] if "stories" in ham else ham["text"].notna()
    found: dict[str, list[list[str]]] = {}
    threads = set()
    for source, texts in by_source(ham[stands_apart]).items():
        n_short = sum(len(text) < PARAGRAPHS_FROM for text in texts)
        if n_short > THREAD_SHARE * len(texts):
            threads.add(source)
            pages = threads_of([text.strip()[:MAX_INSERT_CHARS] for text in texts])
        else:
            long = [paragraphs(text, shortest=1) for text in texts if len(text) >= PARAGRAPHS_FROM]
            pages = [blocks for blocks in long if len(blocks) > 2]
        if pages:
            found[source] = pages
    aside = ham[~stands_apart.to_numpy(bool)] if "stories" in ham else ham
    furniture = [text.strip() for text in sorted(aside["text"], key=digest) if len(text) <= MAX_FURNITURE_CHARS]
    return Stock(by_source(spam), found, frozenset(threads), furniture)


def by_source(posts: pd.DataFrame) -> dict[str, list[str]]:
    """Return the texts of each source, sorted by hash."""
    return {str(source): sorted(group["text"], key=digest) for source, group in posts.groupby("source", sort=True)}


def threads_of(texts: Sequence[str]) -> list[list[str]]:
    """Part short posts of one source into threads."""
    found, start = [], 0
    while start < len(texts):
        n_posts = Draws("thread", texts[start]).between(*THREAD_POSTS)
        found.append(list(texts[start : start + n_posts]))
        start += n_posts
    return found


def compose(posts: pd.DataFrame, *, n_pages: int) -> Iterator[KnownPage]:
    """Compose pages from posts of both classes; half of them have inserts.

    Parameters
    ----------
    posts : DataFrame
        Posts that the fit did not see; the columns of a recipe say which of them serve for what
        (`classifier.recipe`), and all serve for all where there are none.
    n_pages : int
        At most so many pages; fewer where there are fewer genuine posts.
    """
    stock = stocked(posts)
    n_stories = sum(map(len, stock.stories.values()))
    for i in range(min(n_pages, MAX_REUSE * n_stories)):
        draws = Draws("page", i)
        source = draws.one_of(sorted(stock.stories))
        blocks = stretch(draws.one_of(stock.stories[source]), draws)
        n_inserts = 0 if i % 2 or not stock.spam else 1 + (draws.share() < TWO_SHARE)
        chosen = [drawn_insert(stock, draws) for _ in range(n_inserts)]
        separator = "\n\n" if draws.share() < BLANK_LINE_SHARE else "\n"
        head, foot = furniture(stock, draws), furniture(stock, draws) + related(stock, draws)
        bare_share = BARE_THREAD_SHARE if source in stock.threads else BARE_STORY_SHARE
        if draws.share() < bare_share:
            head, foot = [], []
        yield put_together([*head, *blocks, *foot], chosen, separator=separator, seed=i)


def stretch(blocks: Sequence[str], draws: Draws) -> Sequence[str]:
    """Draw a stretch of a story that has many blocks."""
    n_blocks = draws.between(*STORY_BLOCKS)
    start = draws.between(0, max(0, len(blocks) - n_blocks))
    return blocks[start : start + n_blocks]


def drawn_insert(stock: Stock, draws: Draws) -> str:
    """Draw a spam post, sources nearly alike (by the fourth root of their size) so that none drowns the rest."""
    sources = sorted(stock.spam)
    limits = np.cumsum([len(stock.spam[source]) ** 0.25 for source in sources])
    source = sources[int(np.searchsorted(limits, draws.share() * limits[-1], side="right"))]
    return insert_text(draws.one_of(stock.spam[source]), draws.between(1, N_WAYS))


def furniture(stock: Stock, draws: Draws) -> list[str]:
    """Draw what stands at one end of a page, at times a menu of it."""
    most = MAX_MENU if draws.share() < MENU_SHARE else MAX_FURNITURE
    return [draws.one_of(stock.furniture) for _ in range(draws.between(0, most))] if stock.furniture else []


def related(stock: Stock, draws: Draws) -> list[str]:
    """Draw the heads of other stories."""
    if draws.share() >= RELATED_SHARE:
        return []
    return [related_text(stock, draws) for _ in range(draws.between(1, MAX_RELATED))]


def related_text(stock: Stock, draws: Draws) -> str:
    """Draw the head of a story: its first block, whole or cut to a teaser."""
    head = draws.one_of(stock.stories[draws.one_of(sorted(stock.stories))])[0]
    is_cut = draws.share() < CUT_SHARE and len(head) > TEASER_FROM
    return teaser(head) if is_cut or len(head) > MAX_FURNITURE_CHARS else head


def put_together(parts: Sequence[str], chosen: Sequence[str], *, separator: str, seed: int) -> KnownPage:
    """Put inserts between the parts of a page."""
    placed = [(part, False) for part in parts]
    for k, text in enumerate(chosen):
        placed.insert(int(lot("place", seed, k) * (len(placed) + 1)), (text, True))
    pieces, inserts, position = [], [], 0
    for text, is_insert in placed:
        if is_insert:
            inserts.append((position, position + len(text)))
        pieces.append(text)
        position += len(text) + len(separator)
    return KnownPage(separator.join(pieces), tuple(inserts))
