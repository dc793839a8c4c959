"""The pages written for the project have true answers."""

import json
import re
from collections import Counter

from test_own_posts import DATA, near_duplicates, real_domains, real_phones, real_wallets, rows_of

FITTED, HELD_OUT = (sorted((DATA / folder).glob("*.jsonl")) for folder in ("pages", "held-out/pages"))
FILES = FITTED + HELD_OUT
PAGES = rows_of(FILES)
INSERTS = [insert for page in PAGES for insert in page["inserts"]]
ATTACKS = {"homoglyph", "leet", "zero-width", "spaced", "dotted"}


def without_attacks(page: dict) -> str:
    """Return a page's text with blanks for the inserts whose spelling is obfuscated."""
    text = page["text"]
    for insert in page["inserts"]:
        if insert["attack"]:
            text = text[: insert["start"]] + " " * len(insert["text"]) + text[insert["end"] :]
    return text


def test_every_page_has_its_fields_and_a_unique_id():
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            page = json.loads(line)
            assert page.keys() == {"id", "kind", "topic", "split", "text", "inserts"}
            assert re.fullmatch(rf"own-{path.stem}-\d{{3}}", page["id"])
            assert page["kind"] == "text"
    assert len({page["id"] for page in PAGES}) == len(PAGES)


def test_gold_offsets_cut_out_the_inserts():
    for page in PAGES:
        for insert in page["inserts"]:
            assert insert.keys() == {"text", "form", "attack", "start", "end"}
            assert page["text"][insert["start"] : insert["end"]] == insert["text"], page["id"]


def test_inserts_are_in_order_and_apart():
    for page in PAGES:
        ends = [0, *(insert["end"] for insert in page["inserts"])]
        assert all(insert["start"] >= end for insert, end in zip(page["inserts"], ends, strict=False)), page["id"]


def test_there_are_enough_pages_with_and_without_inserts():
    n_with = sum(bool(page["inserts"]) for page in PAGES)
    assert n_with >= 80
    assert len(PAGES) - n_with >= 80


def test_both_splits_hold_half_of_each_kind():
    n_of = Counter((page["split"], page["id"].split("-")[1], bool(page["inserts"])) for page in PAGES)
    assert {split for split, _, _ in n_of} == {"fit", "judge"}
    assert all(n_of["fit", voice, is_with] == n_of["judge", voice, is_with] for _, voice, is_with in n_of)


def test_forms_and_attacks_are_of_those_known():
    assert {insert["form"] for insert in INSERTS} == {"full", "teaser"}
    n_of = Counter(insert["attack"] for insert in INSERTS)
    assert n_of.keys() == {None, *ATTACKS}
    assert 0.1 < 1 - n_of[None] / len(INSERTS) < 0.3


def test_pages_are_as_long_as_pages_are():
    assert all(500 <= len(page["text"]) <= 5_000 for page in PAGES)


def test_no_two_pages_are_near_duplicates():
    assert near_duplicates({page["id"]: page["text"] for page in PAGES}) == []


def test_nothing_in_a_page_could_be_real():
    for page in PAGES:
        text = without_attacks(page)
        assert real_domains(text) | real_phones(text) | real_wallets(text) == set(), page["id"]


def test_the_readme_counts_the_pages():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert f"{len(rows_of(FITTED))} hard pages" in readme
    assert f"{len(rows_of(HELD_OUT))} pages held out" in readme
