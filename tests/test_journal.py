"""The journal: whatever a run is ended by, the next one ends with the bytes of one that was not."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import journal
from classifier.answers import Answer
from classifier.errors import ClassifierError
from classifier.journal import Done, journalled

IDENTITY = {"classifier": "1", "threshold": None, "inputs": [["a.jsonl", 100, 5], ["b.jsonl", 7, 6]]}
HEAD = b"id,score\n"
ANSWERS = [
    Answer(f"row {i}\n".encode() * (1 + i % 3), 1 + i % 3, ("wrong",) if i == 7 else (), is_flagged=i == 3)
    for i in range(12)
]
WHOLE = HEAD + b"".join(answer.octets for answer in ANSWERS)
N_ENTRIES = sum(answer.n_entries for answer in ANSWERS)


class Killed(BaseException):
    """The end of a run."""


@pytest.fixture(autouse=True)
def _every_answer_is_noted(monkeypatch):
    monkeypatch.setattr(journal, "SYNC_S", 0.0)


def run(folder: Path, until: int | None = None, identity=IDENTITY) -> Done:
    """Write the answers that are missing, up to some; return what was done before."""
    with journalled(folder / "out", identity, HEAD) as (done, take):
        n_skipped = 0
        for nth, answer in enumerate(ANSWERS):
            n_skipped += answer.n_entries
            if n_skipped <= done.n_entries:
                continue
            if nth == until:
                raise Killed
            take(answer)
    return done


def run_until(folder: Path, until: int) -> None:
    with pytest.raises(Killed):
        run(folder, until)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def last_of(folder: Path) -> dict:
    return json.loads((folder / "out.journal").read_bytes().splitlines()[-1])


def test_a_run_that_is_not_ended_writes_all_and_says_so(tmp_path):
    assert run(tmp_path) == Done()
    assert files(tmp_path).keys() == {"out", "out.journal"}
    assert (tmp_path / "out").read_bytes() == WHOLE
    assert last_of(tmp_path) == {
        "n_entries": N_ENTRIES,
        "n_bytes": len(WHOLE),
        "has_failures": True,
        "is_flagged": True,
        "written_ns": (tmp_path / "out").stat().st_mtime_ns,
    }


def test_a_run_that_was_ended_is_taken_up(tmp_path):
    run_until(tmp_path, 6)
    assert files(tmp_path).keys() == {"out.partial", "out.journal"}
    assert WHOLE.startswith((tmp_path / "out.partial").read_bytes())
    n_done = sum(answer.n_entries for answer in ANSWERS[:6])
    assert run(tmp_path) == Done(n_done, len(HEAD) + 6 * n_done, is_flagged=True)
    assert (tmp_path / "out").read_bytes() == WHOLE


def test_nothing_is_left_to_do_once_it_is_whole(tmp_path):
    run(tmp_path)
    before = files(tmp_path)
    assert run(tmp_path).written_ns is not None
    assert files(tmp_path) == before


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 400), st.binary(max_size=30)), max_size=4))
def test_whatever_is_torn_the_bytes_are_the_same(tmp_path_factory, ends):
    """Each end: at which answer, how much of the journal behind its first line was lost, what stands behind the rows."""
    folder = tmp_path_factory.mktemp("torn")
    for until, n_lost, rubbish in ends:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal, "SYNC_S", 0.0)
            try:
                run(folder, until)
            except Killed:
                record = (folder / "out.journal").read_bytes()
                kept = max(record.index(b"\n") + 1, len(record) - n_lost)
                (folder / "out.journal").write_bytes(record[:kept])
                with (folder / "out.partial").open("ab") as rows:
                    rows.write(rubbish)
    run(folder)
    assert (folder / "out").read_bytes() == WHOLE
    assert files(folder).keys() == {"out", "out.journal"}


def test_a_run_ended_as_it_began_is_begun_again(tmp_path):
    run_until(tmp_path, 0)
    record = (tmp_path / "out.journal").read_bytes()
    (tmp_path / "out.partial").unlink()
    for n_bytes in (0, 1, record.index(b"\n")):
        (tmp_path / "out.journal").write_bytes(record[:n_bytes])
        run_until(tmp_path, 1)
        (tmp_path / "out.partial").unlink()
        (tmp_path / "out.journal").unlink()


def test_a_run_ended_before_the_output_was_put_in_its_place_is_finished(tmp_path):
    run(tmp_path)
    (tmp_path / "out").rename(tmp_path / "out.partial")
    assert run(tmp_path).written_ns is not None
    assert files(tmp_path).keys() == {"out", "out.journal"}


def test_what_is_done_is_noted_as_a_run_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "SYNC_S", 1e9)
    run_until(tmp_path, 6)
    assert last_of(tmp_path)["n_bytes"] == (tmp_path / "out.partial").stat().st_size > len(HEAD)


def test_a_full_disk_leaves_whole_rows(tmp_path, monkeypatch):
    def full(stream, octets):
        if b"row 5" in octets:
            os.write(stream.fileno(), octets[:3])
            raise OSError(28, "No space left on device")
        write(stream, octets)

    write = journal.write
    monkeypatch.setattr(journal, "write", full)
    with pytest.raises(ClassifierError, match=r"out: cannot be written \(No space left on device\)"):
        run(tmp_path)
    n_done = sum(answer.n_entries for answer in ANSWERS[:5])
    assert (tmp_path / "out.partial").read_bytes() == HEAD + b"".join(answer.octets for answer in ANSWERS[:5])
    monkeypatch.setattr(journal, "write", write)
    assert run(tmp_path).n_entries == n_done
    assert (tmp_path / "out").read_bytes() == WHOLE


# What is refused, before anything is changed


def refused(folder: Path, identity=IDENTITY) -> str:
    before = files(folder)
    with pytest.raises(ClassifierError) as caught:
        run(folder, identity=identity)
    assert files(folder) == before
    said = str(caught.value)
    assert re.search(r", what --resume left of the same run was expected; choose another --output, or remove ", said)
    return said.removeprefix(f"{folder}/").split(", what --resume left")[0]


OTHERS = {
    "another model": ({**IDENTITY, "threshold": 0.5}, "of another run (its threshold null, now 0.5)"),
    "another input": (
        {**IDENTITY, "inputs": [["a.jsonl", 100, 5], ["c.jsonl", 7, 6]]},
        "of another run (its input b.jsonl, now c.jsonl)",
    ),
    "a changed input": (
        {**IDENTITY, "inputs": [["a.jsonl", 101, 5], ["b.jsonl", 7, 6]]},
        "of another run (a.jsonl has been changed since)",
    ),
    "one input more": (
        {**IDENTITY, "inputs": [*IDENTITY["inputs"], ["c.jsonl", 7, 6]]},
        "of another run (its inputs are others)",
    ),
    "another release": ({"threshold": None}, "of another run (not of this release)"),
}


@pytest.mark.parametrize(("identity", "wording"), OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("is_whole", [False, True], ids=["partial", "whole"])
def test_what_belongs_to_another_run_is_refused(identity, wording, is_whole, tmp_path):
    if is_whole:
        run(tmp_path)
    else:
        run_until(tmp_path, 6)
    assert refused(tmp_path, identity) == f"out.journal: {wording}"


@pytest.mark.parametrize("name", ["out", "out.partial"])
def test_a_file_without_its_journal_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"precious")
    assert refused(tmp_path) == f"{name}: there without its journal, so that it is not known what it holds"


@pytest.mark.parametrize("content", [b"precious", b"precious\n", b"[1]\n", b"\xff\n"])
def test_a_journal_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "out.journal").write_bytes(content)
    assert refused(tmp_path).startswith("out.journal: ")


def test_rows_that_are_gone_are_refused(tmp_path):
    run_until(tmp_path, 6)
    (tmp_path / "out.partial").write_bytes(b"row")
    assert refused(tmp_path).startswith("out.partial: 3 bytes, ")
    (tmp_path / "out.partial").unlink()
    assert refused(tmp_path).startswith("out.partial: 0 bytes, ")


def test_an_output_that_was_changed_or_is_gone_is_refused(tmp_path):
    run(tmp_path)
    with (tmp_path / "out").open("ab") as rows:
        rows.write(b"more")
    assert refused(tmp_path) == "out: removed or changed since it was written"
    (tmp_path / "out").unlink()
    assert refused(tmp_path) == "out: removed or changed since it was written"


def test_an_output_that_has_come_in_between_is_refused(tmp_path):
    run_until(tmp_path, 6)
    (tmp_path / "out").write_bytes(b"precious")
    assert refused(tmp_path) == "out: there before it was finished"


def test_two_runs_at_a_time_are_refused(tmp_path):
    with (
        journalled(tmp_path / "out", IDENTITY, HEAD),
        pytest.raises(
            ClassifierError, match=r"out\.journal: another run is writing its output, none was expected; wait"
        ),
    ):
        run(tmp_path)
    assert run(tmp_path).written_ns is not None


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ClassifierError, match=r"none/out: cannot be written \(No such file or directory\)"):
        run(tmp_path / "none")
