import json
import re
from itertools import pairwise

import pandas as pd
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_own_posts import DATA

import classifier
from classifier.composition import (
    DISGUISES,
    MAX_FURNITURE_CHARS,
    MAX_INSERT_CHARS,
    MAX_REUSE,
    N_WAYS,
    STORY_BLOCKS,
    THREAD_POSTS,
    Draws,
    KnownPage,
    Stock,
    compose,
    disguised,
    drawn_insert,
    homoglyph,
    insert_text,
    leet,
    lot,
    put_together,
    read_pages,
    stocked,
    stretch,
    threads_of,
)
from classifier.errors import DataError
from classifier.passages import TEASER_FROM, teaser
from classifier.text import fold

# Two sources of stories whose every block says which it is, and short texts that only ever stand beside them.
STORIES = tuple(
    tuple(f"Block {k} of story {name}{i}, which the council heard about on Monday." for k in range(20))
    for name in "ab"
    for i in range(4)
)
MENU = tuple(f"Menu entry {i}" for i in range(30))


@pytest.fixture(scope="module")
def posts(own_folder) -> pd.DataFrame:
    return classifier.read_posts([own_folder])


@pytest.fixture(scope="module")
def pages(posts) -> list[KnownPage]:
    return list(compose(posts, n_pages=200))


def table(n_ham: int, n_spam: int) -> pd.DataFrame:
    rows = [{"text": HAM[i % 10], "label": "ham", "source": "s"} for i in range(n_ham)]
    return pd.DataFrame(rows + [{"text": SPAM[i % 10], "label": "scam", "source": "s"} for i in range(n_spam)])


def rows(texts: tuple[str, ...] | list[str], label: str, source: str, **columns: bool) -> list[dict]:
    serves = {"judged": True, "stories": True, "inserts": True, **columns}
    return [{"text": text, "label": label, "source": source, **serves} for text in texts]


def newsroom(*more: dict) -> pd.DataFrame:
    """Long stories, a menu that stands beside them and spam, with the columns of a recipe."""
    stories = rows(["\n\n".join(blocks) for blocks in STORIES], "ham", "news")
    return pd.DataFrame([*stories, *rows(MENU, "ham", "menu", stories=False), *rows(SPAM, "scam", "spam"), *more])


def genuine(page: KnownPage) -> list[str]:
    """The lines of a page that are of no insert."""
    edges = [0, *(edge for span in page.inserts for edge in span), len(page.text)]
    between = "\n".join(page.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [line for line in between.split("\n") if line.strip()]


def written(texts: tuple[str, ...] | list[str]) -> set[str]:
    """The forms in which spam posts may stand in a page."""
    return {insert_text(text, way) for text in texts for way in range(1, N_WAYS + 1)}


def test_the_same_posts_give_the_same_pages(posts, pages):
    assert list(compose(posts, n_pages=200)) == pages
    assert list(compose(posts.sample(frac=1, random_state=0), n_pages=200)) == pages


def test_every_second_page_has_inserts(pages):
    assert [bool(page.inserts) for page in pages] == [i % 2 == 0 for i in range(len(pages))]
    assert {len(page.inserts) for page in pages} == {0, 1, 2}


def test_inserts_are_texts_of_spam_and_all_else_is_genuine(posts, pages):
    spam = written(posts.loc[posts["label"] != "ham", "text"].tolist())
    ham = "\n".join(" ".join(text.split()) for text in posts.loc[posts["label"] == "ham", "text"])
    related = {teaser(story[0]) for stories in stocked(posts).stories.values() for story in stories}
    for page in pages:
        assert all(page.text[start:end] in spam for start, end in page.inserts)
        assert all(line in related or " ".join(line.split()) in ham for line in genuine(page))


def test_inserts_are_in_order_and_apart(pages):
    for page in pages:
        flat = [edge for span in page.inserts for edge in span]
        assert flat == sorted(flat)
        assert all(start < end for start, end in page.inserts)


def test_pages_of_a_part_of_the_posts_hold_texts_of_that_part_alone(posts):
    part, other = posts.iloc[::2], posts.iloc[1::2]
    foreign = [text.strip()[:60] for text in other["text"] if len(text.strip()) >= 60]
    own = "\n".join(part["text"])
    text = "\n".join(page.text for page in compose(part, n_pages=200))
    assert not [head for head in foreign if head in text and head not in own]


def test_no_more_pages_are_composed_than_asked_for(posts):
    assert len(list(compose(posts, n_pages=7))) == 7
    assert list(compose(posts, n_pages=0)) == []


@pytest.mark.parametrize(("n_ham", "n_stories"), [(3, 1), (40, 4)])
def test_a_story_makes_up_so_many_pages_at_most(n_ham, n_stories):
    found = list(compose(table(n_ham, 3), n_pages=1000))
    assert sum(map(len, stocked(table(n_ham, 3)).stories.values())) >= n_stories
    assert len(found) == MAX_REUSE * sum(map(len, stocked(table(n_ham, 3)).stories.values()))
    assert [len(page.inserts) > 0 for page in found] == [True, False] * (len(found) // 2)


def test_without_spam_no_page_has_inserts():
    assert {page.inserts for page in compose(table(40, 0), n_pages=10)} == {()}
    only = pd.DataFrame([*rows(HAM, "ham", "s"), *rows(SPAM, "spam", "s", inserts=False)])
    assert {page.inserts for page in compose(only, n_pages=10)} == {()}


@pytest.mark.parametrize(
    "ham",
    [
        [],
        rows(HAM, "ham", "s", stories=False),
        rows(HAM, "ham", "s", judged=False),
        rows(["one line and no sentence " * 40], "ham", "s"),
        rows(["First half. " * 50 + "\n\n" + "Second half. " * 30], "ham", "s"),
    ],
    ids=["no genuine post", "beside stories alone", "not judged", "a long line", "two blocks"],
)
def test_posts_without_stories_give_no_page(ham):
    assert list(compose(pd.DataFrame([*ham, *rows(SPAM, "scam", "s")]), n_pages=10)) == []


# What serves for what


def test_spam_that_is_for_no_inserts_stands_in_no_page():
    found = list(compose(newsroom(*rows(["Hello, click my channel"], "spam", "other", inserts=False)), n_pages=32))
    assert {page.text[start:end] for page in found for start, end in page.inserts} <= written(SPAM)
    assert not any("channel" in fold(page.text) for page in found)


def test_genuine_posts_that_are_not_judged_stand_in_no_page():
    foreign = [*HAM, "\n\n".join(f"Foreign block {k}, " + "and so on " * 6 for k in range(20))]
    posts = newsroom(*rows(foreign, "ham", "foreign", judged=False))
    assert list(compose(posts, n_pages=32)) == list(compose(newsroom(), n_pages=32))


def test_long_posts_that_are_no_stories_stand_nowhere():
    blocks = [f"Block {k} of what is no story, " + "and so on " * 6 for k in range(20)]
    found = compose(newsroom(*rows(["\n\n".join(blocks)], "ham", "manual", stories=False)), n_pages=32)
    assert not any("no story" in page.text for page in found)


def test_furniture_is_short_and_no_story_where_the_recipe_says_which_is():
    long = "x" * (MAX_FURNITURE_CHARS + 1)
    aside = rows([long, long[1:]], "ham", "menu", stories=False)
    stock = stocked(newsroom(*aside, *rows(HAM, "ham", "thread")))
    assert sorted(stock.furniture) == sorted([*MENU, long[1:]])
    assert sorted(stocked(table(10, 3)).furniture) == sorted(HAM)


def test_furniture_stands_at_the_ends_alone_and_related_stories_at_the_foot():
    following = dict(pair for blocks in STORIES for pair in pairwise(blocks))
    blocks = {block for story in STORIES for block in story}
    related = {text for story in STORIES for text in (story[0], teaser(story[0]))}
    feet = set()
    for page in compose(newsroom(), n_pages=32):
        lines = genuine(page)
        first = next((n for n, line in enumerate(lines) if line in blocks), None)
        if first is None:
            assert set(lines) <= set(MENU)
            continue
        last = first
        while last + 1 < len(lines) and following.get(lines[last]) == lines[last + 1]:
            last += 1
        assert last + 1 - first <= STORY_BLOCKS[1]
        assert set(lines[:first]) <= set(MENU)
        assert set(lines[last + 1 :]) <= {*MENU, *related}
        feet |= {*lines[last + 1 :]}
    assert feet & related
    assert feet & set(MENU)


def test_short_posts_of_a_source_are_threads_and_few_beside_long_ones_are_left_out():
    long = ["\n\n".join(blocks) for blocks in STORIES]
    stock = stocked(pd.DataFrame([*rows(long, "ham", "a"), *rows(HAM, "ham", "a"), *rows(HAM * 5, "ham", "b")]))
    assert stock.threads == {"b"}
    assert sorted(stock.stories["a"]) == sorted(map(list, STORIES))
    assert sorted(text for thread in stock.stories["b"] for text in thread) == sorted(HAM * 5)


@given(texts=st.lists(st.text(max_size=5), max_size=60))
def test_threads_are_the_texts_in_order_and_of_few_posts(texts):
    threads = threads_of(texts)
    assert [text for thread in threads for text in thread] == texts
    assert all(THREAD_POSTS[0] <= len(thread) <= THREAD_POSTS[1] for thread in threads[:-1])
    assert all(0 < len(thread) <= THREAD_POSTS[1] for thread in threads)


@given(n=st.integers(1, 60), seed=st.integers(0, 100))
def test_a_stretch_is_of_neighbouring_blocks(n, seed):
    found = stretch(range(n), Draws("test", seed))
    assert list(found) == list(range(found[0], found[-1] + 1) if found else [])
    assert min(n, STORY_BLOCKS[0]) <= len(found) <= STORY_BLOCKS[1]


def test_no_source_of_spam_drowns_the_rest():
    stock = Stock({"few": ["FEW"], "many": [f"MANY {i}" for i in range(100)]}, {}, frozenset(), [])
    few = written(["FEW"])
    n_few = sum(drawn_insert(stock, Draws("test", i)) in few for i in range(550))
    assert 105 <= n_few <= 160  # 1 to 3.2 by the fourth roots of their sizes: 132 were expected, not 5


# How spam is written


def test_an_insert_has_no_blank_lines_and_an_end():
    found = insert_text("  First line\n \n\nsecond line\n" + "and on " * 1_000, 2)
    assert re.search(r"\n\s*\n", found) is None
    assert len(found) <= MAX_INSERT_CHARS
    assert {len(insert_text("a" * 5_000, way)) for way in range(20)} >= {MAX_INSERT_CHARS}


def test_a_long_post_stands_whole_as_a_teaser_in_capitals_and_disguised():
    post = "Our robot trades while you sleep and it never loses a single coin. " * 5
    forms = [insert_text(post, way) for way in range(500)]
    teasers = sum(len(fold(form)) < 200 for form in forms)
    capitals = sum(form.isascii() and form.isupper() for form in forms)
    assert 150 <= teasers <= 250
    assert 5 <= capitals <= 40
    heads = [form for form in forms if form.endswith("...") and post.startswith(form.removesuffix("..."))]
    assert len({len(head) for head in heads}) > 50
    assert 250 <= len(heads) + forms.count(post.strip()) <= 450
    assert post.strip() in forms


def test_a_short_post_is_never_cut():
    post = "Send one coin, get two back now. " * 6
    assert len(post) <= TEASER_FROM
    plain = {form for form in (insert_text(post, way) for way in range(100)) if form.isascii() and "." in form}
    assert post.strip() in plain
    assert not any(form.endswith("...") for form in plain)


def test_a_post_stands_in_the_same_way_again_and_in_several_ways():
    assert [insert_text(SPAM[1], way) for way in range(9)] == [insert_text(SPAM[1], way) for way in range(9)]
    assert len(written(SPAM)) > len(SPAM)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 3),
    n_parts=st.integers(0, 6),
    separator=st.sampled_from(["\n", "\n\n"]),
)
def test_offsets_of_a_page_point_at_its_inserts(seed, n, n_parts, separator):
    chosen = [f"INSERT {k}" for k in range(n)]
    page = put_together(HAM[:n_parts], chosen, separator=separator, seed=seed)
    assert sorted(page.text[start:end] for start, end in page.inserts) == chosen
    assert list(page.inserts) == sorted(page.inserts)
    found = [part for part in page.text.split(separator) if part]
    assert [part for part in found if part not in chosen] == list(HAM[:n_parts])
    assert len(found) == n_parts + n


# Draws


@given(seed=st.lists(st.integers() | st.text(st.characters(exclude_categories=["Cs"]))), n=st.integers(1, 20))
def test_draws_are_shares_that_follow_from_their_seed(seed, n):
    first, again = Draws(*seed), Draws(*seed)
    drawn = [first.share() for _ in range(n)]
    assert drawn == [again.share() for _ in range(n)]
    assert all(0 <= share < 1 for share in drawn)


def test_draws_are_the_same_on_every_machine():
    draws = Draws("page", 0)
    assert [round(draws.share(), 6) for _ in range(3)] == [0.769084, 0.503679, 0.521566]
    draws = Draws("page", 1)
    assert [draws.between(1, 6) for _ in range(8)] == [5, 5, 5, 5, 2, 1, 1, 6]
    assert Draws("page", 2).one_of("abcdefgh") == "a"


@given(least=st.integers(-5, 5), n=st.integers(0, 4))
def test_every_whole_number_between_is_drawn_and_no_other(least, n):
    draws = Draws("between", least, n)
    assert {draws.between(least, least + n) for _ in range(200)} == set(range(least, least + n + 1))


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
