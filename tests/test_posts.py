import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import DataError
from classifier.posts import COLUMNS, check_posts, read_posts

ROWS = [{"text": "Free coins", "label": "scam"}, {"text": "It rained", "label": "ham"}]


def written(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refused(path: Path, wrong: str) -> str:
    with pytest.raises(DataError, match=re.escape(wrong)) as caught:
        read_posts([path])
    return str(caught.value)


def test_missing_columns_are_filled(tmp_path):
    posts = read_posts([written(tmp_path / "a.jsonl", ROWS)])
    assert tuple(posts.columns) == COLUMNS
    assert posts.to_dict("list") == {
        "id": ["a:1", "a:2"],
        "text": ["Free coins", "It rained"],
        "label": ["scam", "ham"],
        "source": ["a", "a"],
        "group": ["a:1", "a:2"],
        "split": ["train", "train"],
    }


def test_missing_cells_are_filled_row_by_row(tmp_path):
    full = {"id": 7, "text": "c", "label": "spam", "source": "s", "group": "g", "split": "test"}
    empty = {"id": None, "text": "d", "label": "spam", "source": "", "group": None, "split": None}
    posts = read_posts([written(tmp_path / "a.jsonl", [full, empty, ROWS[0]])])
    assert posts["id"].tolist() == ["7", "a:2", "a:3"]
    assert posts["source"].tolist() == ["s", "a", "a"]
    assert posts["group"].tolist() == ["g", "a:2", "a:3"]
    assert posts["split"].tolist() == ["test", "train", "train"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "a.csv", "a.csv.gz", "a.parquet"])
def test_every_format_gives_the_same_posts(name, tmp_path):
    rows = [
        {"id": "007", "group": "01", "text": "Zwölf “€5”,\nnow", "label": "ham"},
        {**ROWS[0], "id": "x", "group": "1"},
    ]
    table, path = pd.DataFrame(rows), tmp_path / name
    if ".csv" in name:
        table.to_csv(path, index=False)
    elif ".parquet" in name:
        table.to_parquet(path)
    else:
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    posts = read_posts([str(path)])
    assert posts[["id", "group", "text", "label"]].to_dict("records") == [
        {name: row[name] for name in ("id", "group", "text", "label")} for row in rows
    ]
    assert posts["source"].tolist() == ["a", "a"]


def test_a_parquet_file_may_keep_an_index(tmp_path):
    pd.DataFrame(ROWS, index=[5, 5]).to_parquet(tmp_path / "a.parquet")
    assert read_posts([tmp_path / "a.parquet"])["id"].tolist() == ["a:1", "a:2"]


def test_folders_are_walked_in_sorted_order(tmp_path):
    (tmp_path / "b").mkdir()
    for place in ("z.jsonl", "b/c.jsonl", "a.jsonl"):
        written(tmp_path / place, [{"text": place, "label": "ham"}])
    (tmp_path / "notes.txt").write_text("no posts", encoding="utf-8")
    assert read_posts([tmp_path])["text"].tolist() == ["a.jsonl", "b/c.jsonl", "z.jsonl"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz"])
def test_a_byte_order_mark_is_dropped(name, tmp_path):
    content = "text,label\nFree coins,scam\n" if "csv" in name else json.dumps(ROWS[0]) + "\n"
    packed = ("\ufeff" + content).encode()
    (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
    assert read_posts([tmp_path / name])["text"].tolist() == ["Free coins"]


def test_blank_lines_are_skipped(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n" + json.dumps(ROWS[0]) + "\n  \n\n", encoding="utf-8")
    assert len(read_posts([tmp_path / "a.jsonl"])) == 1


def test_half_a_character_becomes_a_question_mark(tmp_path):
    posts = read_posts([written(tmp_path / "a.jsonl", [{"text": "cut \ud83d", "label": "ham"}])])
    assert posts["text"].tolist() == ["cut ?"]


@pytest.mark.parametrize("paths", ["posts.jsonl", Path("posts.jsonl")])
def test_a_lone_path_is_a_type_error(paths):
    with pytest.raises(TypeError, match=r"read_posts: an iterable of paths was expected, .* pass \['posts\.jsonl'\]"):
        read_posts(paths)


def test_no_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="read_posts: no file of posts, at least one was expected; name"):
        read_posts([])
    refused(tmp_path, "no file of posts")


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "gone.jsonl", "gone.jsonl: No such file or directory, a file of posts was expected; check the")
    refused(tmp_path / "gone.csv", "gone.csv: No such file or directory")
    refused(tmp_path / "gone.parquet", "gone.parquet: No such file or directory")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (
            "a.txt",
            "a.txt: a file with the suffix .txt, one of .jsonl, .ndjson, .csv, .parquet was expected; convert or",
        ),
        ("a", "a: a file without a suffix, one of .jsonl"),
        ("a.gz", "a.gz: a file without a suffix, one of .jsonl"),
    ],
)
def test_another_suffix_is_refused(name, wrong, tmp_path):
    (tmp_path / name).write_text("text", encoding="utf-8")
    refused(tmp_path / name, wrong)


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.jsonl", b"", "no rows, at least one labelled post was expected; fill the file or leave it out"),
        ("a.csv", b"", "unreadable (No columns to parse from file), .csv rows were expected; mend the file"),
        ("a.csv", b"text,label\n", "no rows"),
        ("a.csv", b"text,label\na,b\nc,d,e\n", "unreadable (Error tokenizing data."),
        ("a.csv", b"text,label\n\xff,ham\n", "unreadable ('utf-8' codec"),
        ("a.jsonl", b'{"text": 1}\n{"text"', "unreadable (line 2: Expecting ':' delimiter"),
        ("a.jsonl", b"\n[1]\n", "unreadable (line 2: one object a line was expected)"),
        ("a.jsonl", b'{"text": "\xff"}\n', "unreadable (line 1: 'utf-8' codec"),
        ("a.jsonl", b"[" * 100_000, "unreadable (line 1: "),
        ("a.jsonl.gz", b"no gzip", "Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(json.dumps(ROWS).encode() * 99)[:-20], "unreadable (Compressed file ended"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 9_000)[:12] + b"\xff" * 40, "unreadable (Error -3"),
        ("a.parquet", b"no parquet", "Parquet magic bytes not found"),
        ("a.jsonl", b'{"label": "ham"}\n', "no column text, columns text and label were expected; rename them"),
        ("a.csv", b"body,class\na,b\n", "no column text and no label"),
    ],
)
def test_an_unreadable_file_is_refused(name, content, wrong, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name, wrong).startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize("text", ["", " \n\t", None, 5, ["a"], {"a": 1}, True])
def test_a_text_that_is_blank_or_none_is_refused(text, tmp_path):
    path = written(tmp_path / "a.jsonl", [*ROWS, {"text": text, "label": "ham"}])
    refused(path, "posts: 1 with no text: a:3 (ham); a text that is not blank was expected; fill or drop them")


@pytest.mark.parametrize("label", ["", "SCAM", "grey", None, 1, ["ham"], {}])
def test_an_unknown_label_is_refused(label, tmp_path):
    path = written(tmp_path / "a.jsonl", [*ROWS, {"text": "Buy", "label": label}])
    assert "one of scam, spam, ham was expected" in refused(path, "posts: 1 with an unknown label: a:3 (")


def test_an_id_that_stands_twice_is_named_with_both_rows(tmp_path):
    rows = [{**row, "id": "x"} for row in ROWS]
    refused(
        written(tmp_path / "a.jsonl", rows),
        "posts: 2 with an id that stands twice: x (scam), x (ham); each id once was expected; rename or drop them",
    )


def test_a_text_of_two_labels_is_named_with_both(tmp_path):
    rows = [*ROWS, {"text": "Free coins", "label": "ham"}]
    refused(
        written(tmp_path / "a.jsonl", rows),
        "posts: 2 with a text of two labels: a:1 (scam), a:3 (ham); one label a text was expected; decide",
    )


def test_no_more_are_named_than_a_person_reads(tmp_path):
    path = written(tmp_path / "a.jsonl", [{"text": "x" * i, "label": "?"} for i in range(1, 1_235)])
    refused(path, "posts: 1,234 with an unknown label: a:1 (?), a:2 (?), a:3 (?), a:4 (?), a:5 (?) and 1,229 more; ")


def test_a_table_without_a_column_is_refused():
    with pytest.raises(DataError, match=r"posts: no column id, source, group, split; `classifier.read_posts` gives"):
        check_posts(pd.DataFrame(ROWS))


@given(content=st.binary(max_size=200), name=st.sampled_from(["a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz"]))
def test_arbitrary_bytes_are_refused(content, name, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_posts([path])


CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
ANY_ROWS = st.lists(st.dictionaries(st.sampled_from([*COLUMNS, "meta"]), CELLS), max_size=4)


@given(rows=ANY_ROWS)
def test_any_rows_give_posts_or_a_refusal(rows, tmp_path_factory):
    path = written(tmp_path_factory.getbasetemp() / "rows.jsonl", [{**ROWS[0], **row} for row in rows])
    try:
        posts = read_posts([path])
    except DataError:
        return
    assert posts["id"].is_unique
    assert not posts[list(COLUMNS)].isna().any(axis=None)
