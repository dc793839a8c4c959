import json
import re

import pandas as pd
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_own_posts import DATA

import classifier
from classifier.composition import (
    DISGUISES,
    KnownPage,
    compose,
    disguised,
    homoglyph,
    insert_text,
    leet,
    lot,
    put_together,
    read_pages,
)
from classifier.errors import DataError
from classifier.text import fold


@pytest.fixture(scope="module")
def posts(own_folder) -> pd.DataFrame:
    return classifier.read_posts([own_folder])


@pytest.fixture(scope="module")
def pages(posts) -> list[KnownPage]:
    return list(compose(posts, n_pages=1000))


def table(n_ham: int, n_spam: int) -> pd.DataFrame:
    rows = [{"text": HAM[i % 10], "label": "ham", "source": "s"} for i in range(n_ham)]
    return pd.DataFrame(rows + [{"text": SPAM[i % 10], "label": "scam", "source": "s"} for i in range(n_spam)])


def test_the_same_posts_give_the_same_pages(posts, pages):
    assert list(compose(posts, n_pages=1000)) == pages


def test_every_second_page_has_inserts(pages):
    assert [bool(page.inserts) for page in pages] == [i % 2 == 0 for i in range(len(pages))]
    assert {len(page.inserts) for page in pages} == {0, 1, 2}


def test_inserts_are_texts_of_spam_and_all_else_is_genuine(posts, pages):
    spam = {insert_text(text) for text in posts.loc[posts["label"] != "ham", "text"]}
    ham = "\n".join(" ".join(text.split()) for text in posts.loc[posts["label"] == "ham", "text"])
    for page in pages:
        assert all(page.text[start:end] in spam for start, end in page.inserts)
        edges = [0, *(edge for span in page.inserts for edge in span), len(page.text)]
        rest = "\n".join(page.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        for line in filter(str.strip, rest.split("\n")):
            assert " ".join(line.split()).removesuffix("...") in ham


def test_inserts_are_in_order_and_apart(pages):
    for page in pages:
        flat = [edge for span in page.inserts for edge in span]
        assert flat == sorted(flat)
        assert all(start < end for start, end in page.inserts)


def test_pages_of_a_part_of_the_posts_hold_texts_of_that_part_alone(posts):
    part, other = posts.iloc[::2], posts.iloc[1::2]
    foreign = [text.strip()[:60] for text in other["text"] if len(text.strip()) >= 60]
    own = "\n".join(part["text"])
    text = "\n".join(page.text for page in compose(part, n_pages=1000))
    assert not [head for head in foreign if head in text and head not in own]


def test_no_more_pages_are_composed_than_asked_for(posts):
    assert len(list(compose(posts, n_pages=7))) == 7
    assert list(compose(posts, n_pages=0)) == []


def test_posts_of_one_page_make_one_of_each_kind():
    assert [len(page.inserts) > 0 for page in compose(table(3, 3), n_pages=10)] == [True, False]


def test_without_spam_no_page_has_inserts_and_without_genuine_posts_there_is_none():
    assert {page.inserts for page in compose(table(40, 0), n_pages=10)} == {()}
    assert list(compose(table(0, 10), n_pages=10)) == []


@given(seed=st.integers(0, 10_000), n=st.integers(0, 3), separator=st.sampled_from(["\n", "\n\n"]))
def test_offsets_of_a_page_point_at_its_inserts(seed, n, separator):
    chosen = [f"INSERT {k}" for k in range(n)]
    page = put_together(HAM[:4], HAM[4:6], chosen, separator=separator, seed=seed)
    assert sorted(page.text[start:end] for start, end in page.inserts) == chosen
    genuine = [part for part in page.text.split(separator) if "INSERT" not in part]
    assert sorted(genuine) == sorted(HAM[:6])
    assert [part for part in genuine if part in HAM[:4]] == list(HAM[:4])


@given(seed=st.lists(st.integers() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_lot_is_a_share_that_follows_from_its_seed(seed):
    assert 0 <= lot(*seed) < 1
    assert lot(*seed) == lot(*seed)


@pytest.mark.parametrize("disguise", [homoglyph, "\u200b".join], ids=["homoglyph", "zero-width"])
@pytest.mark.parametrize("text", SPAM)
def test_a_disguise_of_letters_is_undone_by_folding(disguise, text):
    written = " ".join(word if any(c in word for c in "/.@0123456789") else disguise(word) for word in text.split(" "))
    assert written != text
    assert fold(written) == fold(text)


def test_leet_and_parted_words_are_undone_by_folding():
    words = "guaranteed investment returns without experience".split()
    assert fold(" ".join(map(leet, words))) == " ".join(words)
    assert [fold(disguise(word)) for word in words for disguise in (" ".join, ".".join)] == [
        w for w in words for _ in "ab"
    ]


@pytest.mark.parametrize("text", SPAM)
def test_most_words_of_a_disguised_post_fold_back(text):
    """However it is disguised: a spaced word next to another runs into it."""
    plain = set(re.findall(r"\w+", fold(text)))
    assert len(plain & set(re.findall(r"\w+", fold(disguised(text))))) >= 0.5 * len(plain)


def test_every_disguise_is_drawn(posts):
    texts = posts.loc[posts["label"] != "ham", "text"]
    assert {int(lot("disguise", text) * len(DISGUISES)) for text in texts} == set(range(len(DISGUISES)))


def test_own_pages_are_read_by_split():
    fit, judge = (read_pages(DATA / "pages", split) for split in ("fit", "judge"))
    assert min(len(fit), len(judge)) >= 80
    assert not {page.text for page in fit} & {page.text for page in judge}
    assert all(0 <= start < end <= len(page.text) for page in fit + judge for start, end in page.inserts)


@pytest.mark.parametrize(
    ("line", "wording"),
    [
        ("{", "unreadable (line 1: "),
        ('{"id": "a", "split": "fit", "inserts": []}', "the page 'a' has no text with inserts in it"),
        ('{"id": "a", "split": "fit", "text": "Rain"}', "the page 'a' has no text with inserts in it"),
        ('{"id": "a", "split": "fit", "text": 3, "inserts": []}', "the page 'a' has no text with inserts in it"),
        ('{"id": "a", "split": "fit", "text": "Rain", "inserts": null}', "the page 'a' has no text"),
        (
            '{"id": "a", "split": "fit", "text": "Rain", "inserts": [{"start": 1, "end": 5}]}',
            "the page 'a' has no text",
        ),
        ('{"id": "a", "split": "fit", "text": "Rain", "inserts": [{"start": 1}]}', "the page 'a' has no text"),
    ],
)
def test_pages_that_are_none_are_refused(line, wording, tmp_path):
    (tmp_path / "a.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'a.jsonl'}: {wording}")):
        read_pages(tmp_path, "fit")


def test_pages_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(DataError, match="unreadable"):
        read_pages(tmp_path / "none.jsonl", "fit")


def test_pages_of_another_split_are_left_out(tmp_path):
    rows = [{"split": split, "text": split, "inserts": [{"start": 0, "end": 1}]} for split in ("fit", "judge")]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_pages(tmp_path, "judge") == [KnownPage("judge", ((0, 1),))]
