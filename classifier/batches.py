"""The batches: a stream of documents is judged in portions, and comes out in the order it came in.

Invariant: every document and every failure that goes in comes out once, in its place, and only a bounded
number of batches is held at a time.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from classifier.entries import Document, Entry, Failure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

# Characters and documents of one batch. Chosen: large enough that what a batch costs of its own does not
# show, small enough for memory and for a progress bar.
MAX_CHARS = 4_000_000
MAX_ITEMS = 20_000
# The first batch is small, so that a person sees results at once; each is larger than the one before.
FIRST_CHARS = 64_000
GROWTH = 4
# Batches in hand for each thread: one being judged and one waiting.
WINDOW = 2


def batches(
    items: Iterable[Entry], *, max_chars: int = MAX_CHARS, max_items: int = MAX_ITEMS, flush_each: bool = False
) -> Iterator[list[Entry]]:
    """Gather documents and failures into lists, order kept.

    Parameters
    ----------
    items : iterable of Document or Failure
    max_chars : int
        Characters of text in a batch; a longer document is a batch of its own.
    max_items : int
        Documents and failures in a batch.
    flush_each : bool
        Whether each is a batch of its own, for input that is written slowly and awaited line by line.

    Examples
    --------
    >>> [len(batch) for batch in batches([Document(str(i), "Hello") for i in range(5)], max_chars=10)]
    [2, 2, 1]
    """
    bound, n_chars = min(FIRST_CHARS, max_chars), 0
    batch: list[Entry] = []
    for item in items:
        length = 0 if isinstance(item, Failure) else len(item.page)
        if batch and n_chars + length > bound:
            yield batch
            batch, n_chars, bound = [], 0, min(GROWTH * bound, max_chars)
        batch.append(item)
        n_chars += length
        if flush_each or n_chars >= bound or len(batch) >= max_items:
            yield batch
            batch, n_chars, bound = [], 0, min(GROWTH * bound, max_chars)
    if batch:
        yield batch


def score_stream(
    items: Iterable[Entry],
    score_many: "Callable[[list[str]], NDArray[np.float64]]",
    *,
    jobs: int = 1,
    flush_each: bool = False,
) -> Iterator[tuple[Document, float] | Failure]:
    """Score documents in input order; failures keep their place.

    Parameters
    ----------
    items : iterable of Document or Failure
    score_many : callable
        Takes a list of n texts; their scores in [0, 1] as a float64 array of shape (n,). With several
        jobs it is called from several threads, and should let go of the interpreter lock.
    jobs : int
        Threads, at least 1.
    flush_each : bool
        Whether each result comes out before the next document is read; one thread is used.

    Raises
    ------
    ValueError
        If `jobs` is less than 1.
    """

    def scores(documents: list[Document]) -> list[float]:
        return [float(score) for score in score_many([document.text for document in documents])]

    return map_stream(items, scores, jobs=jobs, flush_each=flush_each)


def map_stream(
    items: Iterable[Entry],
    judge_many: Callable[[list[Document]], Iterable[T]],
    *,
    jobs: int = 1,
    flush_each: bool = False,
) -> Iterator[tuple[Document, T] | Failure]:
    """Pair each document with what `judge_many` says of it; as `score_stream`, for any kind of result."""
    if jobs < 1:
        raise ValueError(f"map_stream: jobs is {jobs}, 1 or more was expected")
    return flattened(batches(items, flush_each=flush_each), judge_many, 1 if flush_each else jobs)


def flattened(
    portions: Iterable[list[Entry]], judge_many: Callable[[list[Document]], Iterable[T]], jobs: int
) -> Iterator[tuple[Document, T] | Failure]:
    """Judge batch by batch, here or in threads, and hand out the results one by one."""
    in_turn = (judged(batch, judge_many) for batch in portions)
    with closing(in_turn if jobs == 1 else in_threads(portions, judge_many, jobs)) as results:
        for result in results:
            yield from result


def in_threads(
    portions: Iterable[list[Entry]], judge_many: Callable[[list[Document]], Iterable[T]], jobs: int
) -> Generator[list[tuple[Document, T] | Failure], None, None]:
    """Judge several batches at a time; those not begun are dropped if the stream is closed or interrupted."""
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(jobs)
    window: deque[Future[list[tuple[Document, T] | Failure]]] = deque()
    try:
        for batch in portions:
            window.append(pool.submit(judged, batch, judge_many))
            while window and (len(window) >= WINDOW * jobs or window[0].done()):
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def judged(
    batch: list[Entry], judge_many: Callable[[list[Document]], Iterable[T]]
) -> list[tuple[Document, T] | Failure]:
    """Judge the documents of a batch and put each result where its document stood."""
    documents = [item for item in batch if isinstance(item, Document)]
    pairs = iter(list(zip(documents, judge_many(documents), strict=True)) if documents else [])
    return [item if isinstance(item, Failure) else next(pairs) for item in batch]
