"""The compiled folding says what the plain one says."""

import gzip
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import compiled, folding
from classifier.entities import CODES, FREE_MAIL, MESSENGERS, NAMES, SCALES, SHORTENERS, TOP_LEVEL
from classifier.folding import fold_many
from classifier.ngrams import NgramSpec
from classifier.tables import LONGEST_NAME, PAGES, known_names
from classifier.text import SPARED, fold

CORPORA = sorted((Path(__file__).parents[2] / "shared" / "corpora").glob("*.jsonl.gz"))
CASES = [
    json.loads(line)["text"]
    for line in (Path(__file__).parent / "cases" / "folding.jsonl").read_text(encoding="utf-8").splitlines()
]
SIGNS = "aein m0135269$@.:/-_*()[]{},'\"\n\t +ukcxwт?#%;!|<>босвіпοα£€₦🚀💰©°…\u200b\u0301\u00ad\ufe0fÉＡ１’“—\ud800\x00`\x7f"
NAMED = sorted({*CODES, *NAMES, *SCALES, *TOP_LEVEL, *SHORTENERS, *MESSENGERS, *FREE_MAIL, *SPARED})
PIECES = [
    *(
        "http://",
        "https://www.",
        "www.",
        ".com",
        "@",
        "t.me/",
        "usd",
        "$",
        "5",
        "000",
        "1,000",
        ".5",
        " ",
        "-\n",
        " - ",
    ),
    *("(dot)", "[at]", "(.)", "gmail", "btc", "m0n3y", "n0w", "+44", "0", "202", "555", "0143", "(", ")", "a", "b"),
    *(
        "a b c",
        "x.y.z",
        "1 2 3",
        "0x",
        "1boat",
        "million",
        "k",
        "rs.",
        "us$",
        "n",
        "é",
        "🚀",
        "🚀",
        "соin",
        "п",
        "-",
        "_",
    ),
    *("/", "A", "Zz", "?", ":", "12:30", "2019-10-04", "07700 900123", "(020) 7946 0018", "joe@mail.example.org"),
    *(
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "be.it",
        "be.it?",
        "a.com:80/x.",
        "//",
        "\n",
        ",",
        "9",
        "£",
        "..",
        "…",
        "’",
    ),
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=[])),
    st.text(SIGNS, max_size=60),
    st.text("a1 .$@-:,/(", max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.sampled_from(NAMED + list("  ..,,$$@1550-:/")), max_size=20).map("".join),
)


def rows() -> list[str]:
    """Return the text of every row of the corpora beside the project."""
    found: list[str] = []
    for path in CORPORA:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found += (json.loads(line)["text"] for line in lines)
    return found


@settings(max_examples=2_000)
@given(texts=st.lists(TEXTS, max_size=4))
def test_compiled_folding_is_folding(texts: list[str]) -> None:
    assert fold_many(texts) == [fold(text) for text in texts]


@pytest.mark.parametrize("text", CASES, ids=ascii)
def test_a_case_folds_alike(text: str) -> None:
    assert fold_many([text]) == [fold(text)]


@pytest.mark.parametrize("name", NAMED)
def test_every_name_folds_alike_wherever_it_stands(name: str) -> None:
    around = [
        "{}",
        "5 {}",
        "{} 5",
        "5{}",
        "{}5",
        "{}.5 ",
        "$5 {} usd",
        "see x.{} now",
        "a.{}/b",
        "j@{}.com",
        "{}/x",
        "www.{}.ru",
    ]
    texts = [pattern.format(name) for pattern in around] + [
        f"{name} fr33 {name}",
        f"http://{name}",
        f"({name}) 5 {name}.",
    ]
    assert fold_many(texts) == [fold(text) for text in texts]


def test_every_character_of_the_tables_folds_alike() -> None:
    characters = [chr(code) for page in PAGES for code in range(256 * page, 256 * page + 256)]
    for pattern in ("{}", "a{}b", "5 {} 5", "$5{0}{0} x", "{0} {0}", "{0}{0}"):
        texts = [pattern.format(character) for character in characters]
        assert fold_many(texts) == [fold(text) for text in texts]


def test_no_name_is_longer_than_its_row() -> None:
    assert max(map(len, known_names())) == LONGEST_NAME


def test_names_of_the_tables_are_the_entities() -> None:
    assert set(known_names()) >= set(NAMED)


@pytest.mark.parametrize("text", ["a" * 300_000, "x $5 " * 60_000, "é" * 200_000, "A" * (folding.MAX_TEXT_BYTES + 1)])
def test_long_texts(text: str) -> None:
    assert fold_many([text, "b", text]) == [fold(text), "b", fold(text)]


def test_tokens_that_outgrow_their_room() -> None:
    texts = ["$5" * n for n in (1, 5, 40, 1_000)] + ["@ab " * 500, "5₿" * 50]
    assert fold_many(texts) == [fold(text) for text in texts]


def test_texts_join_over_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BATCH_BYTES", 50)
    texts = [*CASES, "", "x" * 200, "", ""]
    assert fold_many(iter(texts)) == [fold(text) for text in texts]


def test_no_texts() -> None:
    assert fold_many([]) == []
    assert fold_many(["", ""]) == ["", ""]


def test_counting_unfolded_texts_is_counting_folded_ones() -> None:
    spec = NgramSpec(words=2, chars=(4,), bits=14)
    unfolded, folded = compiled.count_unfolded(CASES, spec), compiled.count([fold(text) for text in CASES], spec)
    for name in ("buckets", "counts", "starts"):
        assert np.array_equal(getattr(unfolded, name), getattr(folded, name))


@pytest.mark.parametrize(
    "piece", ["$1 ", "1,", "x.com ", "a.com.", "@a.", "a@b.c", "🚀", "🚀 ", "+(", "00 ", "0123456789 ", "www.", "a1"]
)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    def duration(n_chars: int) -> float:
        text = piece * (n_chars // len(piece))
        began = time.process_time()
        fold_many([text] * 5)
        return time.process_time() - began

    duration(1_000)
    assert any(duration(40_000) / max(duration(10_000), 1e-4) < 12 for _ in range(5))


def test_no_lock_is_held_while_texts_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread goes on while one compiled call runs, which takes a fifth of a second."""
    monkeypatch.setattr(folding, "BATCH_BYTES", 1 << 30)
    texts, turns, is_done = ["Plain news of the day, at $5 each. " * 5_000] * 150, [0], threading.Event()

    def count_turns() -> None:
        while not is_done.is_set():
            turns[0] += 1
            time.sleep(0.0002)

    fold_many(texts[:1])
    counter = threading.Thread(target=count_turns)
    counter.start()
    next(folding.batches(texts))
    is_done.set()
    counter.join()
    assert turns[0] > 20


@pytest.mark.corpus
@pytest.mark.skipif(not CORPORA, reason="the corpora are not beside the project")
def test_rows_of_the_corpora_fold_alike() -> None:
    """Every seventh row; all 127,022 were compared in November 2026."""
    texts = rows()[::7]
    assert fold_many(texts) == [fold(text) for text in texts]
