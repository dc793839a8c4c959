"""The texts: a file as one post, and how its bytes are read as text.

All are read as UTF-8; an HTML file alone may be asked for undecoded, since it says itself how it is encoded.
"""

import gzip
import io
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

from classifier import entries
from classifier.entries import Columns, Document, Entry, Failure, binary, empty, failure, too_long
from classifier.folders import STDIN

Stream = io.BufferedReader | gzip.GzipFile

# A file with a NUL this early is binary (git looks at the first 8 kB, too).
BINARY_BYTES = 8192
READ_BYTES = 2**16
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})


def read_post(stream: Stream, path: str, columns: Columns) -> Iterator[Entry]:
    """Read a whole file as one post, or as a page where HTML is asked for."""
    if columns.html is not None and suffix(path) in HTML_SUFFIXES:
        yield read_page(stream, path)
        return
    refused = refusal(stream, path)
    if refused:
        yield refused
        return
    octets = read_bounded(stream)
    text = too_long(path, path) if octets is None else decoded(octets, path)
    if isinstance(text, Failure):
        yield text
    elif not text.strip():
        yield empty(path)
    else:
        yield Document(path, text, suffix(path) in HTML_SUFFIXES)


def read_page(stream: Stream, path: str) -> Entry:
    """Read a whole HTML file and leave it undecoded."""
    if "\0" in roughly_decoded(stream.peek(BINARY_BYTES)[:BINARY_BYTES]):
        return binary(path)
    octets = read_bounded(stream)
    if octets is None:
        return too_long(path, path)
    return Document(path, "", True, octets) if roughly_decoded(octets).strip() else empty(path)


def roughly_decoded(octets: bytes) -> str:
    """Decode a page so far that NUL and space can be told from the rest, whatever its encoding."""
    if octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return octets.decode("utf-16", "ignore")
    return octets.removeprefix(BOM_UTF8).decode("latin-1")


def read_bounded(stream: Stream) -> bytes | None:
    """Read to the end, or return None once that is too far."""
    chunks, size = [], 0
    while chunk := stream.read(READ_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > entries.MAX_BYTES:
            return None
    return b"".join(chunks)


def bounded_line(stream: Stream, max_bytes: int) -> bytes | None:
    """Read a line with its end, or pass over it and return None if it is too long; empty at the end."""
    line = stream.readline(max_bytes + 1)
    if len(line) <= max_bytes or line.endswith(b"\n"):
        return line
    while rest := stream.readline(READ_BYTES):
        if rest.endswith(b"\n"):
            break
    return None


def decoded(octets: bytes, where: str) -> str | Failure:
    """Decode UTF-8 strictly: another encoding is not guessed."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{octets[error.start]:02x} at offset {error.start}"
        return failure(where, f"not UTF-8 ({found}), UTF-8 was expected", "convert it, for example with iconv")


def suffix(path: str) -> str:
    """Return the suffix of a path in lower case, that before `.gz` if it is zipped.

    Examples
    --------
    >>> suffix("news/A.JSONL.gz"), suffix("news/a.txt"), suffix("news/a.gz")
    ('.jsonl', '.txt', '')
    """
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    stem, dot, end = name.rpartition(".")
    return dot + end if stem else ""


def refusal(stream: Stream, path: str) -> Failure | None:
    """Say why a file is no text, by its first bytes; a byte-order mark is passed over."""
    start = stream.peek(BINARY_BYTES)[:BINARY_BYTES]
    if not start and path != STDIN:
        return empty(path)
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return failure(path, "UTF-16 by its byte-order mark, UTF-8 was expected", "save it as UTF-8")
    if b"\0" in start:
        return binary(path)
    if start.startswith(BOM_UTF8):
        stream.read(len(BOM_UTF8))
    return None
