"""The markup: what a reader sees of a web page as served, and the text its markup hides from them.

Every visible block counts, not the article alone, for inserts stand in the furniture. Nothing is fetched
and nothing is run. The parser (lxml over libxml2, whose tokenizer is HTML5's) hands over one tag or text
after the other and builds no tree, so that no depth and no number of attributes can exhaust it.

Invariant: any page within the stated limits is read in linear time, and no other raises but with `InputError`.
"""

import codecs
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from lxml import etree

from classifier.blocks import Segment, segments
from classifier.errors import InputError

# Whole news pages are 0.2 MB on average and 2 MB at most; what is larger is a dump.
MAX_BYTES = 50 * 10**6
# Blink flattens what is nested deeper; real pages reach 50.
MAX_DEPTH = 512
# All paths of a page together; real pages have at most 0.16 million, or 0.3 to a byte. Floods of blocks run into it.
MAX_PATH_CHARS = 16 * 10**6
# A page must name its encoding in its first kilobyte; servers put scripts before it.
DECLARED_WITHIN_BYTES = 4096
# A page cut off or patched together still is what it says, if so few of its other than ASCII characters are broken.
BROKEN_SHARE = 0.1
# As many characters are split into words at a time: all words of a dump would take ten times its memory.
EVENED_CHARS = 10**6
# Of an off-screen element no pixel is seen; menus that slide in stand closer.
OFF_SCREEN_PX = -999

# How screen-reader text and hidden links are styled in the wild.
SHIFTS = ("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top")
CLIPS = frozenset({"rect(0,0,0,0)", "rect(0000)", "rect(1,1,1,1)", "rect(1111)"})
CLIP_PATHS = frozenset({"inset(50%)", "inset(100%)", "circle(0)", "circle(0px)"})
COLOURS = {"white": "#ffffff", "rgb(255,255,255)": "#ffffff", "black": "#000000", "rgb(0,0,0)": "#000000"} | {
    "rgba(0,0,0,0)": "transparent"
}

# Elements that stand in a line of their own; all others run on with the text around them.
BLOCKS = frozenset(
    "html body address article aside blockquote button caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol p pre search "
    "section summary table tbody td tfoot th thead tr ul xmp".split()
)
# What of a page is never shown as its text: code, metadata, form values and what stands in for other media.
UNSHOWN = frozenset(
    "script style template noscript noembed noframes head title svg textarea select datalist option iframe object "
    "audio video canvas".split()
)
# States of an element whose text is neither page text nor reported as hidden.
UNREAD = frozenset({"unshown", "drawn"})
# HTML in a drawing ends the drawing.
BREAKING_OUT = BLOCKS - {"html", "body"}
ENCODINGS = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"} | {
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    # A page that names UTF-16 in ASCII letters is not in UTF-16.
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
READ_AS_NAMED = frozenset(
    "utf-8 big5 big5hkscs euc_jp iso2022_jp gb18030 cp932 cp949 cp874 koi8-r koi8-u cp866 mac-roman mac-cyrillic".split()
    + [f"cp125{page}" for page in range(9)]
    + [f"iso8859-{part}" for part in range(2, 17)]
)
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_CHARSET_RE = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_BLANK_LINES_RE = re.compile(r"\n\s*\n")
_BEYOND_ASCII_RE = re.compile(r"[^\x00-\x7f]+")
_SPACES_RE = re.compile(" {2,}")
_SURROGATE_RE = re.compile("[\ud800-\udfff]")
_CSS_NOISE_RE = re.compile(r"/\*.*?\*/|!\s*important|\s+", re.DOTALL)
_LENGTH_RE = re.compile(r"(-?\d*\.?\d+)(px|em|rem|vw|vh|%|pt|cm|in)?")
_PX_A_UNIT = {"em": 16, "rem": 16, "vw": 5, "vh": 5, "%": 1, "pt": 4 / 3, "cm": 38, "in": 96}


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that markup keeps from the reader.

    Attributes
    ----------
    path : str
        The element that holds it.
    text : str
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Markup:
    """A web page as its reader sees it.

    Attributes
    ----------
    text : str
        The blocks, parted by blank lines, space evened out.
    segments : tuple of Segment
        Of `text`, as `classifier.blocks` parts it.
    paths : tuple of str of length n_segments
        The element that holds each segment, as an XPath into the page as it is nested in the source.
    hidden : tuple of Hidden
        In the order of the page; not part of `text`.
    """

    text: str
    segments: tuple[Segment, ...]
    paths: tuple[str, ...]
    hidden: tuple[Hidden, ...]


def read_html(html: str | bytes) -> Markup:
    r"""Read what a web page shows, and what it hides.

    Style sheets are not read: text hidden by a class is visible here.

    Parameters
    ----------
    html : str or bytes
        A page, or a piece of one. Bytes are decoded by their byte-order mark, else as the page says it is
        encoded, else as UTF-8, else as windows-1252. What is UTF-8 is read so whatever the page says.

    Raises
    ------
    InputError
        If the page is over one of this module's limits.
    TypeError
        If `html` is neither.

    Examples
    --------
    >>> page = read_html("<h1>News</h1><p>It <b>rained</b>.<p hidden>Free coins")
    >>> page.text
    'News\n\nIt rained.'
    >>> page.paths
    ('/html/body/h1[1]', '/html/body/p[1]')
    >>> page.hidden
    (Hidden(path='/html/body/p[2]', text='Free coins'),)
    """
    return read_decoded(decoded(html)[0])


def read_decoded(html: str) -> Markup:
    """Read a page that was decoded; lone surrogates in it are read as U+FFFD."""
    encoded = encoded_for_parser(html)
    reader = Reader()
    parser = etree.HTMLParser(target=reader, huge_tree=True, recover=True, encoding="utf-8")
    parser.feed(encoded)
    if encoded.strip():
        parser.close()
    text = "\n\n".join(reader.blocks)
    starts = list(accumulate((len(block) + 2 for block in reader.blocks), initial=0))
    parts = tuple(segments(text))
    paths = tuple(reader.paths[bisect_right(starts, part.start) - 1] for part in parts)
    return Markup(text, parts, paths, tuple(reader.hidden))


def encoded_for_parser(html: str) -> bytes:
    """Encode a page as UTF-8; what cannot be encoded becomes U+FFFD."""
    try:
        return html.encode()
    except UnicodeEncodeError:
        return _SURROGATE_RE.sub("\ufffd", html).encode()


def decoded(html: str | bytes) -> tuple[str, str]:
    """Decode a page and name its encoding; bytes that are none of its characters become lone surrogates."""
    if not isinstance(html, str | bytes):
        raise TypeError(f"html is a {type(html).__name__}, a str or bytes was expected")
    if len(html) > MAX_BYTES:
        raise too_much(f"{len(html):,} bytes", f"at most {MAX_BYTES:,} bytes")
    if isinstance(html, str):
        return html, "utf-8"
    for mark, encoding in BYTE_ORDER_MARKS:
        if html.startswith(mark):
            return html.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace"), encoding
    # No other encoding looks like UTF-8 by chance, so a page that names another one errs.
    as_utf8 = html.decode("utf-8", "surrogateescape")
    declared = declared_encoding(html)
    if declared and (as_utf8.isascii() or n_broken(as_utf8)):
        text = escaped(html, declared)
        if text is not None and is_believable(text):
            return text, declared
    return (as_utf8, "utf-8") if is_believable(as_utf8) else (html.decode("cp1252", "surrogateescape"), "cp1252")


def escaped(html: bytes, encoding: str) -> str | None:
    """Decode with lone surrogates for broken bytes, or return None where those are ASCII and have no surrogate."""
    try:
        return html.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:
        return None


def declared_encoding(html: bytes) -> str | None:
    """Return the encoding a page says it is in, as browsers read the name, or None."""
    named = _CHARSET_RE.search(html[:DECLARED_WITHIN_BYTES])
    if not named:
        return None
    try:
        name = codecs.lookup(named[1].decode("ascii", "replace")).name
    except LookupError:
        return None
    name = ENCODINGS.get(name, name)
    return name if name in READ_AS_NAMED else None


def is_believable(text: str) -> bool:
    """Say whether few enough characters are broken for the encoding to be the right one."""
    return not n_broken(text) or n_broken(text) < BROKEN_SHARE * sum(map(len, _BEYOND_ASCII_RE.findall(text)))


def n_broken(text: str) -> int:
    """Return how many bytes were no characters of the encoding."""
    return 0 if text.isascii() else len(_SURROGATE_RE.findall(text))


def too_much(found: str, expected: str) -> InputError:
    """Word the refusal of a page that is over a limit."""
    return InputError(f"the HTML: {found}, {expected} are read; cut the page up, or scan its text")


class Reader:
    """What lxml hands a page over to, tag by tag; `blocks`, `paths` and `hidden` fill up on the way.

    It holds the open elements as parallel stacks, and the visible and the hidden text since the last block.
    """

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.paths: list[str] = []
        self.hidden: list[Hidden] = []
        self._steps: list[str] = []
        self._tallies: list[dict[str, int]] = [{}]
        self._states: list[str] = ["shown"]
        self._holders: list[int] = [0]
        self._seen: list[str] = []
        self._unseen: list[str] = []
        self._n_path_chars = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        is_root = tag in ("html", "body")
        if is_root and tag in self._steps[:2]:
            return
        if len(self._steps) == MAX_DEPTH:
            raise too_much(f"nested deeper than {MAX_DEPTH} elements", f"at most {MAX_DEPTH}")
        # A page hidden whole is one that its scripts show when it is loaded; a head amid the page is no head.
        is_plain = is_root or (tag == "head" and len(self._steps) > 1)
        state = self._states[-1] if is_plain else state_within(self._states[-1], tag, attributes)
        if tag in BLOCKS:
            self._part(state)
            self._holders.append(len(self._steps) + 1)
        tally = self._tallies[-1]
        tally[tag] = nth = tally.get(tag, 0) + 1
        self._steps.append(tag if is_root else f"{tag}[{nth}]")
        self._tallies.append({})
        self._states.append(state)
        if tag == "br":
            self.data("\n", as_written=True)
        elif tag == "input" and state not in UNREAD and attributes.get("type", "").strip().lower() == "hidden":
            self._hide(attributes.get("value", ""))

    def end(self, tag: str) -> None:
        """Close the element opened last; what follows the page's end still belongs to it."""
        if tag in ("html", "body"):
            return
        state = self._states.pop()
        if tag in BLOCKS:
            self._part(state)
            self._holders.pop()
        if state == "hidden" != self._states[-1]:
            self._flush_hidden()
        self._steps.pop()
        self._tallies.pop()

    def data(self, text: str, *, as_written: bool = False) -> None:
        """Take a text, or a piece of one."""
        state = self._states[-1]
        if state in UNREAD:
            return
        if state != "preformatted" and not as_written:
            text = text.replace("\n", " ")
        (self._unseen if state == "hidden" else self._seen).append(text)

    def close(self) -> None:
        """Take the page's end."""
        self._flush()
        self._flush_hidden()

    def _part(self, state: str) -> None:
        """End the block that an element in this state begins or ends in; what is not shown parts nothing shown."""
        if state == "hidden":
            self._flush_hidden()
        elif state not in UNREAD:
            self._flush()

    def _flush(self) -> None:
        """End the visible block, if there is one."""
        if not self._seen:
            return
        text, self._seen = "".join(self._seen), []
        for part in _BLANK_LINES_RE.split(text):
            lines = [evened_space(line) for line in part.split("\n")]
            block = "\n".join(line for line in lines if line)
            if block:
                self.blocks.append(block)
                self.paths.append(self._path(self._holders[-1]))

    def _flush_hidden(self) -> None:
        """End the hidden text, if there is one; it belongs to the element that is open."""
        text, self._unseen = "".join(self._unseen), []
        if text:
            self._hide(text)

    def _hide(self, text: str) -> None:
        if text := evened_space(text):
            self.hidden.append(Hidden(self._path(len(self._steps)), text))

    def _path(self, depth: int) -> str:
        path = "/" + "/".join(self._steps[:depth])
        self._n_path_chars += len(path)
        if self._n_path_chars > MAX_PATH_CHARS:
            raise too_much("too many blocks nested too deep", f"paths of at most {MAX_PATH_CHARS:,} characters")
        return path


def evened_space(text: str) -> str:
    """Write every stretch of space as one space, none at the ends."""
    if len(text) <= EVENED_CHARS:
        return " ".join(text.split())
    pieces = (text[start : start + EVENED_CHARS] for start in range(0, len(text), EVENED_CHARS))
    return _SPACES_RE.sub(" ", "".join(" ".join(f"|{piece}|".split())[1:-1] for piece in pieces)).strip()


def state_within(state: str, tag: str, attributes: Mapping[str, str]) -> str:
    """Return whether an element's text is shown, preformatted, hidden, drawn or unshown, given its parent's state."""
    if state == "drawn" and tag in BREAKING_OUT:
        state = "shown"
    if state in UNREAD:
        return state
    if state == "hidden" or (attributes and is_hidden(attributes)):
        return "hidden" if tag not in UNSHOWN else "unshown"
    if tag in UNSHOWN:
        return "drawn" if tag == "svg" else "unshown"
    return "preformatted" if tag in ("pre", "listing", "xmp") else state


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Say whether an element's own attributes keep its text from the reader."""
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style) and is_hiding(declarations(style or ""))


def declarations(style: str) -> dict[str, str]:
    """Return the properties that an inline style sets, lower case and without space."""
    parts = (part.partition(":") for part in _CSS_NOISE_RE.sub("", style.lower()).split(";"))
    return {name: value for name, colon, value in parts if colon}


def is_hiding(style: Mapping[str, str]) -> bool:
    """Say whether an inline style leaves nothing to see."""
    if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
        return True
    if is_tiny(style) or is_clipped(style):
        return True
    if any((pixels(style.get(name)) or 0) < OFF_SCREEN_PX for name in SHIFTS):
        return True
    colour, background = style.get("color"), style.get("background-color", style.get("background"))
    return bool(colour) and same_colour(colour) in ("transparent", same_colour(background))


def is_tiny(style: Mapping[str, str]) -> bool:
    """Say whether letters are too small or too faint to be seen."""
    size, opacity = pixels(style.get("font-size")), pixels(style.get("opacity"))
    too_small, too_faint = size is not None and size <= 1, opacity is not None and opacity <= 0.01
    return too_small or too_faint or "scale(0)" in style.get("transform", "")


def is_clipped(style: Mapping[str, str]) -> bool:
    """Say whether an element is cut down to nothing."""
    if style.get("clip", "").replace("px", "") in CLIPS or style.get("clip-path") in CLIP_PATHS:
        return True
    has_no_size = any(pixels(style.get(name)) == 0 for name in ("width", "height", "max-width", "max-height"))
    return has_no_size and style.get("overflow", "").startswith("hidden")


def pixels(length: str | None) -> float | None:
    """Return a CSS length or number in pixels, roughly, or None if it is neither."""
    match = _LENGTH_RE.fullmatch(length or "")
    return float(match[1]) * _PX_A_UNIT.get(match[2], 1) if match else None


def same_colour(colour: str | None) -> str | None:
    """Return a colour in its long spelling, the few that hide text."""
    colour = COLOURS.get(colour or "", colour)
    return (
        "#" + "".join(2 * digit for digit in colour[1:]) if colour and len(colour) == 4 and colour[0] == "#" else colour
    )
