"""Lines: read in stretches, and the same as read one by one."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import entries, lines
from classifier.documents import parsed
from classifier.entries import Columns, Document, Failure, Lines
from classifier.lines import MAX_LINES, beyond, divided, numbered, read_stretches

COLUMNS = Columns("text", None)
# Few different bytes, so that line ends, blank lines and what is not UTF-8 are common.
OCTETS = st.lists(
    st.sampled_from([b"\n", b"\r\n", b" ", b"a", b"caf\xc3\xa9", b"\xff", b"word " * 9]), max_size=60
).map(b"".join)
ITEMS = st.lists(
    st.builds(Document, st.text(max_size=2), st.text(max_size=2))
    | st.builds(Failure, st.text(max_size=2), st.text(max_size=2))
    | st.builds(Lines, st.just("a"), st.integers(1, 9), OCTETS, st.just(False))
)


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as pipes do."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = list(chunks)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if not self.chunks:
            return 0
        chunk = self.chunks.pop(0)
        taken = chunk[: len(buffer)]
        if chunk[len(buffer) :]:
            self.chunks.insert(0, chunk[len(buffer) :])
        buffer[: len(taken)] = taken
        return len(taken)


def stream(octets: bytes, step: int = 10**9) -> io.BufferedReader:
    return io.BufferedReader(Trickle([octets[i : i + step] for i in range(0, len(octets), step)]))


def by_hand(octets: bytes, max_bytes: int) -> list[tuple[str, str | None]]:
    """Every line that is not blank with its number; None where it cannot be read."""
    found = []
    for number, line in enumerate(octets.split(b"\n"), start=1):
        if len(line) > max_bytes:
            found.append((f"a:{number}", None))
        elif line.strip():
            try:
                found.append((f"a:{number}", line.decode()))
            except UnicodeDecodeError:
                found.append((f"a:{number}", None))
    return found


@given(OCTETS.filter(lambda octets: octets[:1] not in (b"", b"\xff")), st.integers(1, 70), st.integers(5, 60))
def test_stretches_hold_every_line_whatever_comes_at_a_time(octets, step, max_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "MAX_BYTES", max_bytes)
        patch.setattr(lines, "FIRST_BYTES", 7)
        items = list(read_stretches(stream(octets, step), "a", are_rows=False))
    found = []
    for item in items:
        for where, text in [(item.id, item)] if isinstance(item, Failure) else numbered(item):
            found.append((where, None if isinstance(text, Failure) else text))
    assert found == by_hand(octets, max_bytes)


def test_a_line_is_handed_on_before_more_is_waited_for():
    chunks = [b"one\ntw", b"o\n", b"three"]
    raw = Trickle(chunks)
    stretches = read_stretches(io.BufferedReader(raw), "a", are_rows=False)
    assert (next(stretches).octets, raw.chunks) == (b"one\n", chunks[1:])
    assert (next(stretches).octets, raw.chunks) == (b"two\n", chunks[2:])
    assert next(stretches) == Lines("a", 3, b"three", False)


@given(st.integers(0, 5), st.integers(1, 30))
def test_stretches_of_very_short_lines_are_divided(n_blank, n_times):
    octets = (b"\n" * n_blank + b"x\n") * (n_times * MAX_LINES // 10)
    parts = list(divided(Lines("a", 7, octets, False)))
    assert b"".join(part.octets for part in parts) == octets
    number = 7
    for part in parts:
        assert (part.first, part.octets.count(b"\n") <= MAX_LINES) == (number, True)
        number += part.octets.count(b"\n")


@given(ITEMS, st.integers(0, 40))
def test_beyond_so_many_entries_stand_the_others(items, n_entries):
    assert list(parsed(beyond(items, n_entries), COLUMNS)) == list(parsed(items, COLUMNS))[n_entries:]
