"""The blocks: the paragraphs, headings and bylines of a page, and the segments they are scored in.

A blank line parts blocks. A single line break parts them too, unless the lines are prose that was wrapped
by hand. A block too long to be judged as one is cut where sentences end.

Invariant: segments are in order, disjoint and not empty, begin and end with a non-space character and
cover every non-space character of the text. Any text is taken, in linear time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

# A block to this length stays whole; a longer one is cut into pieces of these lengths. Chosen: one to four
# paragraphs of news, and the length of a whole scam; the last piece takes what is left, over 100 characters.
MAX_BLOCK_CHARS = 700
PIECE_CHARS = (300, 600)
# Widths at which prose is wrapped by hand: 72 in mail, 65 to 80 in newsgroups and plain-text news.
WRAPPED_CHARS = (50, 100)
# A wrapped line is full to the next word; English words are rarely longer than a quarter of a line.
FULL_SHARE = 0.75
# Of the lines of wrapped prose that are followed by another, so many are full and run on into it.
RUN_ON_SHARE = 0.5
# A dot after these ends no sentence. Chosen: what news is full of.
ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr rev hon gen col lt sgt capt gov sen rep pres vs etc inc ltd co corp dept no nos vol fig "
    "jan feb mar apr jun jul aug sep sept oct nov dec approx est eg ie cf al ave blvd rd pct".split()
)

_BLANK_LINES_RE = re.compile(r"\n\s*\n")
_NON_SPACE_RE = re.compile(r"\S")
_SENTENCE_END_RE = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f](?:(?<=[\u3002\uff01\uff1f])|[\"')\]\u201d\u2019\u00bb]{0,3}(?=\s))"
)
_LISTED_RE = re.compile(r"\s*(?:[-*\u2022\u00b7\u2013\u2014>#+]|\(?(?:\d{1,3}|[A-Za-z])[.)]\s)")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a page that is scored as one.

    Attributes
    ----------
    start, end : int
        Half-open, in code points of the text as given.
    block : int
        Which block it was cut from, counted from 0; a long block gives several segments.
    """

    start: int
    end: int
    block: int


def segments(text: str) -> list[Segment]:
    r"""Part a page into the stretches that are scored.

    Nothing is said about what is worth scoring: a heading, a date or a bullet is a segment, too.

    Parameters
    ----------
    text : str
        Of any kind: wrapped or not, with any line ends, run together, or empty.

    Returns
    -------
    list of Segment
        In the order of the text.

    Examples
    --------
    >>> segments("A heading\n\nBy Ann Writer\nThe council met.")
    [Segment(start=0, end=9, block=0), Segment(start=11, end=24, block=1), Segment(start=25, end=41, block=2)]
    """
    found: list[Segment] = []
    for block, (start, end) in enumerate(blocks(text)):
        if end - start <= MAX_BLOCK_CHARS:
            found.append(Segment(start, end, block))
        else:
            found.extend(Segment(*bounds, block) for bounds in pieces(text, start, end))
    return found


def blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the half-open bounds of each block, without the space around it."""
    text = evened(text)
    start = 0
    for sheet in text.split("\f"):
        yield from blocks_on(sheet, start)
        start += len(sheet) + 1


def blocks_on(sheet: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks of a stretch without form feeds, which begins at `start`."""
    sought = 0
    for stretch in _BLANK_LINES_RE.split(sheet):
        if "\n" in stretch:
            sought = sheet.find(stretch, sought)
            yield from blocks_between(stretch, start + sought)
            sought += len(stretch)
        elif bare := stretch.strip():
            begin = sheet.find(bare, sought)
            sought = begin + len(bare)
            yield start + begin, start + sought


def evened(text: str) -> str:
    """Write every line end as a line feed and every page or paragraph end as a form feed, offsets kept."""
    text = text.replace("\r\n", " \n").replace("\u2029", "\f")
    for line_end in ("\r", "\v", "\x85", "\u2028"):
        text = text.replace(line_end, "\n")
    return text


def blocks_between(stretch: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks of several lines, none of them blank, of which the first begins at `start`."""
    lines = stretch.split("\n")
    first = 0
    for n_lines in joined(lines):
        block = lines[first] if n_lines == 1 else "\n".join(lines[first : first + n_lines])
        if bare := block.lstrip():
            begin = start + len(block) - len(bare)
            yield begin, begin + len(bare.rstrip())
        start += len(block) + 1
        first += n_lines


def joined(lines: Sequence[str]) -> list[int]:
    """Return how many lines each block takes: one, unless the lines are prose wrapped by hand."""
    width = wrapping_width(lines)
    if not width:
        return [1] * len(lines)
    n_joined = [1]
    for line, following in pairwise(lines):
        if len(line) >= FULL_SHARE * width and not _LISTED_RE.match(following):
            n_joined[-1] += 1
        else:
            n_joined.append(1)
    return n_joined


def wrapping_width(lines: Sequence[str]) -> int:
    """Return the width, in characters, at which the lines were wrapped, or 0 if each stands for itself."""
    widths = sorted(map(len, lines))
    # A long address sticks out of wrapped prose, so it is not the widest line that counts.
    width = widths[-1] if len(lines) < 10 else widths[len(lines) * 9 // 10]
    if not WRAPPED_CHARS[0] <= width <= WRAPPED_CHARS[1]:
        return 0
    pairs = pairwise(lines)
    n_run_on = sum(len(line) >= FULL_SHARE * width and runs_on(line, following) for line, following in pairs)
    return width if n_run_on >= RUN_ON_SHARE * (len(lines) - 1) else 0


def runs_on(line: str, following: str) -> bool:
    """Say whether a sentence goes over from one line to the next."""
    return following.lstrip()[:1].islower() and line.rstrip()[-1:] not in (".", "!", "?", ":", "")


def pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the half-open bounds of a block, cut where it is long.

    Cut at the end of a sentence; where there is none at a space; where there is none after 600 characters.
    """
    while end - start > MAX_BLOCK_CHARS:
        cut = piece_end(text, start)
        yield start, start + len(text[start:cut].rstrip())
        after = _NON_SPACE_RE.search(text, cut, end)
        start = after.start() if after else end
    if start < end:
        yield start, end


def piece_end(text: str, start: int) -> int:
    """Return where to cut a long block that goes on for more than `MAX_BLOCK_CHARS`."""
    shortest, longest = start + PIECE_CHARS[0], start + PIECE_CHARS[1]
    for match in reversed(list(_SENTENCE_END_RE.finditer(text, shortest, longest + 1))):
        if match.end() <= longest and is_sentence_end(text, match.start()):
            return match.end()
    for match in _SENTENCE_END_RE.finditer(text, longest, start + MAX_BLOCK_CHARS):
        if is_sentence_end(text, match.start()):
            return match.end()
    words = text[start : longest + 1].rsplit(None, 1)
    return start + len(words[0]) if len(words) == 2 else longest


def is_sentence_end(text: str, mark: int) -> bool:
    """Say whether the full stop or other mark ends a sentence."""
    return text[mark] != "." or not is_abbreviation(text, mark)


def is_abbreviation(text: str, dot: int) -> bool:
    """Say whether the dot belongs to an abbreviation: a known one, an initial, or one with dots in it."""
    before = text[max(0, dot - 12) : dot].split()
    word = before[-1].strip("(\"'\u201c\u2018[") if before and not text[dot - 1].isspace() else ""
    return word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or ("." in word and len(word) <= 5)
