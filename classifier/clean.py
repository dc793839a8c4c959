"""The clean copies: pages without their inserts, and where they are written.

Invariant: nothing is written anew. A clean copy is the page as given with stretches cut out of it, so all
that is left is as it was, byte for byte; an HTML copy is read again to see that it shows what it should.
"""

import codecs
import html as entities
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePath
from typing import AnyStr

from classifier.errors import InputError
from classifier.markup import BLOCKS, Markup, declared_encoding, decoded, read_decoded

# What brings no end tag with it.
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Without these a table loses a column or a page itself: they are emptied and stay.
KEPT = frozenset("html head body table caption colgroup thead tbody tfoot tr td th".split())
# The end tag of these may be left out.
IMPLIED_END = frozenset("p li dt dd".split())
# Chosen: longer than a paragraph, and short to count through once for each insert in it.
MAX_TOKEN_CHARS = 2000
# Chosen: a page is decoded in pieces of this size to find which byte a character is at; larger ones take longer.
PIECE_BYTES = 256
BYTE_ORDER_MARK = "\ufeff"
# Of a file's name, on the file systems in use.
MAX_NAME_BYTES = 255

# A comment, an element that holds no markup, a tag, or what browsers read as a comment. All else is text.
_ATTRIBUTES = r"(?:[\s/]+|[^\s/>][^\s/>=]*(?:\s*=\s*(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|[^\s>\"'][^\s>]*)?)?)*+(?:>|\Z)"
_MARKUP_RE = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    rf"|<(?P<raw>script|style|textarea|title|iframe|noembed|noframes)(?=[\s/>]){_ATTRIBUTES}"
    r".*?(?:</(?P=raw)(?=[\s/>])[^>]*(?:>|\Z)|\Z)"
    rf"|<(?P<slash>/?)(?P<name>[a-z][^\s/>]*){_ATTRIBUTES}"
    r"|<[!?/][^>]*(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTER = r"(?:&(?:#[xX]?[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);?|.)"
_CHARACTER_RE = re.compile(_CHARACTER, re.DOTALL)
_CHARACTERS_RE = re.compile(rf"{_CHARACTER}{{1,{MAX_TOKEN_CHARS}}}+", re.DOTALL)
_LINE_END_RE = re.compile(r"\r\n|[\n\r\f\v\x85\u2028\u2029]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a page's source.

    Attributes
    ----------
    start, end : int
        Half-open, in code points of the decoded source.
    kind : {"text", "start", "end", "other"}
        "start" and "end" are tags of elements that can hold others.
    name : str
        The element's, lower case, or "".
    """

    start: int
    end: int
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A text in the source that a reader sees.

    Attributes
    ----------
    token : int
        Which token it is.
    start, end : int
        Where it stands in the text that `classifier.markup` reads, half-open, without space at its ends.
    """

    token: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """A page's source, and where it says what the reader sees.

    Attributes
    ----------
    html, text : str
        The decoded source, and the text that `classifier.markup` reads from it.
    tokens : tuple of Token
    runs : tuple of Run
        In the order of both.
    """

    html: str
    text: str
    tokens: tuple[Token, ...]
    runs: tuple[Run, ...]


def clean_text(text: str, spans: Iterable[Span]) -> str:
    r"""Cut stretches out of a text, and of the blank lines around each those that would stand doubled.

    Parameters
    ----------
    text : str
    spans : iterable of (int, int)
        Half-open, in code points, in any order; they may overlap.

    Raises
    ------
    ValueError
        If a stretch does not lie within the text.

    Examples
    --------
    >>> clean_text("News.\n\nFree coins!\n\nMore news.\n", [(7, 18)])
    'News.\n\nMore news.\n'
    """
    first, *others = left_over(text, merged(spans, len(text)))
    if not others:
        return first
    body = first.rstrip()
    kept, gap = [body], first[len(body) :]
    for part in others:
        body = part.lstrip()
        gap = wider(gap, part[: len(part) - len(body)]) if any(kept) else gap
        if body:
            kept += [gap, body.rstrip()]
            gap = body[len(body.rstrip()) :]
    # A page that ends in an insert ends as it did, not in the blank line before it.
    return "".join(kept) + (gap if others[-1].strip() else others[-1])


def wider(gap: str, other: str) -> str:
    """Return the gap that has more line ends, of two that meet."""
    return other if len(_LINE_END_RE.findall(other)) > len(_LINE_END_RE.findall(gap)) else gap or other


def merged(spans: Iterable[Span], n_chars: int) -> list[Span]:
    """Return the stretches in order, those that meet as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if not 0 <= start <= end <= n_chars:
            raise ValueError(f"spans: [{start}, {end}) is not a stretch of a text of {n_chars} characters")
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return found


def left_over(text: AnyStr, spans: Sequence[Span]) -> list[AnyStr]:
    """Return what stands before, between and after the stretches of a text or of bytes, n_spans + 1 pieces."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def clean_html(html: str | bytes, paths: Collection[str], *, spans: Iterable[Span] | None = None) -> str | bytes:
    r"""Cut inserts out of a web page and leave everything else as it was, byte for byte.

    An element goes with its tags if all of its own text goes and no other element's text stands in it. Table
    cells stay, emptied. Where tags are crossed so that this cannot be, the text alone goes, and so where the
    element holds the name of the page's encoding.

    Parameters
    ----------
    html : str or bytes
    paths : collection of str
        The elements that hold inserts, as `classifier.markup.read_html` names them.
    spans : iterable of (int, int), optional
        Stretches of `read_html(html).text`, half-open, for inserts that are only a part of their element's
        text. Without them all of an element's own text is cut.

    Returns
    -------
    str or bytes
        As given; bytes stay in their encoding, byte-order mark and broken characters included.

    Raises
    ------
    InputError
        If the page cannot be read, or its markup is such that the inserts cannot be cut out of it.
    ValueError
        If no text stands at a path, or a stretch does not lie within the text.

    Examples
    --------
    >>> clean_html("<ul><li>News<li>Free <b>coins</b>\n</ul>", ["/html/body/ul[1]/li[2]"])
    '<ul><li>News\n</ul>'
    """
    source, encoding = decoded(html)
    page = read_decoded(source)
    stretches = stretches_at(page, set(paths), spans)
    if not stretches:
        return html
    for cuts in ways_to_cut(source, page, stretches):
        cleaned = "".join(left_over(source, cuts))
        if isinstance(html, str):
            return cleaned
        octets = b"".join(left_over(html, byte_spans(html, encoding, cuts)))
        if is_read_alike(octets, html, cleaned, encoding):
            return octets
    raise entangled()


def stretches_at(page: Markup, paths: set[str], spans: Iterable[Span] | None) -> list[tuple[int, int, str]]:
    """Return the stretches of the page's text to cut, with the name of the element that holds each."""
    if missing := sorted(paths - set(page.paths)):
        raise ValueError(f"paths: no text stands at {missing[0]!r}, a path that read_html returned was expected")
    allowed = merged(spans, len(page.text)) if spans is not None else [(0, len(page.text))]
    found: list[tuple[int, int, str]] = []
    for part, path in zip(page.segments, page.paths, strict=True):
        if path not in paths:
            continue
        name = path.rpartition("/")[2].partition("[")[0]
        for start, end in overlaps(part.start, part.end, allowed):
            is_next = found and found[-1][2] == name and part.block and not page.text[found[-1][1] : start].strip()
            if is_next and "\n\n" not in page.text[found[-1][1] : start]:
                found[-1] = found[-1][0], end, name
            else:
                found.append((start, end, name))
    return found


def overlaps(start: int, end: int, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the parts of [start, end) that lie within one of the stretches, which are in order."""
    nth = max(0, bisect_right(spans, (start, start)) - 1)
    while nth < len(spans) and spans[nth][0] < end:
        inside = max(start, spans[nth][0]), min(end, spans[nth][1])
        if inside[0] < inside[1]:
            yield inside
        nth += 1


def ways_to_cut(html: str, page: Markup, stretches: Sequence[tuple[int, int, str]]) -> Iterator[list[Span]]:
    """Yield where to cut a source so that what is left reads right: stretches with their elements, then without."""
    source = sourced(html, page)
    wanted = "".join(left_over(page.text, [(start, end) for start, end, _ in stretches])).split()
    for cuts_of in (element_cuts, text_cuts):
        cuts = merged((cut for stretch in stretches for cut in cuts_of(source, *stretch)), len(html))
        # Without its element gone, a text between two others keeps them from running together.
        if read_decoded("".join(left_over(html, cuts))).text.split() == wanted:
            yield cuts


def byte_spans(octets: bytes, encoding: str, spans: Sequence[Span]) -> list[Span]:
    """Return which bytes stretches of the decoded text stand at; the stretches are in order and do not meet.

    To encode the text again would not tell: some encodings write a character in two ways, or have states.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors_of(encoding))
    edges = [edge for span in spans for edge in span]
    places: list[int] = []
    n_chars = 0
    for start in range(0, len(octets), PIECE_BYTES):
        state, piece = decoder.getstate(), octets[start : start + PIECE_BYTES]
        n_before, n_chars = n_chars, n_chars + len(decoder.decode(piece))
        while len(places) < len(edges) and edges[len(places)] <= n_chars:
            places.append(start + byte_place(edges[len(places)] - n_before, piece, state, encoding))
    places += [len(octets)] * (len(edges) - len(places))
    return list(zip(places[::2], places[1::2], strict=True))


def byte_place(n_chars: int, piece: bytes, state: tuple[bytes, int], encoding: str) -> int:
    """Return after how many bytes of a piece, which is read on from a state, so many characters are over."""
    decoder = codecs.getincrementaldecoder(encoding)(errors_of(encoding))

    def n_decoded(n_bytes: int) -> int:
        decoder.setstate(state)
        return len(decoder.decode(piece[:n_bytes]))

    n_bytes = bisect_left(range(len(piece)), n_chars, key=n_decoded)
    # A broken character is known as one, and comes out, only when the next has begun.
    n_over = n_decoded(n_bytes) - n_chars
    return n_bytes - len(decoder.getstate()[0]) - n_over * (2 if encoding.startswith("utf-16") else 1)


def is_read_alike(octets: bytes, html: bytes, cleaned: str, encoding: str) -> bool:
    """Say whether a copy's bytes are its text in its page's encoding, and that is what the copy is still read in."""
    try:
        is_kept = octets.decode(encoding, errors_of(encoding)) == cleaned
    # In ISO-2022-JP, where a cut can part letters from what says that they are letters.
    except UnicodeDecodeError:
        return False
    return is_kept and (declared_encoding(octets) == declared_encoding(html) or decoded(octets)[0] == cleaned)


def errors_of(encoding: str) -> str:
    """Return how `classifier.markup` decodes what is broken in an encoding."""
    return "replace" if encoding.startswith("utf-16") else "surrogateescape"


def without_space(text: str) -> str:
    """Return a text without any space."""
    return "".join(text.split())


def entangled() -> InputError:
    """Word the refusal to cut."""
    return InputError("the HTML: an insert cannot be told from the markup around it in the source; cut it out by hand")


def sourced(html: str, page: Markup) -> Source:
    """Find where the source says what the reader sees.

    Each text of the source is numbered in its own place, and the page read again: where a number comes out,
    that text is seen. So it is the parser that says what is text, and not the pattern that found it.
    """
    tokens = tuple(tokenized(html))
    mark = next(mark for mark in map(chr, range(0x10F000, 0x10FFFD)) if mark not in html)
    numbered = "".join(with_number(html[token.start : token.end], nth, token, mark) for nth, token in enumerate(tokens))
    pieces = re.split(f"{mark}(\\d+){mark}", read_decoded(numbered).text)
    if "".join(pieces[::2]) != page.text:
        raise entangled()
    starts = [*accumulate(map(len, pieces[::2]))]
    ends = [start + len(text.rstrip()) for start, text in zip(starts, pieces[2::2], strict=False)]
    numbers = map(int, pieces[1::2])
    runs = tuple(Run(*run) for run in zip(numbers, starts, ends, strict=False))
    return Source(html, page.text, tokens, runs)


def with_number(written: str, nth: int, token: Token, mark: str) -> str:
    """Put a text's number before its first character that is no space."""
    first = next(solid_characters(written), None) if token.kind == "text" else None
    return written if first is None else f"{written[: first[0]]}{mark}{nth}{mark}{written[first[0] :]}"


def tokenized(html: str) -> Iterator[Token]:
    """Yield the tags, comments and texts of a source, which together are all of it."""
    # The parser drops a byte-order mark and nothing before it, so it is no text, and is kept.
    start = len(html) - len(html.removeprefix(BYTE_ORDER_MARK))
    if start:
        yield Token(0, start, "other")
    for match in _MARKUP_RE.finditer(html, start):
        yield from texts(html, start, match.start())
        name = (match["name"] or "").lower()
        kind = "other" if not name or name in VOID else "end" if match["slash"] else "start"
        yield Token(*match.span(), kind, name)
        start = match.end()
    yield from texts(html, start, len(html))


def texts(html: str, start: int, end: int) -> Iterator[Token]:
    """Yield a stretch without tags as texts that are short enough to be counted through again and again."""
    if end - start > MAX_TOKEN_CHARS:
        for match in _CHARACTERS_RE.finditer(html, start, end):
            yield Token(*match.span(), "text")
    elif start < end:
        yield Token(start, end, "text")


def solid_characters(written: str) -> Iterator[Span]:
    """Yield where each character that is no space is written, be it by a name or number."""
    for match in _CHARACTER_RE.finditer(written):
        if len(match[0]) > 1:
            yield from named_characters(match[0], match.start())
        elif not match[0].isspace():
            yield match.span()


def named_characters(written: str, start: int) -> Iterator[Span]:
    """Yield the same for what looks like a name or number; a name can end amid letters, as in "&ampere"."""
    read = entities.unescape(written)
    n_as_written = len(os.path.commonprefix([written[::-1], read[::-1]]))
    n_named = len(written) - n_as_written
    for character in read[: len(read) - n_as_written]:
        if not character.isspace():
            yield start, start + n_named
    for nth in range(n_named, len(written)):
        yield start + nth, start + nth + 1


def text_cuts(source: Source, start: int, end: int, name: str) -> list[Span]:
    """Return where the source says a stretch of the text, without any tag; the holder's name does not matter."""
    return [text_cut(source, run, start, end) for run in runs_within(source, start, end)]


def runs_within(source: Source, start: int, end: int) -> Sequence[Run]:
    """Return the runs that say a stretch of the text."""
    first = max(0, bisect_right(source.runs, start, key=lambda run: run.start) - 1)
    last = bisect_left(source.runs, end, key=lambda run: run.start)
    return [run for run in source.runs[first:last] if start < run.end]


def text_cut(source: Source, run: Run, start: int, end: int) -> Span:
    """Return where the source says that part of a run which lies within the stretch."""
    token = source.tokens[run.token]
    places = list(solid_characters(source.html[token.start : token.end]))
    n_before = len(without_space(source.text[run.start : max(start, run.start)]))
    n_within = len(without_space(source.text[max(start, run.start) : min(end, run.end)]))
    if not n_within or n_before + n_within > len(places):
        raise entangled()
    return token.start + places[n_before][0], token.start + places[n_before + n_within - 1][1]


def element_cuts(source: Source, start: int, end: int, name: str) -> list[Span]:
    """Return where the source says a stretch of the text, with the tags that hold nothing else."""
    cuts = text_cuts(source, start, end, name)
    runs = runs_within(source, start, end)
    first, last = runs[0], runs[-1]
    if first.start < start or last.end > end:
        return cuts
    free = free_tokens(source, first, last)
    left, right = balanced(source.tokens, free, range(first.token, last.token + 1))
    if left < 0 or right < 0:
        return cuts
    left, right = widened(source.tokens, free, left, right, name)
    cut_start = cuts[0][0] if left == first.token else source.tokens[left].start
    return [(cut_start, cuts[-1][1] if right == last.token else source.tokens[right].end)]


def free_tokens(source: Source, first: Run, last: Run) -> range:
    """Return the tokens around two runs, up to those in which the reader sees something else."""
    before = bisect_left(source.runs, first.token, key=lambda run: run.token) - 1
    after = bisect_right(source.runs, last.token, key=lambda run: run.token)
    lowest = source.runs[before].token + 1 if before >= 0 else 0
    return range(lowest, source.runs[after].token if after < len(source.runs) else len(source.tokens))


def balanced(tokens: Sequence[Token], free: range, inner: range) -> Span:
    """Return the first and last token once every tag has its other tag among them; -1 where it has none."""
    opened: list[str] = []
    closed: list[str] = []
    for token in tokens[inner.start : inner.stop]:
        if token.kind == "start":
            opened.append(token.name)
        elif token.kind == "end" and not opened:
            closed.append(token.name)
        elif token.kind == "end" and opened.pop() != token.name:
            return -1, -1
    left = outward(tokens, range(inner.start - 1, free.start - 1, -1), "start", closed[::-1]) if closed else inner.start
    right = outward(tokens, range(inner.stop, free.stop), "end", opened) if opened else inner.stop - 1
    return left, right


def outward(tokens: Sequence[Token], order: Iterable[int], kind: str, missing: Iterable[str]) -> int:
    """Return which token is the last of the tags that are missing ("" for any); -1 if it is not there or tags are crossed."""
    names = list(missing)
    for nth in order:
        token = tokens[nth]
        if token.kind not in ("start", "end"):
            continue
        if token.kind != kind:
            names.append(token.name)
        elif names.pop() not in ("", token.name):
            return -1
        if not names:
            return nth
    return -1


def widened(tokens: Sequence[Token], free: range, left: int, right: int, name: str) -> Span:
    """Take in the tags around two tokens, up to those of the element that holds the text."""
    while True:
        opening = outward(tokens, range(left - 1, free.start - 1, -1), "start", [""])
        closing = outward(tokens, range(right + 1, free.stop), "end", [""])
        around = tokens[opening].name if opening >= 0 else ""
        if not around or around in KEPT or (around in BLOCKS and around != name):
            return left, right
        if closing < 0 or tokens[closing].name != around:
            is_implied = around == name and around in IMPLIED_END and is_over(tokens, right + 1, name)
            return (opening if is_implied else left), right
        left, right = opening, closing
        if around == name:
            return left, right


def is_over(tokens: Sequence[Token], start: int, name: str) -> bool:
    """Say whether an element without an end tag ends here: before its like, another's end tag, or nothing."""
    tag = next(
        (token for token in (tokens[nth] for nth in range(start, len(tokens))) if token.kind in ("start", "end")), None
    )
    return tag is None or tag.kind == "end" or tag.name == name


def clean_path(directory: Path, id: str) -> Path:
    """Return where the clean copy of an input is written: below the directory, under the input's own name.

    The path of a file is kept whole, so that two inputs of one name do not meet; an absolute one loses its root.

    Parameters
    ----------
    directory : Path
    id : str
        What the input is called: a file's path, or whatever a row says.

    Raises
    ------
    InputError
        If the copy would lie outside the directory, or on the input itself, or cannot be a file's name.
    """
    where = f"{directory}: the clean copy of {id!r}"
    named = PurePath(id)
    names = named.relative_to(named.anchor).parts
    if not names or ".." in names:
        raise InputError(f"{where} would lie outside the folder; name the input by a path without '..', or by a name")
    if "\0" in id or not all(is_name(name) for name in names):
        raise InputError(f"{where} cannot be a file's name, at most {MAX_NAME_BYTES} bytes are one; rename the input")
    path = directory.joinpath(*names)
    if not path.resolve().is_relative_to(directory.resolve()):
        raise InputError(f"{where} would lie outside the folder, through a link in it; choose an empty folder")
    if path.resolve() == Path(id).resolve() or (path.exists() and Path(id).exists() and path.samefile(id)):
        raise InputError(f"{where} would replace the input itself; choose another folder")
    return path


def is_name(name: str) -> bool:
    """Say whether a file can be called so."""
    try:
        return len(os.fsencode(name)) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False
