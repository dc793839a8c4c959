"""The passages: the stretches of a post that a fit sees.

A scam stands in a page as a whole message, as one paragraph of it, or as a teaser: its head, cut off
with dots. So a long post is fitted on in all three forms, genuine posts as well as scams; otherwise the
dots alone would tell the classes apart. Cuts follow from the text, so the same posts give the same passages.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

# A post is read to here; what follows repeats it (mean of the corpora: 1,500 characters).
MAX_CHARS = 3_000
# Teasers of pages seen are the first 70 to 170 characters.
TEASER_CHARS = (70, 170)
TEASER_FROM = 220
PARAGRAPHS_FROM = 900
PARAGRAPH_CHARS = (25, 700)
N_PARAGRAPHS = 2
# What a cut counts beside the whole post. With 0.5, and weak sources at twice the weight, 4 points fewer foreign
# teasers were found (tests/benchmarks/README.md).
CUT_WEIGHT = 1.0

_PARTS = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"[.!?][\"')]?\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a post.

    Attributes
    ----------
    text : str
    weight : float
        What it counts beside the whole post's 1.
    """

    text: str
    weight: float


def digest(text: str) -> int:
    """Return a number that follows from the text alone, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def passages(text: str, n_paragraphs: int = N_PARAGRAPHS) -> Iterator[Passage]:
    """Yield the whole post, then a teaser and at most `n_paragraphs` paragraphs where it is long enough for them."""
    yield Passage(text[:MAX_CHARS], 1.0)
    if len(text) > TEASER_FROM:
        yield Passage(teaser(text), CUT_WEIGHT)
    if len(text) > PARAGRAPHS_FROM:
        for paragraph in sorted(paragraphs(text), key=digest)[:n_paragraphs]:
            yield Passage(paragraph, CUT_WEIGHT)


def teaser(text: str) -> str:
    """Cut the head of a text as a read-more box does: at any letter, with three dots."""
    shortest, longest = TEASER_CHARS
    n_chars = shortest + digest(text) % (longest - shortest)
    return teaser_of(text, n_chars)


def teaser_of(text: str, n_chars: int) -> str:
    """Return the first characters of a text, its space evened, with three dots."""
    return " ".join(text.split())[:n_chars].rstrip() + "..."


def paragraphs(text: str, shortest: int = PARAGRAPH_CHARS[0]) -> list[str]:
    """Part a text at blank lines, else at line breaks; cut what is still long at the end of a sentence.

    Pieces of fewer than `shortest` characters are left out.
    """
    parts = _PARTS.split(text)
    if len(parts) < 3:
        parts = text.split("\n")
    cut = (piece for part in parts for piece in sentences(part.strip()))
    return [piece for piece in cut if len(piece) >= shortest]


def sentences(part: str) -> Iterator[str]:
    """Cut a part into pieces of whole sentences, each within the longest paragraph where sentences allow."""
    longest = PARAGRAPH_CHARS[1]
    while len(part) > longest:
        ends = [match.end() for match in _SENTENCE_END.finditer(part[: longest - 100])]
        end = ends[-1] if ends else longest - 100
        yield part[:end].strip()
        part = part[end:].strip()
    if part:
        yield part
