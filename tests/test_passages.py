from hypothesis import given
from hypothesis import strategies as st

from classifier.passages import (
    CUT_WEIGHT,
    MAX_CHARS,
    N_PARAGRAPHS,
    PARAGRAPH_CHARS,
    TEASER_CHARS,
    TEASER_FROM,
    digest,
    paragraphs,
    passages,
    sentences,
    teaser,
)

SENTENCE = "The committee met on Tuesday and heard what the neighbours had to say about the wall. "
LONG = st.lists(st.sampled_from([SENTENCE, "Free! ", "\n", "\n\n", "x" * 800, "word "]), max_size=40).map("".join)
POST = "\n\n".join(f"Paragraph {i}. {SENTENCE * (i + 1)}" for i in range(5))


def evened(text: str) -> str:
    return " ".join(text.split())


def test_a_short_post_is_one_passage():
    assert [(passage.text, passage.weight) for passage in passages("Free coins")] == [("Free coins", 1.0)]


def test_a_long_post_is_seen_whole_as_a_teaser_and_by_paragraphs():
    whole, head, *parts = passages(POST)
    assert (whole.text, whole.weight) == (POST, 1.0)
    assert head.text.endswith("...")
    assert len(parts) == N_PARAGRAPHS
    assert all(part.weight == CUT_WEIGHT and part.text in POST for part in parts)


def test_more_paragraphs_are_seen_where_asked_for():
    assert len(list(passages(POST, n_paragraphs=4))) == 2 + 4


def test_a_teaser_is_the_head_with_dots():
    head = teaser(POST)
    assert evened(POST).startswith(head.removesuffix("..."))
    assert TEASER_CHARS[0] - 1 <= len(head) - 3 <= TEASER_CHARS[1]


def test_a_digest_is_the_same_on_every_machine():
    assert digest("Free coins") == 14765424824235107679
    assert digest("\ud800") == digest("?")


@given(text=LONG | st.text())
def test_passages_follow_from_the_text_alone(text):
    assert list(passages(text)) == list(passages(text))


@given(text=LONG)
def test_every_passage_is_a_stretch_of_the_post(text):
    for passage in passages(text):
        assert len(passage.text) <= MAX_CHARS
        assert evened(passage.text).removesuffix("...") in evened(text)


@given(text=LONG)
def test_a_text_just_long_enough_has_a_teaser(text):
    assert (len(list(passages(text))) > 1) == (len(text) > TEASER_FROM)


@given(text=LONG)
def test_paragraphs_keep_to_their_lengths(text):
    assert all(PARAGRAPH_CHARS[0] <= len(part) <= PARAGRAPH_CHARS[1] for part in paragraphs(text))


@given(text=LONG)
def test_sentences_lose_nothing(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
