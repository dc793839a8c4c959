"""Answers: in order, bounded, out before the input has ended, and nothing left behind."""

import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.answers import WINDOW, Answer, Crew, answered, in_order
from classifier.entries import Document, Failure
from classifier.workers import open_threads

PORTIONS = st.lists(st.lists(st.builds(Document, st.text(max_size=3), st.text()), max_size=3))


@dataclass(frozen=True)
class Slow:
    """A judge that answers with the ids, some of them late."""

    wait_s: float = 0.0
    warmed: list[bool] = field(default_factory=list)

    def answer(self, portion: Sequence[Document]) -> Answer:
        time.sleep(self.wait_s * (len(portion) % 3))
        return Answer("".join(document.id for document in portion).encode(), len(portion))

    def warm_up(self) -> None:
        self.warmed.append(True)


def crew_of(judge: Slow, jobs: int = 3):
    return lambda: open_threads(judge, jobs)


def judged(portions, judge=None, **options):
    judge = judge or Slow()
    return list(in_order(portions, judge, crew_of(judge), jobs=3, worth_s=0.0, **options))


@given(PORTIONS)
def test_an_answer_a_portion_in_order(portions):
    assert judged(portions) == [Slow().answer(portion) for portion in portions]


def test_answers_that_come_early_wait_for_their_turn():
    portions = [[Document(f"{i} ", "")] * (1 + i % 5) for i in range(60)]
    assert judged(portions, Slow(0.002)) == [Slow().answer(portion) for portion in portions]


def test_little_is_judged_here_and_nothing_is_started():
    def never():
        raise AssertionError("a crew was started")

    judge = Slow()
    assert len(list(in_order([[]] * 9, judge, never, jobs=2, worth_s=1.0))) == 9
    assert judge.warmed == []


def test_what_pays_is_loaded_once_where_one_job_has_much_to_do():
    judge = Slow(0.001)
    list(in_order([[Document("a", "")]] * 9, judge, None, jobs=1, worth_s=0.003))
    assert judge.warmed == [True]


def test_what_comes_in_before_the_crew_is_ready_is_judged_here():
    here, there = Slow(), Slow()
    is_ready = iter([False, False, True, True])

    @contextmanager
    def late():
        with open_threads(there, 2) as crew:
            yield Crew(lambda: next(is_ready), crew.submit)

    portions = [[Document(str(i), "")] for i in range(5)]
    found = list(in_order(portions, here, late, jobs=2, worth_s=0.0))
    assert b"".join(answer.octets for answer in found) == b"01234"


@pytest.mark.parametrize("worth_s", [0.0, 1e9], ids=["crew", "here"])
def test_answers_come_out_before_the_input_has_ended(worth_s):
    judge = Slow()
    endless = ([Document(str(i), "")] for i in count())
    answers = in_order(endless, judge, crew_of(judge), jobs=3, worth_s=worth_s)
    assert [next(answers).octets for _ in range(100)] == [str(i).encode() for i in range(100)]
    answers.close()


def test_portions_in_hand_are_bounded():
    n_read = 0

    def endless():
        nonlocal n_read
        while True:
            n_read += 1
            yield [Document(str(n_read), "")]

    judge = Slow(0.01)
    answers = in_order(endless(), judge, crew_of(judge), jobs=3, worth_s=0.0)
    for n_answers in range(1, 20):
        next(answers)
        assert n_read <= n_answers + WINDOW * 3
    answers.close()


def test_closing_leaves_no_thread_behind():
    before = threading.active_count()
    judge = Slow()
    answers = in_order(([Document(str(i), "")] for i in count()), judge, crew_of(judge), jobs=3, worth_s=0.0)
    assert [next(answers).octets for _ in range(9)][-1] == b"8"
    answers.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("worth_s", [0.0, 1e9], ids=["crew", "here"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_error_ends_the_stream(worth_s, error):
    before = threading.active_count()

    class Failing(Slow):
        def answer(self, portion):
            if portion[0].id == "3":
                raise error
            return super().answer(portion)

    judge = Failing()
    portions = ([Document(str(i), "")] for i in count())
    with pytest.raises(error):
        list(in_order(portions, judge, crew_of(judge), jobs=3, worth_s=worth_s))
    assert threading.active_count() == before


# Rows


def line(row: dict) -> str:
    return f"{row['id']}: {row['error']}\n"


@given(st.lists(st.builds(Document, st.text(), st.text()) | st.builds(Failure, st.text(), st.text())))
def test_rows_and_failures_keep_their_place(entries):
    found = answered(entries, lambda documents: [(document.text, document.text > "n") for document in documents], line)
    rows = [
        entry.text if isinstance(entry, Document) else line({"id": entry.id, "error": entry.error}) for entry in entries
    ]
    assert found.octets == "".join(rows).encode()
    assert found.n_entries == len(entries)
    assert found.errors == tuple(entry.error for entry in entries if isinstance(entry, Failure))
    assert found.is_flagged == any(isinstance(entry, Document) and entry.text > "n" for entry in entries)


def test_a_document_may_fail_as_it_is_judged():
    found = answered([Document("a", ""), Document("b", "")], lambda _: [("a\n", False), Failure("b", "no")], line)
    assert found == Answer(b"a\nb: no\n", 2, ("no",), False)


def test_as_many_results_as_documents_are_demanded():
    with pytest.raises(ValueError, match="shorter"):
        answered([Document("a", "x")], lambda documents: [], line)


def test_lone_surrogates_are_written_as_their_escapes():
    assert answered([Document("a", "")], lambda _: [("\ud83d", False)], line).octets == b"\\ud83d"
