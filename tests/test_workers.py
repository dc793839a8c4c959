"""Workers: processes that answer, and whose end is known at once."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from corpus import HAM, SPAM

from classifier.entries import Document, Lines
from classifier.errors import ClassifierError
from classifier.output import layout
from classifier.scores import FIELDS, Scorer
from classifier.workers import open_workers

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to see processes in")

PORTIONS = [[Document(f"{n} {i}", text) for i, text in enumerate(SPAM + HAM)] for n in range(12)]


@pytest.fixture(scope="module")
def scorer(model) -> Scorer:
    return Scorer(model, layout("jsonl", FIELDS))


def wait_until(holds) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_workers_answer_as_is_answered_here_and_are_gone_afterwards(scorer):
    portions = [*PORTIONS, [Lines("a", 5, b'{"text": "Free"}\n{]\n', True)]]
    with open_workers(scorer, 2) as crew:
        wait_until(crew.is_ready)
        pids = children(os.getpid())
        found = [crew.submit(portion) for portion in portions]
        assert [future.result() for future in found] == [scorer.answer(portion) for portion in portions]
    assert len(pids) == 2
    wait_until(lambda: not pids & running().keys())


def running() -> dict[int, int]:
    """Return the parent of each process that has not ended."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(path.parent.name)] = int(parent)
    return parents


def children(pid: int) -> set[int]:
    """Return the processes under a process."""
    found = {child for child, parent in running().items() if parent == pid}
    return found.union(*map(children, found))


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the other"])
def test_a_worker_that_is_killed_is_an_error_at_once_and_no_wait(which, scorer):
    with open_workers(scorer, 2) as crew:
        wait_until(crew.is_ready)
        os.kill(sorted(children(os.getpid()))[which], signal.SIGKILL)
        with pytest.raises(
            ClassifierError, match=r"worker: a process that scores ended early .*, an answer was expected; "
        ):
            [future.result() for future in [crew.submit(portion) for portion in PORTIONS]]
    wait_until(lambda: not children(os.getpid()))


def test_workers_that_never_come_are_no_wait_either(monkeypatch, scorer):
    monkeypatch.setattr("classifier.workers.PROGRAM", "raise SystemExit(1)")
    with open_workers(scorer, 2) as crew:
        wait_until(crew.is_ready)
        with pytest.raises(ClassifierError, match="worker: "):
            crew.submit(PORTIONS[0]).result()
