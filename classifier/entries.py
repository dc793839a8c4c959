"""The entries: what reading yields, a document, the failure that stands in its place, or lines not yet parsed.

Invariant: a failure's wording is `where: what is wrong, what was expected; what to do`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Bytes of one post or one line, unzipped. Chosen: a hundred times the longest page met in the wild; what
# is larger is a dump or a gzip bomb.
MAX_BYTES = 256 * 2**20
KINDS: Mapping[type, str] = MappingProxyType(
    {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", bytes: "bytes"}
)


@dataclass(frozen=True, slots=True)
class Document:
    """A text to score.

    Attributes
    ----------
    id : str
        What its result is called.
    text : str
        The text as given, a byte-order mark dropped. It may hold lone surrogates, which JSON can escape.
    is_html : bool
        True for an HTML file and for a row's HTML column.
    octets : bytes or None
        An HTML file as it is stored, if it was asked for undecoded; `text` is empty then.
    """

    id: str
    text: str
    is_html: bool = False
    octets: bytes | None = None

    def __reduce__(self) -> tuple[type["Document"], tuple[str, str, bool, bytes | None]]:
        """Pickle the fields alone, which takes half the time."""
        return Document, (self.id, self.text, self.is_html, self.octets)

    @property
    def page(self) -> str | bytes:
        """The text, or an HTML file undecoded: what a page is scanned from."""
        return self.text if self.octets is None else self.octets


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in a document's place if it could not be read.

    Attributes
    ----------
    id : str
        As the document would be called.
    error : str
        `where: what is wrong, what was expected; what to do`.
    """

    id: str
    error: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a row that hold its text; HTML is looked for, and its files not decoded, if there is a name for it."""

    text: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a file, not yet parsed.

    Attributes
    ----------
    path : str
        Of the file, as its lines' ids begin.
    first : int
        The number of the first line, from 1.
    octets : bytes
        The lines with their ends; the last line of a file may have none.
    are_rows : bool
        Whether each is a JSON object, or else a post.
    """

    path: str
    first: int
    octets: bytes
    are_rows: bool


Entry = Document | Failure
Item = Entry | Lines


def failure(where: str, wrong: str, advice: str, name: str | None = None) -> Failure:
    """Word a failure; it is called `where` unless it has a name of its own."""
    return Failure(where if name is None else name, f"{where}: {wrong}; {advice}")


def unreadable(path: str, error: Exception) -> Failure:
    """Word what the operating system refused."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return failure(
        path, f"cannot be read ({why}), a readable file or folder was expected", "check the path and its permissions"
    )


def empty(path: str) -> Failure:
    """Word that there is nothing to score."""
    return failure(path, "empty, a text was expected", "fill it or leave it out")


def binary(path: str) -> Failure:
    """Word that a file is no text."""
    wrong = "binary (NUL in the first 8 kB), UTF-8 text was expected"
    return failure(path, wrong, "convert it to text or leave it out")


def too_long(name: str, where: str) -> Failure:
    """Word that a post or a line is past the limit."""
    return failure(where, f"over {MAX_BYTES >> 20} MB, one post was expected", "split it or leave it out", name)


def no_column(where: str, names: list[str], columns: Columns, name: str | None = None) -> Failure:
    """Word that a table or row has no text, and what it has instead."""
    wanted = f'"{columns.text}"' + (f' or "{columns.html}"' if columns.html else "")
    has = ", ".join(names[:10]) or "nothing"
    return failure(where, f"no {wanted} (it has: {has}), a text was expected", "name the column that holds it", name)


def kind(value: object) -> str:
    """Say what a value is in words."""
    return "a string" if isinstance(value, str) else KINDS.get(type(value), "null" if value is None else "no text")
