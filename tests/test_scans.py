import gzip
import json
import re
from pathlib import Path

import pytest
from corpus import HAM, SPAM

from classifier.entries import Document, Failure, Lines
from classifier.errors import InputError
from classifier.output import layout
from classifier.pages import Insert, Page
from classifier.scans import FIELDS, Scanner, cleaned, files_apart, row_of, shown_in_place

TEXT = "\n\n".join([HAM[0], SPAM[0], HAM[1]])
HTML = f"<p>{HAM[0]}</p>\n<aside><p>{SPAM[0]}</p></aside>\n<p hidden>{SPAM[1]}</p>"
HTML_REST = HTML.replace(f"<p>{SPAM[0]}</p>", "")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


JSONL = layout("jsonl", FIELDS)


def scanned(document: Document, model) -> tuple[Document, Page]:
    return document, model.scan(document.page, html=document.is_html)


# Rows


def test_a_row_of_a_text_has_offsets(model):
    row = row_of(*scanned(Document("a", TEXT), model), nested=True)
    assert list(row) == ["id", "score", "verdict", "inserts"]
    (insert,) = row["inserts"]
    assert list(insert) == ["start", "end", "text", "score", "reasons"]
    assert TEXT[insert["start"] : insert["end"]] == insert["text"] == SPAM[0]
    assert insert["reasons"]
    for reason in insert["reasons"]:
        assert reason["text"] == SPAM[0][slice(*reason["spans"][0])]


def test_a_row_of_html_has_a_path_and_what_is_hidden(model):
    row = row_of(*scanned(Document("a", HTML, True), model), nested=True)
    (insert,) = row["inserts"]
    assert (insert["start"], insert["end"], insert["path"]) == (None, None, "/html/body/aside[1]/p[1]")
    assert row["hidden"] == [{"path": "/html/body/p[2]", "text": SPAM[1]}]


def test_a_flat_row_has_the_texts_alone(model):
    assert row_of(*scanned(Document("a", TEXT), model), nested=False)["inserts"] == [SPAM[0]]


def test_a_row_of_a_failure_is_its_error(model):
    answer = Scanner(model, JSONL).answer([Failure("a", "a: wrong")])
    assert json.loads(answer.octets) == {"id": "a", "error": "a: wrong"}
    assert answer.errors == ("a: wrong",)


def test_rows_may_hold_text_or_html(model):
    rows = "".join(json.dumps(row) + "\n" for row in ({"text": TEXT}, {"html": HTML}, {"body": TEXT}))
    answer = Scanner(model, JSONL).answer([Lines("a", 1, rows.encode(), True)])
    text, html, failed = map(json.loads, answer.octets.splitlines())
    assert text == row_of(*scanned(Document("a:1", TEXT), model), nested=True) | {
        "score": text["score"],
        "inserts": text["inserts"],
    }
    assert [row["id"] for row in (text, html, failed)] == ["a:1", "a:2", "a:3"]
    assert html["inserts"][0]["path"] == "/html/body/aside[1]/p[1]"
    assert "error" in failed
    assert (answer.n_entries, answer.is_flagged) == (3, True)


# For the eye


def test_an_insert_is_shown_in_its_place_with_its_score(model):
    document, page = scanned(Document("a", TEXT), model)
    shown = shown_in_place(document, page, is_coloured=False)
    assert f"{HAM[0][-40:]}\n\n>>> {SPAM[0]} <<<\n\n{HAM[1][:40]}" in shown
    assert f"{page.inserts[0].start}-{page.inserts[0].end}  score {page.inserts[0].score:.3f}" in shown
    assert "\x1b" not in shown
    assert f"\x1b[1;41;97m{SPAM[0]}\x1b[0m" in shown_in_place(document, page, is_coloured=True)


def test_an_insert_of_html_is_shown_with_its_path(model):
    shown = shown_in_place(*scanned(Document("a", HTML, True), model), is_coloured=False)
    assert "/html/body/aside[1]/p[1]  score 0." in shown
    assert f">>> {SPAM[0]} <<<" in shown


def test_no_page_drives_the_terminal(model):
    html = f"<x\x1b[31m><div>{SPAM[0]} \x1b]0;x\x07\u202e</div></x\x1b[31m><p>{HAM[0]}</p>"
    text = f"{HAM[0]}\x1b[2J\n\n{SPAM[0]} \x1b[31m\u202e\n\n\x07{HAM[1]}"
    for document in (Document("a", html, True), Document("a", text)):
        found = scanned(document, model)
        assert found[1].inserts
        shown = shown_in_place(*found, is_coloured=False)
        assert all(line.isprintable() for line in shown.split("\n"))


def test_in_a_table_each_insert_follows_its_row(model):
    answer = Scanner(model, layout("table", FIELDS)).answer([Document("a", TEXT), Failure("b", "b: wrong")])
    written = answer.octets.decode()
    assert written.index("a  ") < written.index(f">>> {SPAM[0]} <<<") < written.index("b: wrong")
    assert "\x1b" not in written


# Clean copies


@pytest.mark.parametrize(
    ("document", "rest"),
    [
        (Document("a.txt", TEXT), f"{HAM[0]}\n\n{HAM[1]}"),
        (Document("a.txt", TEXT.replace("\n", "\r\n")), f"{HAM[0]}\r\n\r\n{HAM[1]}"),
        (Document("a.txt", f"{HAM[0]} \ud800\n"), f"{HAM[0]} \ud800\n"),
        (Document("a.html", HTML, True), HTML_REST),
        (Document("a.html", f"<P>{HAM[0]}</P>\t<br >", True), f"<P>{HAM[0]}</P>\t<br >"),
        (Document("a.html", "", True, HTML.encode() + b"\xe9\x81"), HTML_REST.encode() + b"\xe9\x81"),
        (Document("a.html", "", True, HTML.encode("utf-16")), HTML_REST.encode("utf-16")),
        (Document("a.html", "", True, b"<P>caf\xe9\r\n"), b"<P>caf\xe9\r\n"),
    ],
    ids=["text", "crlf", "surrogate", "html", "no insert", "octets", "UTF-16", "octets, no insert"],
)
def test_a_clean_copy_is_the_page_without_its_inserts(document, rest, model, place):
    assert cleaned(*scanned(document, model)) == rest
    Scanner(model, JSONL, clean=Path("out")).scan(document)
    assert (place / "out" / document.id).read_bytes() == (
        rest if isinstance(rest, bytes) else rest.encode("utf-8", "surrogatepass")
    )


def test_a_clean_copy_of_html_is_clean(model):
    assert model.scan(cleaned(*scanned(Document("a", HTML, True), model)), html=True).inserts == ()


def test_only_the_flagged_part_of_an_element_is_cut(model):
    html = f"<div>{HAM[0]}<br><br>{SPAM[0]}<br><br>{HAM[1]}</div>"
    rest = cleaned(*scanned(Document("a", html, True), model))
    assert SPAM[0] not in rest
    assert HAM[0] in rest
    assert HAM[1] in rest


def test_the_copy_of_a_zipped_page_is_zipped_alike(model, place):
    scanner = Scanner(model, JSONL, clean=Path("out"))
    octets = []
    for _ in range(2):
        scanner.scan(Document("a.txt.gz", TEXT))
        octets.append((place / "out" / "a.txt.gz").read_bytes())
    assert gzip.decompress(octets[0]).decode() == f"{HAM[0]}\n\n{HAM[1]}"
    assert octets[0] == octets[1]


@pytest.mark.parametrize("id", ["../a", "a/../../b", "/..", "", ".", "a\0b", "x" * 300])
def test_a_row_that_is_called_what_no_copy_may_be_is_a_failure_and_writes_nothing(id, model, place):
    found = Scanner(model, JSONL, clean=Path("out")).scan(Document(id, TEXT))
    assert isinstance(found, Failure)
    assert found.error.startswith(f"{id}: out: the clean copy of ")
    assert list(place.iterdir()) == []


def test_a_copy_that_cannot_be_written_is_a_failure_that_says_so(model, place):
    scanner = Scanner(model, JSONL, clean=Path("out"))
    assert isinstance(scanner.scan(Document("a", TEXT)), Page)
    found = scanner.scan(Document("a/b", TEXT))
    assert isinstance(found, Failure)
    assert re.match(
        r"a/b: its clean copy cannot be written \(.+\), a writable folder was expected; check out", found.error
    )


def test_a_page_that_html_is_refused_for_is_a_failure_in_its_place(model):
    items = [Document("a", TEXT), Failure("b", "b: wrong"), Document("c", "<b>" * 9_000, True), Document("d", TEXT)]
    found = [json.loads(row) for row in Scanner(model, JSONL).answer(items).octets.splitlines()]
    assert [row["id"] for row in found] == list("abcd")
    assert ["error" in row for row in found] == [False, True, True, False]
    assert found[2]["error"].startswith("c: the HTML: nested deeper than 512 elements, at most 512 are read;")


def test_a_page_that_is_not_in_the_encoding_it_names_stops_nothing(model):
    broken = b"<meta charset=iso-2022-jp><p>News\x1b$B\x01\x02"
    items = [Document("a.html", "", True, broken), Document("b", TEXT)]
    answer = Scanner(model, JSONL).answer(items)
    assert [json.loads(row)["id"] for row in answer.octets.splitlines()] == ["a.html", "b"]


# The folder of clean copies


def tree(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(TEXT, encoding="utf-8")


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["in"], "in"),
        (["in/a.txt"], "in"),
        (["in/b"], "in"),
        (["in"], "in/b"),
        (["in"], "in/../in/"),
        (["in"], "link"),
        (["link/a.txt"], "in"),
        (["in"], "."),
        (["other.txt", "in/a.txt"], "in"),
        (["in/pages.jsonl"], "in"),
        (["pointer.txt"], "in"),
    ],
)
def test_a_folder_that_a_page_lies_in_is_refused(paths, folder, place):
    tree(place, "in/a.txt", "in/b/c.txt", "in/pages.jsonl", "other.txt")
    (place / "link").symlink_to("in")
    (place / "pointer.txt").symlink_to("in/a.txt")
    wording = r": the page '.+' lies in it, a folder of clean copies alone was expected; choose another folder"
    with pytest.raises(InputError, match=f"^{re.escape(str(Path(folder)))}{wording}"):
        files_apart(paths, Path(folder))


@pytest.mark.parametrize("path", ["../other.txt", "in/../../other.txt"])
def test_a_file_whose_copy_would_escape_is_refused(path, place, monkeypatch):
    tree(place, "other.txt", "work/in/a.txt")
    monkeypatch.chdir(place / "work")
    with pytest.raises(InputError, match="would lie outside the folder"):
        files_apart(["in", path], Path("out"))


def test_a_file_is_no_folder_of_clean_copies(place):
    tree(place, "a.txt", "out")
    with pytest.raises(InputError, match=r"^out: a file, a folder for clean copies was expected; choose another"):
        files_apart(["a.txt"], Path("out"))


def test_files_are_listed_before_a_copy_is_written_among_them(place):
    tree(place, "in/a.txt", "in/b.txt")
    (place / "in" / "clean").mkdir()
    assert files_apart(["in", "-"], Path("in/clean")) == ["in/a.txt", "in/b.txt", "-"]


def test_what_is_not_there_stays_listed(place):
    (place / "hollow").mkdir()
    assert files_apart(["none.txt", "hollow"], Path("out")) == ["none.txt", "hollow"]


def test_an_insert_without_reasons_has_a_row():
    page = Page(0.9, "scam", (Insert(0, 3, "abc", 0.9, ()),))
    row = row_of(Document("a", "abc"), page, nested=True)
    assert json.loads(json.dumps(row))["inserts"][0]["reasons"] == []
