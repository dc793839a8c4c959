"""The composition: pages put together from labelled posts, with known inserts, to fit the judge of segments on.

Genuine pages are long genuine posts, and threads of short ones from one source. Into every page some decoys are
put between its blocks, genuine posts of other sources as related stories and furniture stand there, at times
cut to teasers; into half of the pages one or two spam posts, whole or as a teaser, at times disguised. A page is made of posts held
out of the fit that scores it, so that its inserts are as foreign as those of a real page.

Invariant: the same posts give the same pages.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import DataError
from classifier.passages import PARAGRAPHS_FROM, digest, paragraphs, teaser
from classifier.posts import labelled_files, read_rows

# Genuine posts shorter than this come as threads; threads have this many posts.
THREAD_POSTS = (4, 14)
MAX_BLOCKS = 40
MAX_INSERT_CHARS = 2_500
# Of the pages with inserts, this share has two; of the inserts, these shares are teasers and disguised.
TWO_SHARE, TEASER_SHARE, DISGUISED_SHARE = 0.2, 0.4, 0.25
BLANK_LINE_SHARE = 0.8
MAX_DECOYS = 4
MAX_DECOY_CHARS = 400
# Posts that the recipe trusts less stand too far from pages, or are labelled too loosely, to compose pages of.
TRUSTED_WEIGHT = 0.4

_HOMOGLYPHS = str.maketrans("aeiocpxysABEHKMOPTXC", "аеіосрхуѕАВЕНКМОРТХС")
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


def insert_text(post: str) -> str:
    """Return a spam post as it stands in a page: whole or as a teaser, at times disguised."""
    text = post.strip()[:MAX_INSERT_CHARS]
    if len(text) > 160 and lot("teaser", post) < TEASER_SHARE:
        text = teaser(text)
    return disguised(text) if lot("attack", post) < DISGUISED_SHARE else text


def genuine_pages(posts: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the blocks of genuine pages: long posts, then threads of short ones from one source."""
    ham = posts[posts["label"] == "ham"]
    if "stories" in posts:
        ham = ham[ham["stories"]]
    is_long = ham["text"].str.len() >= PARAGRAPHS_FROM
    for text in ham.loc[is_long, "text"]:
        blocks = paragraphs(text, shortest=1)
        if len(blocks) > 2:
            yield blocks[:MAX_BLOCKS]
    for source, group in ham[~is_long].groupby("source", sort=True):
        texts = sorted(group["text"], key=digest)
        start = 0
        while start < len(texts):
            shortest, longest = THREAD_POSTS
            n_posts = shortest + int(lot(source, start) * (longest - shortest))
            yield [text.strip() for text in texts[start : start + n_posts]]
            start += n_posts


def decoy_text(post: str) -> str:
    """Return a genuine post as it stands beside a story: short, or as a teaser."""
    text = post.strip()
    return teaser(text) if len(text) > MAX_DECOY_CHARS or (len(text) > 160 and lot("decoy", post) < 0.5) else text


def trusted(posts: pd.DataFrame) -> pd.DataFrame:
    """Return the posts that the recipe trusts enough, of genuine ones those it judges by; all where it does not say."""
    is_ham = posts["label"] == "ham"
    is_trusted = posts["weight"] >= TRUSTED_WEIGHT if "weight" in posts else ~is_ham | is_ham
    return posts[is_trusted & (~is_ham | posts["judged"])] if "judged" in posts else posts[is_trusted]


def compose(posts: pd.DataFrame, *, n_pages: int) -> Iterator[KnownPage]:
    """Compose pages from posts of both classes; half of them have inserts.

    Parameters
    ----------
    posts : DataFrame
        Posts that the fit did not see.
    n_pages : int
        At most so many pages; fewer where there are fewer genuine posts.
    """
    posts = trusted(posts)
    spam = sorted(posts.loc[posts["label"] != "ham", "text"], key=digest)
    ham = sorted(posts.loc[posts["label"] == "ham", "text"], key=digest)
    pages = sorted(genuine_pages(posts), key=lambda blocks: digest("".join(blocks)))[:n_pages]
    # A fit needs pages of both kinds, also from posts that make one page alone.
    pages = pages * 2 if len(pages) == 1 < n_pages else pages
    for i, blocks in enumerate(pages):
        n_inserts = 0 if i % 2 or not spam else 1 + (lot("two", i) < TWO_SHARE)
        chosen = [insert_text(spam[int(lot("post", i, k) * len(spam))]) for k in range(n_inserts)]
        n_decoys = int(lot("decoys", i) * (MAX_DECOYS + 1))
        decoys = [decoy_text(ham[int(lot("beside", i, k) * len(ham))]) for k in range(n_decoys)]
        separator = "\n\n" if lot("blank", i) < BLANK_LINE_SHARE else "\n"
        yield put_together(blocks, decoys, chosen, separator=separator, seed=i)


def put_together(
    blocks: Sequence[str], decoys: Sequence[str], chosen: Sequence[str], *, separator: str, seed: int
) -> KnownPage:
    """Put decoys and inserts between the blocks of a page."""
    parts = [(block, False) for block in blocks]
    for k, part in enumerate([*((text, False) for text in decoys), *((text, True) for text in chosen)]):
        parts.insert(int(lot("place", seed, k) * (len(parts) + 1)), part)
    pieces, inserts, position = [], [], 0
    for text, is_insert in parts:
        if is_insert:
            inserts.append((position, position + len(text)))
        pieces.append(text)
        position += len(text) + len(separator)
    return KnownPage(separator.join(pieces), tuple(inserts))
