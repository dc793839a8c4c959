"""The lines: a file of one post or one JSON object a line, read in stretches of whole lines.

Parsing costs more than reading, so whoever reads a large file hands its lines on as they are, and whoever
judges them parses them (`classifier.documents.entries_of`).

Invariants: stretches are whole lines, in order, none left out; a line that has come in is handed on before
more is waited for, so that a slow writer is answered line by line.
"""

from collections.abc import Iterable, Iterator

from classifier import entries
from classifier.entries import Failure, Item, Lines, too_long
from classifier.texts import READ_BYTES, Stream, decoded, refusal

# Bytes read at a time: few at first, so that a person sees results at once, then ever more, up to what is
# still little memory. Chosen; 4 MB are no faster.
FIRST_BYTES, GROWTH, MAX_READ_BYTES = 2**16, 4, 2**20
# Lines of one stretch, for files of very short ones: each becomes an object of a hundred times its size.
MAX_LINES = 20_000


def read_stretches(stream: Stream, path: str, *, are_rows: bool) -> Iterator[Lines | Failure]:
    """Read the lines of a file; one that is too long is a failure in its place."""
    refused = refusal(stream, path)
    if refused:
        yield refused
        return
    number, size = 1, FIRST_BYTES
    begun: list[bytes] = []
    while chunk := stream.read1(size):
        size = min(GROWTH * size, MAX_READ_BYTES)
        n_begun = sum(map(len, begun))
        n_ending = chunk.find(b"\n")
        if n_begun + (len(chunk) if n_ending < 0 else n_ending) > entries.MAX_BYTES:
            where = f"{path}:{number}"
            yield too_long(where, where)
            chunk, begun, number = after_line(stream, chunk), [], number + 1
        end = chunk.rfind(b"\n") + 1
        if end:
            octets = b"".join([*begun, chunk[:end]])
            yield from divided(Lines(path, number, octets, are_rows))
            number += octets.count(b"\n")
            begun = []
        if end < len(chunk):
            begun.append(chunk[end:])
    if begun:
        yield Lines(path, number, b"".join(begun), are_rows)


def after_line(stream: Stream, chunk: bytes) -> bytes:
    """Pass over the rest of a line; return what of the chunk comes after it."""
    if b"\n" in chunk:
        return chunk.partition(b"\n")[2]
    while rest := stream.readline(READ_BYTES):
        if rest.endswith(b"\n"):
            break
    return b""


def divided(lines: Lines) -> Iterator[Lines]:
    """Halve a stretch until none has too many lines."""
    n_lines = lines.octets.count(b"\n")
    if n_lines <= MAX_LINES:
        yield lines
        return
    middle = lines.octets.rfind(b"\n", 0, len(lines.octets) // 2) + 1 or lines.octets.find(b"\n") + 1
    first, second = lines.octets[:middle], lines.octets[middle:]
    yield from divided(Lines(lines.path, lines.first, first, lines.are_rows))
    yield from divided(Lines(lines.path, lines.first + first.count(b"\n"), second, lines.are_rows))


def numbered(lines: Lines) -> Iterator[tuple[str, str | Failure]]:
    """Yield `path:LINE` and the text of each line that is not blank."""
    for number, line in enumerate(lines.octets.split(b"\n"), lines.first):
        if line and not line.isspace():
            where = f"{lines.path}:{number}"
            yield where, decoded(line, where)


def beyond(items: Iterable[Item], n_entries: int) -> Iterator[Item]:
    """Pass over the first so many documents and failures of a stream, those not yet parsed included."""
    left = n_entries
    for item in items:
        if not left:
            yield item
        elif not isinstance(item, Lines):
            left -= 1
        else:
            n_first, rest = parted(item, left)
            left -= n_first
            if rest.octets:
                yield rest


def parted(lines: Lines, n_entries: int) -> tuple[int, Lines]:
    """Take at most so many entries off a stretch; return how many they are, and what is left of it."""
    found = start = 0
    number = lines.first
    while found < n_entries and start < len(lines.octets):
        end = lines.octets.find(b"\n", start) + 1 or len(lines.octets)
        found += not lines.octets[start:end].isspace()
        start, number = end, number + 1
    return found, Lines(lines.path, number, lines.octets[start:], lines.are_rows)
