"""Batches: bounded, in order, and out before the input has ended."""

import threading
import time
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.batches import FIRST_CHARS, MAX_CHARS, batches, map_stream, score_stream
from classifier.entries import Document, Failure

ENTRIES = st.lists(st.builds(Document, st.text(), st.text()) | st.builds(Failure, st.text(), st.text()))


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([len(text) for text in texts], np.float64)


def expected(entries: list[Document | Failure]) -> list[object]:
    return [entry if isinstance(entry, Failure) else (entry, float(len(entry.text))) for entry in entries]


@settings(deadline=None)
@given(ENTRIES, st.integers(1, 20), st.integers(1, 5))
def test_batches_are_bounded_and_keep_the_order(entries, max_chars, max_items):
    found = list(batches(entries, max_chars=max_chars, max_items=max_items))
    assert [entry for batch in found for entry in batch] == entries
    for batch in found:
        n_chars = [len(entry.text) for entry in batch if isinstance(entry, Document)]
        assert 1 <= len(batch) <= max_items
        assert sum(n_chars) <= max_chars or len(batch) == 1


def test_the_first_batch_is_small_and_later_ones_grow():
    documents = [Document(str(i), "x" * 1000) for i in range(9000)]
    sizes = [sum(len(document.text) for document in batch) for batch in batches(documents)]
    assert sizes[0] == FIRST_CHARS
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) == MAX_CHARS


@settings(deadline=None)
@given(ENTRIES, st.sampled_from([1, 3]), st.booleans())
def test_scores_and_failures_keep_their_place(entries, jobs, flush_each):
    assert list(score_stream(entries, lengths, jobs=jobs, flush_each=flush_each)) == expected(entries)


@pytest.mark.parametrize("jobs", [1, 3])
def test_many_batches_keep_their_order(jobs):
    entries = [Failure(str(i), "bad") if i % 7 == 0 else Document(str(i), "x" * (i % 3000)) for i in range(4000)]

    def unevenly(texts: list[str]) -> np.ndarray:
        time.sleep(0.001 * (len(texts) % 5))
        return lengths(texts)

    assert list(score_stream(entries, unevenly, jobs=jobs)) == expected(entries)


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_out_before_the_input_has_ended(jobs):
    endless = (Document(str(i), "x" * 1000) for i in count())
    results = score_stream(endless, lengths, jobs=jobs)
    assert [next(results)[0].id for _ in range(1000)] == [str(i) for i in range(1000)]
    results.close()


def test_flush_each_reads_nothing_ahead():
    n_read = 0

    def slow():
        nonlocal n_read
        for i in range(3):
            n_read += 1
            yield Document(str(i), "x")

    for n_results, _ in enumerate(score_stream(slow(), lengths, jobs=4, flush_each=True), start=1):
        assert n_read == n_results


def test_input_in_hand_is_bounded():
    n_read, begun = 0, threading.Event()

    def endless():
        nonlocal n_read
        while True:
            n_read += 1
            yield Document(str(n_read), "x" * 100_000)

    def stuck(texts: list[str]) -> np.ndarray:
        begun.wait(0.2)
        return lengths(texts)

    results = score_stream(endless(), stuck, jobs=2)
    next(results)
    assert n_read < 4 * MAX_CHARS // 100_000
    results.close()


def test_closing_leaves_no_thread_behind():
    before = threading.active_count()
    results = score_stream((Document(str(i), "x" * 100_000) for i in count()), lengths, jobs=2)
    next(results)
    results.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_error_ends_the_stream(jobs, error):
    before = threading.active_count()

    def interrupted(texts: list[str]) -> np.ndarray:
        raise error

    with pytest.raises(error):
        list(score_stream([Document("a", "x")], interrupted, jobs=jobs))
    assert threading.active_count() == before


def test_any_kind_of_result_can_be_streamed():
    entries = [Document("a", "<p>", is_html=True), Failure("b", "bad")]
    results = map_stream(entries, lambda documents: [document.is_html for document in documents])
    assert list(results) == [(entries[0], True), entries[1]]


def test_jobs_below_one_are_refused():
    with pytest.raises(ValueError, match="jobs is 0, 1 or more was expected"):
        score_stream([], lengths, jobs=0)


def test_as_many_scores_as_texts_are_demanded():
    with pytest.raises(ValueError, match="shorter"):
        list(score_stream([Document("a", "x")], lambda texts: lengths([])))
