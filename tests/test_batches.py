"""Batches: bounded, in order, each item once."""

from hypothesis import given
from hypothesis import strategies as st

from classifier.batches import FIRST_CHARS, MAX_CHARS, batches, n_chars_of, n_items_of
from classifier.entries import Document, Failure, Lines

ITEMS = st.lists(
    st.builds(Document, st.text(), st.text())
    | st.builds(Failure, st.text(), st.text())
    | st.builds(Lines, st.just("a"), st.just(1), st.binary(), st.booleans())
)


@given(ITEMS, st.integers(1, 20), st.integers(1, 5))
def test_portions_are_bounded_and_keep_the_order(items, max_chars, max_items):
    found = list(batches(items, max_chars=max_chars, max_items=max_items))
    assert [item for batch in found for item in batch] == items
    for batch in found:
        assert sum(map(n_items_of, batch)) <= max_items or len(batch) == 1
        assert sum(map(n_chars_of, batch)) <= max_chars or len([item for item in batch if n_chars_of(item)]) == 1


def test_the_first_portion_is_small_and_later_ones_grow():
    documents = [Document(str(i), "x" * 1000) for i in range(9000)]
    sizes = [sum(len(document.text) for document in batch) for batch in batches(documents)]
    assert sizes[0] == FIRST_CHARS
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) == MAX_CHARS


@given(ITEMS)
def test_what_is_awaited_is_handed_on_one_by_one(items):
    assert list(batches(items, flush_each=True)) == [[item] for item in items]
