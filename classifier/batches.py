"""The batches: a stream of documents and unparsed lines is gathered into portions.

Invariant: every item that goes in comes out once, in its place, and no more than one portion is held.
"""

from collections.abc import Iterable, Iterator

from classifier.entries import Document, Item, Lines

# Characters (of lines: bytes) and documents of one portion. Chosen: large enough that what a portion costs of
# its own, about 2 ms on its way to a process and back, does not show; small enough for memory.
MAX_CHARS = 1_000_000
MAX_ITEMS = 20_000
# The first portion is small, so that a person sees results at once; each is larger than the one before.
FIRST_CHARS = 64_000
GROWTH = 4


def batches(
    items: Iterable[Item], *, max_chars: int = MAX_CHARS, max_items: int = MAX_ITEMS, flush_each: bool = False
) -> Iterator[list[Item]]:
    """Gather documents, failures and lines into lists, order kept.

    Parameters
    ----------
    items : iterable of Document, Failure or Lines
    max_chars : int
        Characters of text in a portion; a longer item is a portion of its own.
    max_items : int
        Documents, failures and single lines in a portion; a longer stretch of lines is a portion of its own.
    flush_each : bool
        Whether each item is a portion of its own, for input that is written slowly and awaited line by line.

    Examples
    --------
    >>> [len(batch) for batch in batches([Document(str(i), "Hello") for i in range(5)], max_chars=10)]
    [2, 2, 1]
    """
    bound = min(FIRST_CHARS, max_chars)
    batch: list[Item] = []
    n_chars = n_items = 0
    for item in items:
        more_chars, more_items = n_chars_of(item), n_items_of(item)
        if batch and (n_chars + more_chars > bound or n_items + more_items > max_items):
            yield batch
            batch, n_chars, n_items, bound = [], 0, 0, min(GROWTH * bound, max_chars)
        batch.append(item)
        n_chars, n_items = n_chars + more_chars, n_items + more_items
        if flush_each or n_chars >= bound or n_items >= max_items:
            yield batch
            batch, n_chars, n_items, bound = [], 0, 0, min(GROWTH * bound, max_chars)
    if batch:
        yield batch


def n_chars_of(item: Item) -> int:
    """Return how much there is to judge."""
    return len(item.octets) if isinstance(item, Lines) else len(item.page) if isinstance(item, Document) else 0


def n_items_of(item: Item) -> int:
    """Return how many documents and failures an item is at most."""
    return 1 + item.octets.count(b"\n") if isinstance(item, Lines) else 1
