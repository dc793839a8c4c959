"""Documents: every kind of input read as a stream, and every kind of bad input a failure in its place."""

import csv
import gzip
import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import entries
from classifier.documents import read_documents
from classifier.entries import Document, Failure
from classifier.folders import n_bytes

MEGABYTE = 2**20


def write(path: Path, content: bytes | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(*paths: str, **options: object) -> list[Document | Failure]:
    return list(read_documents(paths, **options))


def error_of(*paths: str, **options: object) -> str:
    """Return the one failure's error without the folder of the test."""
    [failure] = [entry for entry in read(*paths, **options) if isinstance(entry, Failure)]
    return failure.error.replace(str(Path(paths[0]).parent) + "/", "")


def texts(*paths: str, **options: object) -> list[str]:
    return [entry.text if isinstance(entry, Document) else "FAILURE" for entry in read(*paths, **options)]


@pytest.fixture
def stdin(monkeypatch):
    def give(octets: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))

    return give


@pytest.fixture
def small_limit(monkeypatch):
    monkeypatch.setattr(entries, "MAX_BYTES", MEGABYTE)


def test_a_lone_string_is_a_type_error():
    with pytest.raises(TypeError, match="an iterable of paths was expected"):
        read_documents("news")


# One post a file, one post a line


def test_a_file_is_one_post_called_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "news/a.txt", "Earn 55 bitcoins\r\nnow\n")
    assert read("./news/a.txt") == [Document("./news/a.txt", "Earn 55 bitcoins\r\nnow\n")]


def test_a_byte_order_mark_is_dropped(tmp_path):
    post = write(tmp_path / "a.txt", b"\xef\xbb\xbfHello")
    rows = write(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"text": "Hello"}')
    table = write(tmp_path / "a.csv", b"\xef\xbb\xbftext\nHello\n")
    assert texts(post, rows, table) == ["Hello"] * 3


def test_html_files_are_marked(tmp_path):
    path = write(tmp_path / "a.HTML.gz", gzip.compress(b"<p>Hello"))
    assert read(path) == [Document(path, "<p>Hello", is_html=True)]


HTML_OCTETS = {
    "latin-1": b"<meta charset=latin-1><p>caf\xe9",
    "no charset": b"<p>caf\xe9",
    "mark": b"\xef\xbb\xbf<p>caf\xc3\xa9",
    "UTF-16": b"\xff\xfe<\0p\0>\0\xe9\0",
    "broken": b"<p>\x81\xff",
}


@pytest.mark.parametrize("octets", HTML_OCTETS.values(), ids=HTML_OCTETS)
@pytest.mark.parametrize("name", ["a.html", "a.HTM", "a.xhtml", "a.html.gz"])
def test_html_files_asked_for_are_handed_on_undecoded(octets, name, tmp_path):
    path = write(tmp_path / name, gzip.compress(octets) if name.endswith(".gz") else octets)
    assert read(path, html_column="html") == [Document(path, "", True, octets)]
    assert read(path, html_column="html")[0].page == octets


def test_no_other_file_is_handed_on_undecoded(tmp_path):
    path = write(tmp_path / "a.txt", "<p>Hello")
    assert read(path, html_column="html") == [Document(path, "<p>Hello")]
    assert read(path, html_column="html")[0].page == "<p>Hello"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "a.html: empty, a text was expected; fill it or leave it out"),
        (b" \r\n", "a.html: empty, a text was expected; fill it or leave it out"),
        (b"\xef\xbb\xbf\n", "a.html: empty, a text was expected; fill it or leave it out"),
        (b"\xff\xfe\n\0", "a.html: empty, a text was expected; fill it or leave it out"),
        (
            b"ELF\0",
            "a.html: binary (NUL in the first 8 kB), UTF-8 text was expected; convert it to text or leave it out",
        ),
        (
            "<p>UTF-32".encode("utf-32"),
            "a.html: binary (NUL in the first 8 kB), UTF-8 text was expected; convert it to text or leave it out",
        ),
    ],
)
def test_an_html_file_that_is_no_page_is_a_failure(content, error, tmp_path):
    assert error_of(write(tmp_path / "a.html", content), html_column="html") == error


def test_an_html_file_past_the_limit_is_a_failure(tmp_path, small_limit):
    path = write(tmp_path / "a.html", b"x" * (MEGABYTE + 1))
    assert error_of(path, html_column="html") == "a.html: over 1 MB, one post was expected; split it or leave it out"


def test_lines_are_numbered_and_blank_ones_skipped(tmp_path):
    path = write(tmp_path / "a.txt", "one\r\n\n \t\n two \nthree")
    assert read(path, lines=True) == [
        Document(f"{path}:1", "one"),
        Document(f"{path}:4", " two "),
        Document(f"{path}:5", "three"),
    ]


def test_lines_do_not_change_how_a_table_is_read(tmp_path):
    assert texts(write(tmp_path / "a.jsonl", '{"text": "Hello"}\n'), lines=True) == ["Hello"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "a.txt: empty, a text was expected; fill it or leave it out"),
        (b"\xef\xbb\xbf \n", "a.txt: empty, a text was expected; fill it or leave it out"),
        (
            b"ELF" + b"x" * 5000 + b"\0",
            "a.txt: binary (NUL in the first 8 kB), UTF-8 text was expected; convert it to text or leave it out",
        ),
        ("Hello".encode("utf-16"), "a.txt: UTF-16 by its byte-order mark, UTF-8 was expected; save it as UTF-8"),
        (
            b"caf\xe9 noir",
            "a.txt: not UTF-8 (byte 0xe9 at offset 3), UTF-8 was expected; convert it, for example with iconv",
        ),
        (
            b"\xed\xa0\xbd",
            "a.txt: not UTF-8 (byte 0xed at offset 0), UTF-8 was expected; convert it, for example with iconv",
        ),
    ],
    ids=["empty", "blank", "binary", "utf-16", "latin-1", "surrogate"],
)
def test_what_is_no_text_is_a_failure(tmp_path, content, error):
    assert error_of(write(tmp_path / "a.txt", content)) == error


def test_a_line_that_is_not_utf8_fails_alone(tmp_path):
    path = write(tmp_path / "a.txt", b"one\ncaf\xe9\nthree\n")
    assert texts(path, lines=True) == ["one", "FAILURE", "three"]
    assert error_of(path, lines=True).startswith("a.txt:2: not UTF-8 (byte 0xe9 at offset 3)")


def test_a_missing_path_fails_and_the_stream_goes_on(tmp_path):
    missing, there = str(tmp_path / "none.txt"), write(tmp_path / "a.txt", "Hello")
    failure, document = read(missing, there)
    assert failure == Failure(
        missing,
        f"{missing}: cannot be read (No such file or directory), a readable file or folder was expected; "
        "check the path and its permissions",
    )
    assert document == Document(there, "Hello")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_an_unreadable_file_and_folder_fail(tmp_path):
    path = write(tmp_path / "closed/a.txt", "Hello")
    Path(path).chmod(0)
    assert "Permission denied" in error_of(path)
    (tmp_path / "closed").chmod(0)
    assert "Permission denied" in error_of(str(tmp_path / "closed"))
    (tmp_path / "closed").chmod(0o700)


# Limits


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip bomb"])
def test_a_post_past_the_limit_is_a_failure(tmp_path, small_limit, zipped):
    content = b"x" * (MEGABYTE + 1)
    path = write(tmp_path / ("a.txt.gz" if zipped else "a.txt"), gzip.compress(content) if zipped else content)
    assert "over 1 MB, one post was expected; split it or leave it out" in error_of(path)


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip bomb"])
def test_a_line_past_the_limit_fails_alone(tmp_path, small_limit, zipped):
    content = b"one\n" + b"x" * (3 * MEGABYTE) + b"\n" + b"y" * MEGABYTE + b"\nfour"
    path = write(tmp_path / ("a.txt.gz" if zipped else "a.txt"), gzip.compress(content) if zipped else content)
    assert [len(text) for text in texts(path, lines=True)] == [3, len("FAILURE"), MEGABYTE, 4]


def test_a_row_past_the_limit_fails_alone(tmp_path, small_limit):
    rows = ['{"text": "one"}', json.dumps({"text": "x" * MEGABYTE}), '{"text": "three"}']
    assert texts(write(tmp_path / "a.jsonl", "\n".join(rows))) == ["one", "FAILURE", "three"]


def test_a_quote_that_is_never_closed_is_bounded(tmp_path, small_limit):
    path = write(tmp_path / "a.csv", 'text\none\n"two\n' + "x,\n" * MEGABYTE)
    entries = read_documents([path])
    assert next(entries) == Document(f"{path}:1", "one")
    assert "not CSV (over 1 MB, is a quote never closed?)" in next(entries).error


def test_many_short_lines_of_one_csv_row_are_bounded(tmp_path, small_limit):
    path = write(tmp_path / "a.csv", "text\n" + '"x\n",' * (MEGABYTE // 4) + "\n")
    assert "is a quote never closed?" in next(read_documents([path])).error


@pytest.mark.parametrize("cut", [8, 40])
def test_truncated_gzip_fails_after_the_good_rows(tmp_path, cut):
    whole = gzip.compress("".join(f'{{"text": "{os.urandom(20).hex()}"}}\n' for _ in range(5000)).encode())
    found = texts(write(tmp_path / "a.jsonl.gz", whole[:-cut]))
    assert len(found) > 4900
    assert found.index("FAILURE") == len(found) - 1
    assert error_of(str(tmp_path / "a.jsonl.gz")) == (
        "a.jsonl.gz: cut off before the end of the gzip stream, a whole file was expected; fetch it again"
    )


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 999)[:15] + b"\xff" * 40], ids=["magic", "bytes"])
def test_broken_gzip_is_a_failure(tmp_path, content):
    assert error_of(write(tmp_path / "a.txt.gz", content)).startswith("a.txt.gz: broken gzip (")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_a_file_that_is_cut_while_it_is_read_is_said_after_what_was_read(name, tmp_path):
    row = {"a.jsonl": '{"text": "some words"}\n', "a.csv": "some words\n", "a.txt": "some words\n"}[name]
    path = write(tmp_path / name, ("text\n" if name == "a.csv" else "") + row * 20_000)
    found = read_documents([path], lines=True)
    first = next(found)
    n_bytes = Path(path).stat().st_size
    os.truncate(path, 70_000)
    *rest, last = found
    assert isinstance(first, Document)
    assert len(rest) > 1000
    assert last.error == (
        f"{path}: cut from {n_bytes:,} to 70,000 bytes while it was read, a whole file was expected; "
        "run again once nothing writes to it"
    )


def test_a_file_that_vanishes_while_it_is_read_is_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.txt", "some words\n" * 20_000)
    found = read_documents([path], lines=True)
    next(found)
    Path(path).unlink()
    assert len(list(found)) == 19_999


# Rows


def test_jsonl_rows_have_their_own_id_or_the_line(tmp_path):
    path = write(
        tmp_path / "a.ndjson",
        '{"id": "x1", "text": "one"}\n\n{"text": "two"}\n{"id": 7, "text": "three"}\n{"id": null, "text": "four"}\n'
        '{"id": true, "text": "five"}\n{"id": "", "text": "six"}',
    )
    assert [entry.id for entry in read(path)] == ["x1", f"{path}:3", "7", f"{path}:5", f"{path}:6", f"{path}:7"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            "{]",
            "not JSON (Expecting property name enclosed in double quotes at column 2), one object a line was expected",
        ),
        ("[1]", "a list, one object a line was expected"),
        ("9" * 5000, "not JSON (a number of too many digits), one object a line was expected"),
        ("[" * 100_000, "not JSON (nested too deeply), one object a line was expected"),
        ('{"body": 1}', 'no "text" (it has: body), a text was expected'),
        ('{"text": null}', 'no "text" (it has: text), a text was expected'),
        ('{"text": 5}', '"text" is a number, a string of UTF-8 was expected'),
        ('{"text": {}}', '"text" is an object, a string of UTF-8 was expected'),
    ],
)
def test_a_bad_row_fails_alone(tmp_path, line, error):
    path = write(tmp_path / "a.jsonl", f'{{"text": "one"}}\n{line}\n{{"text": "three"}}\n')
    assert texts(path) == ["one", "FAILURE", "three"]
    assert error_of(path).startswith(f"a.jsonl:2: {error}; ")


def test_a_bad_row_is_called_by_its_own_id(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"id": "x1", "text": 5}')
    [failure] = read(path)
    assert failure.id == "x1"
    assert failure.error.startswith(f"{path}:1: ")


def test_lone_surrogates_from_json_are_kept(tmp_path):
    assert texts(write(tmp_path / "a.jsonl", r'{"text": "a\ud83d"}')) == ["a\ud83d"]


def test_html_of_a_row_is_read_where_it_has_no_text(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"html": "<p>"}\n{"text": "t", "html": "<p>"}\n{"text": null, "html": "<p>"}')
    assert [(entry.text, entry.is_html) for entry in read(path, html_column="html")] == [
        ("<p>", True),
        ("t", False),
        ("<p>", True),
    ]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_csv_round_trip(tmp_path_factory, posts):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *([f"p{i}", post] for i, post in enumerate(posts))])
    assert read(str(path)) == [Document(f"p{i}", post) for i, post in enumerate(posts)]


def test_csv_rows_are_numbered_without_the_header(tmp_path):
    path = write(tmp_path / "a.csv", 'title,text\nx,"one\nmore"\n\ny,two\n')
    assert read(path) == [Document(f"{path}:1", "one\nmore"), Document(f"{path}:2", "two")]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (b"x,caf\xe9", "not UTF-8, a row of UTF-8 CSV was expected; mend or remove the row"),
        (b"x,a\0b", "a NUL character, a row of UTF-8 CSV was expected; mend or remove the row"),
        (b'x,"a"b', "not CSV (',' expected after '\"'), a row of UTF-8 CSV was expected; mend or remove the row"),
        (b"x,a,b", "3 cells, 2 as in the header were expected; quote the commas"),
        (b"x", 'no "text" (it has: id), a text was expected; name the column that holds it'),
    ],
)
def test_a_bad_csv_row_fails_alone(tmp_path, row, error):
    path = write(tmp_path / "a.csv", b"id,text\n1,one" + b"\n2," + b"x" * 9000 + b"\n" + row + b"\n4,four\n")
    assert texts(path) == ["one", "x" * 9000, "FAILURE", "four"]
    assert error_of(path) == f"a.csv:3: {error}"


def test_csv_without_the_text_column_fails_once(tmp_path):
    path = write(tmp_path / "a.csv", "id;body\n1;one\n2;two\n")
    assert error_of(path) == 'a.csv: no "text" (it has: id;body), a text was expected; name the column that holds it'
    assert texts(write(tmp_path / "b.csv", "id,body\n1,one\n"), text_column="body") == ["one"]


def test_parquet_rows_are_read_batch_by_batch(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "a.parquet")
    rows = [f"post {i}" for i in range(1200)]
    parquet.write_table(arrow.table({"text": [*rows, None], "other": [1.0] * 1201}), path)
    assert texts(path) == [*rows, "FAILURE"]
    assert read(path)[700] == Document(f"{path}:701", "post 700")


def test_parquet_strings_that_are_not_utf8_fail_alone(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "a.parquet")
    broken = arrow.array([b"one", b"caf\xe9", None, b"four"], "binary").view("string")
    parquet.write_table(arrow.table({"id": [1, 2, 3, 4], "text": broken}), path)
    assert texts(path) == ["one", "FAILURE", "FAILURE", "four"]
    assert '"text" is bytes, a string of UTF-8 was expected' in read(path)[1].error


def test_what_is_not_parquet_is_a_failure(tmp_path):
    pytest.importorskip("pyarrow")
    assert error_of(write(tmp_path / "a.parquet", "no parquet")).startswith("a.parquet: not Parquet (")
    assert error_of(write(tmp_path / "b.parquet", b"")).startswith("b.parquet: not Parquet (")


# Standard input


def test_standard_input_is_one_post_or_lines_or_jsonl_as_told(stdin):
    rows = b'{"text": "one"}\n{"text": "two"}\n'
    stdin(rows)
    assert read("-") == [Document("-", rows.decode())]
    stdin(rows)
    assert read("-", lines=True) == [Document("-:1", '{"text": "one"}'), Document("-:2", '{"text": "two"}')]
    stdin(rows)
    assert read("-", stdin_format="jsonl") == [Document("-:1", "one"), Document("-:2", "two")]


def test_empty_standard_input_is_no_post_but_may_be_no_lines(stdin):
    stdin(b"")
    assert "-: empty" in read("-")[0].error
    stdin(b"")
    assert read("-", lines=True) == []


def test_lines_come_out_before_the_input_has_ended(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", 0) as sink:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(source))
        entries = read_documents(["-"], lines=True)
        for text in ("one", "two"):
            sink.write(text.encode() + b"\n")
            assert next(entries).text == text


# Folders


def test_folders_are_walked_in_sorted_order_without_what_is_hidden(tmp_path):
    for name in ("b.txt", "a/z.txt", "a/b/c.txt", ".hidden", ".git/x.txt", "c.txt"):
        write(tmp_path / name, name)
    assert texts(str(tmp_path)) == ["a/b/c.txt", "a/z.txt", "b.txt", "c.txt"]
    assert read(f"{tmp_path}/")[0].id == f"{tmp_path}/a/b/c.txt"


def test_loops_and_duplicates_are_read_once(tmp_path):
    path = write(tmp_path / "a/x.txt", "x")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "a/y.txt").symlink_to(path)
    (tmp_path / "a/gone.txt").symlink_to(tmp_path / "gone")
    assert texts(str(tmp_path), path, f"{tmp_path}/a") == ["x"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_pipes_in_a_folder_are_left_alone(tmp_path):
    write(tmp_path / "a.txt", "x")
    os.mkfifo(tmp_path / "pipe")
    assert texts(str(tmp_path)) == ["x"]
    assert n_bytes([str(tmp_path / "pipe")]) is None


def test_a_folder_without_files_is_a_failure(tmp_path):
    assert "no file in it that is not hidden" in read(str(tmp_path))[0].error


# Progress


def test_bytes_add_up_to_what_lies_on_disk(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "a.txt", "Hello")
    write(tmp_path / "b.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 50_000))
    write(tmp_path / "c.bin", b"\0" * 100_000)
    write(tmp_path / "d.csv", "text\n" + "some words\n" * 30_000)
    parquet.write_table(arrow.table({"text": ["x"] * 3000}), tmp_path / "e.parquet")
    steps: list[int] = []
    list(read_documents([str(tmp_path)], on_bytes=steps.append))
    assert min(steps) >= 0
    assert sum(steps) == n_bytes([str(tmp_path)]) == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_the_size_of_standard_input_is_not_known(tmp_path):
    assert n_bytes([write(tmp_path / "a.txt", "Hello"), "-"]) is None


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["txt", "jsonl", "csv", "parquet", "txt.gz", "jsonl.gz", "csv.gz"]))
def test_any_bytes_are_documents_or_failures(tmp_path_factory, content, suffix):
    path = write(tmp_path_factory.mktemp("any") / f"a.{suffix}", content)
    for lines in (False, True):
        assert all(isinstance(entry, Document | Failure) for entry in read_documents([path], lines=lines))
