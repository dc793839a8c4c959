"""The whole program as people run it: real processes, real files, real exit codes."""

import csv
import gzip
import io
import json
import os
import pickle
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from corpus import HAM, SPAM

import classifier
from classifier.model import Model

ROOT = Path(classifier.__file__).parents[1]
COMMAND = [sys.executable, "-m", "classifier"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
DONE, FAILED, WRONG_USAGE, FLAGGED = 0, 1, 2, 3
TIMEOUT_S = 120
# One line each, so that they can be a line, a row or a file.
TEXTS = [
    *SPAM[:4],
    *HAM[:4],
    "Free",
    "Е\u0430rn 5 0 BTC, gu\u0430r\u0430nteed!",
    "a, \"quoted\" 'text'; =1+1",
    "🔥 café €5",
]


def run(*arguments: object, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a folder; whatever it says, it never shows a traceback."""
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return ended


def begin(*arguments: object, folder: Path) -> subprocess.Popen[bytes]:
    """Start the command line with pipes to it, open to Ctrl-C also where the tests were started in the background."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_on_full_disk(*arguments: object, folder: Path, max_bytes: int) -> subprocess.CompletedProcess[bytes]:
    """Run the command line where no file can grow beyond so many bytes."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes)),
    )


def rows(octets: bytes) -> list[dict]:
    """Read JSON Lines, strictly UTF-8."""
    return [json.loads(line) for line in octets.decode("utf-8").split("\n") if line]


def as_jsonl(texts: list[str]) -> str:
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


@pytest.fixture(scope="session")
def training(own_folder, tmp_path_factory) -> subprocess.CompletedProcess[bytes]:
    """A run of `train`; what it wrote is m.joblib in the folder of its arguments."""
    folder = tmp_path_factory.mktemp("trained")
    return run("train", own_folder, "--output", folder / "m.joblib", "--max-fpr", "0.05", folder=folder)


@pytest.fixture(scope="session")
def path(training) -> Path:
    return Path(training.args[training.args.index("--output") + 1])


@pytest.fixture(scope="session")
def trained(path) -> Model:
    return classifier.load(path)


@pytest.fixture(scope="session")
def expected(trained) -> list[float]:
    """The scores of TEXTS by the library."""
    return [round(trained.score(text), 6) for text in TEXTS]


# train, inspect, score, explain, evaluate


def test_train_writes_a_model_and_tells_a_person(training, path, trained):
    assert training.returncode == DONE, training.stderr
    assert training.stdout == b""
    said = training.stderr.decode()
    assert f"fitting on {trained.card['posts']:,} posts" in said
    assert f"{path}: threshold {trained.calibration.threshold:.4f}, at most " in said
    assert list(path.parent.iterdir()) == [path]


def test_train_again_gives_the_same_bytes(path, own_folder, tmp_path):
    files = sorted(own_folder.iterdir(), reverse=True)
    assert run("train", *files, "--output", "m", "--max-fpr", "0.05", folder=tmp_path).returncode == DONE
    assert (tmp_path / "m").read_bytes() == path.read_bytes()


def test_the_trained_model_is_that_of_the_library(path, own_folder, tmp_path):
    classifier.train(classifier.read_posts([own_folder]), max_fpr=0.05).save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == path.read_bytes()


def test_inspect_prints_the_card_as_json(path, trained, tmp_path):
    ended = run("inspect", path, folder=tmp_path)
    assert ended.returncode == DONE
    assert json.loads(ended.stdout) == json.loads(json.dumps(trained.describe()))
    assert json.loads(ended.stdout)["calibration"]["max_fpr"] == 0.05


def test_inspect_of_a_foreign_file_says_what_it_is_not(tmp_path):
    (tmp_path / "m.joblib").write_text("no model")
    ended = run("inspect", "m.joblib", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (FAILED, b"")
    assert ended.stderr.startswith(b"classifier: m.joblib: ")


def score_of_files(folder: Path, path: Path) -> bytes:
    for i, text in enumerate(TEXTS):
        (folder / f"{i:02}.txt").write_text(text, encoding="utf-8")
    return run("score", *(f"{i:02}.txt" for i in range(len(TEXTS))), "--model", path, folder=folder).stdout


def score_of_a_folder(folder: Path, path: Path) -> bytes:
    (folder / "posts" / "b").mkdir(parents=True)
    for i, text in enumerate(TEXTS):
        place = folder / "posts" / (f"a{i:02}.txt" if i < 5 else f"b/{i:02}.txt")
        place.write_text(text, encoding="utf-8")
    return run("score", "posts", "--model", path, folder=folder).stdout


def score_of_zipped_files(folder: Path, path: Path) -> bytes:
    for i, text in enumerate(TEXTS):
        (folder / f"{i:02}.txt.gz").write_bytes(gzip.compress(text.encode()))
    return run("score", ".", "--model", path, folder=folder).stdout


def score_of_lines(folder: Path, path: Path) -> bytes:
    (folder / "posts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return run("score", "posts.txt", "--lines", "--model", path, folder=folder).stdout


def score_of_lines_of_stdin(folder: Path, path: Path) -> bytes:
    return run("score", "-", "--lines", "--model", path, folder=folder, stdin="\r\n".join(TEXTS).encode()).stdout


def score_of_jsonl(folder: Path, path: Path) -> bytes:
    (folder / "posts.jsonl").write_text(as_jsonl(TEXTS), encoding="utf-8")
    return run("score", "posts.jsonl", "--model", path, folder=folder).stdout


def score_of_zipped_jsonl(folder: Path, path: Path) -> bytes:
    (folder / "posts.jsonl.gz").write_bytes(gzip.compress(as_jsonl(TEXTS).encode()))
    return run("score", "posts.jsonl.gz", "--model", path, folder=folder).stdout


def score_of_csv(folder: Path, path: Path) -> bytes:
    pd.DataFrame({"n": range(len(TEXTS)), "text": TEXTS}).to_csv(folder / "posts.csv", index=False)
    return run("score", "posts.csv", "--model", path, folder=folder).stdout


def score_of_parquet(folder: Path, path: Path) -> bytes:
    pd.DataFrame({"text": TEXTS}).to_parquet(folder / "posts.parquet")
    return run("score", "posts.parquet", "--model", path, folder=folder).stdout


def score_in_processes(folder: Path, path: Path) -> bytes:
    (folder / "posts.jsonl").write_text(as_jsonl(TEXTS), encoding="utf-8")
    return run("score", "posts.jsonl", "--jobs", "3", "--model", path, folder=folder).stdout


def score_to_a_file(folder: Path, path: Path) -> bytes:
    (folder / "posts.jsonl").write_text(as_jsonl(TEXTS), encoding="utf-8")
    ended = run("score", "posts.jsonl", "--output", "found.jsonl", "--model", path, folder=folder)
    assert ended.stdout == b""
    return (folder / "found.jsonl").read_bytes()


ENTRY_POINTS = [
    score_of_files,
    score_of_a_folder,
    score_of_zipped_files,
    score_of_lines,
    score_of_lines_of_stdin,
    score_of_jsonl,
    score_of_zipped_jsonl,
    score_of_csv,
    score_of_parquet,
    score_in_processes,
    score_to_a_file,
]


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda entry_point: entry_point.__name__)
def test_every_entry_point_gives_the_same_scores_in_input_order(entry_point, trained, path, expected, tmp_path):
    found = rows(entry_point(tmp_path, path))
    assert [row["score"] for row in found] == expected
    assert [row["verdict"] for row in found] == [trained.verdict(trained.score(text)) for text in TEXTS]
    assert all(row.keys() == {"id", "score", "verdict"} for row in found)
    assert len({row["id"] for row in found}) == len(TEXTS)


def test_standard_input_is_one_post(path, expected, tmp_path):
    ended = run("score", "-", "--model", path, folder=tmp_path, stdin=TEXTS[0].encode())
    assert rows(ended.stdout) == [{"id": "-", "score": expected[0], "verdict": rows(ended.stdout)[0]["verdict"]}]


def test_paths_of_any_kind_stand_side_by_side(path, expected, tmp_path):
    (tmp_path / "a.jsonl").write_text(as_jsonl(TEXTS[:2]), encoding="utf-8")
    (tmp_path / "b.txt").write_text(TEXTS[2], encoding="utf-8")
    ended = run("score", "a.jsonl", "b.txt", "-", "--model", path, folder=tmp_path, stdin=TEXTS[3].encode())
    assert [row["id"] for row in rows(ended.stdout)] == ["a.jsonl:1", "a.jsonl:2", "b.txt", "-"]
    assert [row["score"] for row in rows(ended.stdout)] == expected[:4]


def test_csv_out_holds_the_same(path, expected, tmp_path):
    (tmp_path / "posts.jsonl").write_text(as_jsonl(TEXTS) + "{\n", encoding="utf-8")
    ended = run("score", "posts.jsonl", "--format", "csv", "--model", path, folder=tmp_path)
    table = list(csv.DictReader(io.StringIO(ended.stdout.decode(), newline="")))
    assert [float(row["score"]) for row in table[:-1]] == expected
    assert table[-1]["score"] == ""
    assert table[-1]["error"].startswith("posts.jsonl:13: not JSON")


def test_a_table_is_written_where_one_is_asked_for(path, tmp_path):
    ended = run("score", "-", "--lines", "--format", "table", "--model", path, folder=tmp_path, stdin=b"Free\nRain\n")
    head, *body = ended.stdout.decode().splitlines()
    assert head.split() == ["id", "score", "verdict"]
    assert [line.split()[0] for line in body] == ["-:1", "-:2"]
    assert "\x1b" not in ended.stdout.decode()


def test_the_threshold_may_be_another(path, trained, tmp_path):
    value = trained.score(TEXTS[0])
    for threshold, verdict in ((0.0, "scam"), (min(1.0, value + 0.001), "unsure")):
        ended = run("score", "-", "--threshold", threshold, "--model", path, folder=tmp_path, stdin=TEXTS[0].encode())
        assert rows(ended.stdout)[0]["verdict"] == verdict


def test_explain_adds_up_and_points_into_the_text(path, trained, tmp_path):
    (tmp_path / "a.txt").write_text(SPAM[0], encoding="utf-8")
    (found,) = rows(run("explain", "a.txt", "--top", "100000", "--model", path, folder=tmp_path).stdout)
    assert found["score"] == round(trained.score(SPAM[0]), 6)
    shares = [reason["share"] for reason in found["reasons"]]
    assert found["base"] + sum(shares) == pytest.approx(found["logit"], abs=1e-6 * (len(shares) + 2))
    assert all(0 <= start < end <= len(SPAM[0]) for reason in found["reasons"] for start, end in reason["spans"])


def test_explain_says_the_same_in_every_format(path, trained, tmp_path):
    top = trained.explain(SPAM[0], top=3)
    (tmp_path / "a.txt").write_text(SPAM[0], encoding="utf-8")

    def explained(*options: str) -> str:
        return run("explain", "a.txt", "--top", "3", "--model", path, *options, folder=tmp_path).stdout.decode()

    assert [reason["ngram"] for reason in json.loads(explained())["reasons"]] == [reason.ngram for reason in top]
    table = list(csv.DictReader(io.StringIO(explained("--format", "csv"))))
    assert [(row["ngram"], int(row["start"])) for row in table] == [
        (reason.ngram, reason.spans[0][0]) for reason in top
    ]
    page = explained("--format", "table")
    assert SPAM[0] in page
    assert all(f"{reason.share:+8.3f}" in page for reason in top)
    assert "\x1b" not in page
    assert explained("--format", "table", "--output", "page.txt") == ""
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == page


def test_explain_goes_on_after_what_it_cannot_read(path, tmp_path):
    for options in ((), ("--format", "csv"), ("--format", "table")):
        ended = run("explain", "none.txt", "-", "--model", path, *options, folder=tmp_path, stdin=b"Free coins")
        assert ended.returncode == FAILED
        assert b"none.txt: cannot be read" in ended.stderr
        assert b"coin" in ended.stdout


def test_evaluate_measures_what_the_library_does(path, trained, own_folder, tmp_path):
    posts = classifier.read_posts([own_folder])
    ended = run("evaluate", own_folder, "--model", path, folder=tmp_path)
    assert ended.returncode == DONE
    report = classifier.evaluate(trained, posts)
    assert [row["id"] for row in rows(ended.stdout)] == [figures.name for figures in report.figures]
    assert rows(ended.stdout)[0]["id"] == "all"
    assert rows(ended.stdout)[0]["n_spam"] == int((posts["label"] != "ham").sum())
    assert rows(ended.stdout)[0]["recall"] == round(report.figures[0].recall.value, 6)


def test_evaluate_refuses_labels_it_does_not_know(path, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nFree coins,scam\nRain,good\n")
    ended = run("evaluate", "a.csv", "--model", path, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (FAILED, b"")
    assert ended.stderr.startswith(b"classifier: posts: 1 with an unknown label: a:2 (good); one of scam, spam, ham")


@pytest.mark.parametrize(
    ("content", "wording"),
    [
        ("text,label\nFree coins,scam\nRain,ham\n", "1 labelled ham, at least 25 were expected; label more of them"),
        ("text,label\nRain,scam\nRain,ham\n", "2 with a text of two labels: a:1 (scam), a:2 (ham)"),
    ],
)
def test_train_refuses_what_it_cannot_fit_on_and_leaves_the_old_model(content, wording, tmp_path):
    (tmp_path / "a.csv").write_text(content)
    (tmp_path / "m.joblib").write_bytes(b"the old model")
    ended = run("train", "a.csv", "--output", "m.joblib", folder=tmp_path)
    assert ended.returncode == FAILED
    assert wording in ended.stderr.decode()
    assert (tmp_path / "m.joblib").read_bytes() == b"the old model"


# scan

PAGE = "\n\n".join([HAM[0], SPAM[0], HAM[1]])
HTML_PAGE = f"<h1>News</h1><p>{HAM[0]}</p><aside><p>{SPAM[0]}</p></aside><p hidden>{SPAM[1]}</p>"


@pytest.fixture(scope="session")
def by_hand(model, tmp_path_factory) -> Path:
    """The file of the model fitted by hand, which knows the texts of the corpus."""
    model.save(tmp_path_factory.mktemp("by-hand") / "m.joblib")
    return next(iter(tmp_path_factory.getbasetemp().glob("by-hand*/m.joblib")))


@pytest.fixture
def pages(tmp_path) -> Path:
    """A folder with pages of every kind in a folder of their own."""
    (tmp_path / "in" / "b").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text(PAGE, encoding="utf-8")
    (tmp_path / "in" / "b" / "c.html").write_text(HTML_PAGE, encoding="utf-8")
    (tmp_path / "in" / "d.txt").write_text(HAM[2], encoding="utf-8")
    lines = [{"id": "e", "text": PAGE}, {"id": "f", "html": HTML_PAGE}]
    (tmp_path / "in" / "g.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_scan_says_where_inserts_stand_as_the_library_does(by_hand, model, pages):
    ended = run("scan", "in", "--model", by_hand, folder=pages)
    assert (ended.returncode, ended.stderr) == (DONE, b"")
    text, html, clean, text_row, html_row = rows(ended.stdout)
    assert [row["id"] for row in rows(ended.stdout)] == ["in/a.txt", "in/b/c.html", "in/d.txt", "e", "f"]
    (insert,), (found,) = text["inserts"], model.scan(PAGE).inserts
    assert list(text) == ["id", "score", "verdict", "inserts"]
    assert list(insert) == ["start", "end", "text", "score", "reasons"]
    assert (insert["start"], insert["end"], insert["text"]) == (found.start, found.end, SPAM[0])
    assert (insert["score"], text["verdict"]) == (round(found.score, 6), "scam")
    (element,) = html["inserts"]
    assert (element["start"], element["end"], element["path"]) == (None, None, "/html/body/aside[1]/p[1]")
    assert html["hidden"] == [{"path": "/html/body/p[2]", "text": SPAM[1]}]
    assert (clean["inserts"], clean["verdict"] == "scam") == ([], False)
    assert {**text, "id": "e"} == text_row
    assert {**html, "id": "f"} == html_row


@pytest.mark.parametrize("threshold", [None, 0.0, 0.3, 1.0])
def test_a_trained_model_scans_as_in_the_library(threshold, path, trained, tmp_path):
    options = [] if threshold is None else ["--threshold", threshold]
    ended = run("scan", "-", *options, "--model", path, folder=tmp_path, stdin=PAGE.encode())
    (row,), page = rows(ended.stdout), trained.scan(PAGE, threshold=threshold)
    assert (row["id"], row["score"], row["verdict"]) == ("-", round(page.score, 6), page.verdict)
    assert [(i["start"], i["end"]) for i in row["inserts"]] == [(i.start, i.end) for i in page.inserts]


def test_scan_in_processes_and_to_a_file_gives_the_same(by_hand, tmp_path):
    lines = [{"text" if n % 2 else "html": f"{PAGE}\n\nPage {n}"} for n in range(200)]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    one = run("scan", "pages.jsonl", "--model", by_hand, folder=tmp_path)
    two = run("scan", "pages.jsonl", "--jobs", "2", "--output", "found", "--model", by_hand, folder=tmp_path)
    assert (one.returncode, two.returncode, two.stdout) == (DONE, DONE, b"")
    assert (tmp_path / "found").read_bytes() == one.stdout
    assert [row["id"] for row in rows(one.stdout)] == [f"pages.jsonl:{n}" for n in range(1, 201)]


def test_scan_writes_csv_and_tables(by_hand, pages):
    ended = run("scan", "in", "none.txt", "--format", "csv", "--model", by_hand, folder=pages)
    table = list(csv.DictReader(io.StringIO(ended.stdout.decode(), newline="")))
    assert [json.loads(row["inserts"] or "null") for row in table] == [
        [SPAM[0]],
        [SPAM[0]],
        [],
        [SPAM[0]],
        [SPAM[0]],
        None,
    ]
    assert table[-1]["error"].startswith("none.txt: cannot be read")
    shown = run("scan", "in/a.txt", "--format", "table", "--model", by_hand, folder=pages)
    assert f">>> {SPAM[0]} <<<\n\n{HAM[1][:20]}" in shown.stdout.decode()
    assert b"\x1b" not in shown.stdout
    to_file = run("scan", "in/a.txt", "--format", "table", "--output", "t", "--model", by_hand, folder=pages)
    assert (to_file.stdout, (pages / "t").read_bytes()) == (b"", shown.stdout)


def test_on_a_terminal_an_insert_is_highlighted_in_its_place(by_hand, pages):
    leader, follower = pty.openpty()
    command = [*COMMAND, "scan", "in/a.txt", "--model", str(by_hand)]
    environment = {**ENVIRONMENT, "TERM": "xterm", "NO_COLOR": ""}
    with subprocess.Popen(command, cwd=pages, env=environment, stdout=follower, stderr=follower) as process:
        os.close(follower)
        seen = b""
        while select.select([leader], [], [], TIMEOUT_S)[0]:
            try:
                seen += os.read(leader, 65536)
            except OSError:
                break
    os.close(leader)
    assert process.returncode == DONE
    assert f"\x1b[1;41;97m{SPAM[0]}\x1b[0m" in seen.decode()


def test_scan_fails_on_scam_if_asked_to(by_hand, pages):
    for arguments, code in (
        (["in/a.txt"], DONE),
        (["in/a.txt", "--fail-on-scam"], FLAGGED),
        (["in/d.txt", "--fail-on-scam"], DONE),
        (["in/a.txt", "none.txt", "--fail-on-scam"], FAILED),
        (["in/a.txt", "--threshold", "1", "--fail-on-scam"], DONE),
    ):
        assert run("scan", *arguments, "--model", by_hand, folder=pages).returncode == code


def test_clean_writes_each_page_without_its_inserts(by_hand, pages):
    before = {file: file.read_bytes() for file in pages.rglob("*.*") if file.is_file()}
    assert run("scan", "in", "--clean", "out", "--model", by_hand, folder=pages).returncode == DONE
    written = {
        str(file.relative_to(pages / "out")): file.read_text() for file in (pages / "out").rglob("*") if file.is_file()
    }
    text, html = f"{HAM[0]}\n\n{HAM[1]}", HTML_PAGE.replace(f"<p>{SPAM[0]}</p>", "")
    assert written == {"in/a.txt": text, "in/b/c.html": html, "in/d.txt": HAM[2], "e": text, "f": html}
    assert {file: file.read_bytes() for file in before} == before


@pytest.mark.parametrize(
    ("paths", "folder"), [(["in"], "in"), (["in"], "."), (["in/a.txt"], "in"), (["in", "../up.txt"], "out")]
)
def test_clean_copies_that_would_lie_wrong_are_refused_before_anything_is_written(paths, folder, by_hand, pages):
    (pages / "work").mkdir()
    (pages / "in").rename(pages / "work" / "in")
    (pages / "up.txt").write_text(PAGE)
    before = {file: file.read_bytes() for file in pages.rglob("*") if file.is_file()}
    ended = run("scan", *paths, "--clean", folder, "--output", "found", "--model", by_hand, folder=pages / "work")
    assert (ended.returncode, ended.stdout) == (FAILED, b"")
    assert ended.stderr.startswith(f"classifier: {folder}: ".encode())
    assert {file: file.read_bytes() for file in pages.rglob("*") if file.is_file()} == before


def test_a_row_cannot_write_out_of_the_clean_folder_nor_over_a_page(by_hand, tmp_path):
    names = ["../evil", "/../evil", "pages.jsonl", "ok"]
    page = "".join(json.dumps({"id": name, "text": PAGE}) + "\n" for name in names)
    (tmp_path / "pages.jsonl").write_text(page)
    ended = run("scan", "pages.jsonl", "--clean", "out", "--model", by_hand, folder=tmp_path)
    assert ended.returncode == FAILED
    assert ["error" in row for row in rows(ended.stdout)] == [True, True, False, False]
    assert (tmp_path / "pages.jsonl").read_text() == page
    assert {file.name for file in tmp_path.iterdir()} == {"pages.jsonl", "out"}
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"pages.jsonl", "ok"}


CHARSETS = {
    "latin.html": ('<meta charset="iso-8859-1">', "latin-1", b""),
    "lying.htm": ('<meta charset="utf-8">', "cp1252", b""),
    "sixteen.html": ("", "utf-16-le", b"\xff\xfe"),
    "sixteen-be.html": ('<meta charset="utf-8">', "utf-16-be", b"\xfe\xff"),
    "marked.html": ('<meta charset="iso-8859-1">', "utf-8", b"\xef\xbb\xbf"),
    "silent.html": ("", "cp1252", b""),
    "silent-utf-8.html": ("", "utf-8", b""),
    "zipped.html.gz": ("", "cp1252", b""),
}


def in_charset(name: str, insert: str) -> bytes:
    """A page of CHARSETS with letters beyond ASCII on either side of an insert, as it is stored."""
    meta, encoding, mark = CHARSETS[name]
    sign = "" if encoding == "latin-1" else "€5 "
    page = f"<head>{meta}</head>\r\n<h1>Caf\xe9 {sign}</h1><p>{HAM[0]}</p>\n<div>{insert}</div>\n<p>{HAM[1]} Na\xefve {sign}"
    return mark + page.encode(encoding)


def test_pages_of_any_charset_are_scanned_and_their_copies_keep_it(by_hand, model, tmp_path):
    insert = f"<p class=x>{SPAM[0]} \xc0 l\xe0 carte</p>"
    for name in CHARSETS:
        octets = in_charset(name, insert)
        (tmp_path / name).write_bytes(gzip.compress(octets) if name.endswith(".gz") else octets)
    ended = run("scan", *CHARSETS, "--clean", "out", "--model", by_hand, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (DONE, b"")
    assert [row["id"] for row in rows(ended.stdout)] == list(CHARSETS)
    for name, row in zip(CHARSETS, rows(ended.stdout), strict=True):
        (found,) = row["inserts"]
        assert (found["path"], found["text"]) == ("/html/body/div[1]/p[1]", f"{SPAM[0]} \xc0 l\xe0 carte")
        assert row["score"] == round(model.scan(in_charset(name, insert), html=True).score, 6)
        copy = (tmp_path / "out" / name).read_bytes()
        assert (gzip.decompress(copy) if name.endswith(".gz") else copy) == in_charset(name, "")
    again = run("scan", "out", "--model", by_hand, folder=tmp_path)
    assert [row["inserts"] for row in rows(again.stdout)] == [[]] * len(CHARSETS)


def test_a_page_of_any_charset_without_inserts_is_copied_as_it_is(by_hand, tmp_path):
    names = [name for name in CHARSETS if not name.endswith(".gz")]
    for name in names:
        (tmp_path / name).write_bytes(in_charset(name, ""))
    assert run("scan", *names, "--clean", "out", "--model", by_hand, folder=tmp_path).returncode == DONE
    assert all((tmp_path / "out" / name).read_bytes() == in_charset(name, "") for name in names)


def test_a_bad_page_is_an_error_in_its_place_and_the_rest_is_scanned(by_hand, pages):
    (pages / "deep.html").write_text("<div>" * 100_000)
    (pages / "large.html").write_text("<p>rain</p>" * 5_500_000)
    (pages / "latin.txt").write_bytes(b"caf\xe9")
    bad = ["deep.html", "large.html", "latin.txt", "none.html"]
    ended = run("scan", "in/a.txt", *bad, "in/b/c.html", "--model", by_hand, folder=pages)
    first, *errors, last = rows(ended.stdout)
    assert ended.returncode == FAILED
    assert first["inserts"]
    assert last["inserts"]
    assert [row["id"] for row in errors] == bad
    assert all(row.keys() == {"id", "error"} for row in errors)
    assert errors[0]["error"].startswith("deep.html: the HTML: nested deeper than 512 elements, at most 512 are read;")
    assert "at most 50,000,000 bytes are read" in errors[1]["error"]
    assert [line.removeprefix("classifier: ") for line in ended.stderr.decode().splitlines()] == [
        row["error"] for row in errors
    ]


# Exit codes


def test_exit_codes(path, tmp_path):
    (tmp_path / "a.txt").write_text("Free coins")

    def code(*arguments: object) -> int:
        return run(*arguments, "--model", path, folder=tmp_path).returncode

    assert code("score", "a.txt", "--threshold", "0") == DONE
    assert code("score", "a.txt", "--threshold", "0", "--fail-on-scam") == FLAGGED
    assert code("score", "a.txt", "--threshold", "1", "--fail-on-scam") == DONE
    assert code("score", "none.txt") == FAILED
    assert code("score", "none.txt", "a.txt", "--threshold", "0", "--fail-on-scam") == FAILED
    assert code("score") == WRONG_USAGE


def test_help_loads_nothing_heavy(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "classifier", "--help"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    loaded = {line.rpartition(b"|")[2].strip().split(b".")[0] for line in ended.stderr.splitlines()}
    assert b"typer" in loaded
    assert not loaded & {b"numpy", b"sklearn", b"pandas", b"scipy", b"numba", b"joblib", b"pyarrow"}


# Bad input

BAD_FILES = {
    "empty.txt": (b"", "empty.txt: empty, a text was expected; fill it or leave it out"),
    "blank.txt": (b" \n\t\n", "blank.txt: empty, a text was expected; fill it or leave it out"),
    "binary.txt": (b"\x7fELF\x00\x01", "binary.txt: binary (NUL in the first 8 kB), UTF-8 text was expected"),
    "latin.txt": (
        "Geld für café".encode("latin-1"),
        "latin.txt: not UTF-8 (byte 0xfc at offset 6), UTF-8 was expected",
    ),
    "utf16.txt": ("Free".encode("utf-16"), "utf16.txt: UTF-16 by its byte-order mark, UTF-8 was expected"),
    "broken.txt.gz": (b"no gzip", "broken.txt.gz: broken gzip"),
    "cut.txt.gz": (gzip.compress(b"Free coins " * 99)[:-9], "cut.txt.gz: cut off before the end of the gzip stream"),
    "column.csv": (b"title,body\nFree,coins\n", 'column.csv: no "text" (it has: title, body), a text was expected'),
    "empty.csv": (b"", "empty.csv: empty"),
    "no.parquet": (b"PAR1 no more", "no.parquet: "),
}


def test_a_bad_file_is_an_error_in_its_place_and_the_rest_is_scored(path, tmp_path):
    (tmp_path / "good.txt").write_text(SPAM[0])
    (tmp_path / "well.txt").write_text(HAM[0])
    for name, (content, _) in BAD_FILES.items():
        (tmp_path / name).write_bytes(content)
    ended = run("score", "good.txt", *BAD_FILES, "well.txt", "--model", path, folder=tmp_path)
    first, *bad, last = rows(ended.stdout)
    assert ended.returncode == FAILED
    assert ("score" in first, "score" in last) == (True, True)
    assert [row["id"] for row in bad] == list(BAD_FILES)
    said = ended.stderr.decode().splitlines()
    for row, (_, wording) in zip(bad, BAD_FILES.values(), strict=True):
        assert row.keys() == {"id", "error"}
        assert row["error"].startswith(wording)
        assert f"classifier: {row['error']}" in said


def test_what_is_not_there_is_an_error_in_its_place(path, tmp_path):
    (tmp_path / "good.txt").write_text(SPAM[0])
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone")
    (tmp_path / "hollow").mkdir()
    ended = run("score", "none.txt", "dangling.txt", "hollow", "good.txt", "--model", path, folder=tmp_path)
    *bad, good = rows(ended.stdout)
    assert ended.returncode == FAILED
    assert [row["id"] for row in bad] == ["none.txt", "dangling.txt", "hollow"]
    assert all(": " in row["error"] and "; " in row["error"] for row in bad)
    assert "score" in good


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_an_error_in_its_place(path, tmp_path):
    (tmp_path / "a.txt").write_text("Free")
    (tmp_path / "a.txt").chmod(0)
    ended = run("score", "a.txt", "--model", path, folder=tmp_path)
    assert ended.returncode == FAILED
    assert "Permission denied" in rows(ended.stdout)[0]["error"]


def test_bad_rows_are_errors_with_their_line(path, tmp_path):
    lines = [
        '{"text": "Free coins"}',
        "{not json}",
        '{"body": "x"}',
        "[1]",
        '{"text": 5}',
        "",
        '{"text": "Rain"}',
        "\xff",
    ]
    (tmp_path / "posts.jsonl").write_bytes("\n".join(lines).encode("latin-1"))
    ended = run("score", "posts.jsonl", "--model", path, folder=tmp_path)
    found = rows(ended.stdout)
    assert ended.returncode == FAILED
    assert [row["id"] for row in found] == [f"posts.jsonl:{n}" for n in (1, 2, 3, 4, 5, 7, 8)]
    assert ["score" in row for row in found] == [True, False, False, False, False, True, False]
    for row in found:
        assert "score" in row or row["error"].startswith(f"{row['id']}: ")


def test_bad_rows_of_csv_are_errors_with_their_row(path, tmp_path):
    (tmp_path / "posts.csv").write_bytes(b"text,n\nFree coins,1\nbad \xff byte,2\nRain,3\n")
    ended = run("score", "posts.csv", "--model", path, folder=tmp_path)
    assert ended.returncode == FAILED
    assert ["score" in row for row in rows(ended.stdout)] == [True, False, True]
    assert rows(ended.stdout)[1]["error"].startswith("posts.csv:2: ")


class Malice:
    """What runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text", "cut", "malicious"])
def test_a_model_that_is_none_is_refused_and_nothing_of_it_runs(kind, path, tmp_path):
    broken = tmp_path / "m.joblib"
    match kind:
        case "folder":
            broken.mkdir()
        case "empty":
            broken.touch()
        case "text":
            broken.write_text("not a model")
        case "cut":
            broken.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "malicious":
            broken.write_bytes(pickle.dumps({"format": 2, "header": Malice()}))
    (tmp_path / "a.txt").write_text("Free coins")
    ended = run("score", "a.txt", "--model", "m.joblib", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (FAILED, b"")
    assert ended.stderr.startswith(b"classifier: m.joblib: ")
    assert not (tmp_path / "ran").exists()


# --output


def waiting_for(what: str, holds) -> None:
    """Wait until something holds; a process that never gets there fails the test."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < end, f"no {what} in {TIMEOUT_S} s"
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_an_interrupted_run_leaves_the_old_file_whole(how, path, tmp_path):
    (tmp_path / "found.jsonl").write_bytes(b"the old file\n")
    process = begin("score", "-", "--lines", "--output", "found.jsonl", "--model", path, folder=tmp_path)
    process.stdin.write(b"Free coins\n")
    process.stdin.flush()
    waiting_for("result", lambda: any(b"score" in file.read_bytes() for file in tmp_path.glob(".found.jsonl.*")))
    process.send_signal(how)
    _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode != DONE
    assert (tmp_path / "found.jsonl").read_bytes() == b"the old file\n"
    assert b"Traceback" not in said
    if how == signal.SIGINT:
        assert [file.name for file in tmp_path.iterdir()] == ["found.jsonl"]


def test_a_full_disk_leaves_the_old_file_whole(path, tmp_path):
    (tmp_path / "found.jsonl").write_bytes(b"the old file\n")
    (tmp_path / "posts.jsonl").write_text(as_jsonl(["Free coins"] * 2_000))
    arguments = ("score", "posts.jsonl", "--output", "found.jsonl", "--model", path)
    ended = run_on_full_disk(*arguments, folder=tmp_path, max_bytes=10_000)
    assert ended.returncode == FAILED
    assert ended.stderr.startswith(b"classifier: found.jsonl: cannot be written (")
    assert (tmp_path / "found.jsonl").read_bytes() == b"the old file\n"
    assert {file.name for file in tmp_path.iterdir()} == {"found.jsonl", "posts.jsonl"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_standard_output_is_an_error(path, tmp_path):
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, "score", "-", "--model", path],
            cwd=tmp_path,
            env=ENVIRONMENT,
            input=b"Free coins",
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert ended.returncode == FAILED
    assert ended.stderr.startswith(b"classifier: standard output: cannot be written (")


def test_an_output_in_no_folder_is_an_error_before_anything_is_scored(path, tmp_path):
    ended = run("score", "-", "--output", "none/found.jsonl", "--model", path, folder=tmp_path, stdin=b"Free")
    assert ended.returncode == FAILED
    assert ended.stderr.startswith(b"classifier: none/found.jsonl: cannot be written (No such file or directory)")


# Streams


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_line_is_answered_before_the_next_is_written(command, path, tmp_path):
    process = begin(command, "-", "--lines", "--model", path, folder=tmp_path)
    try:
        for n, text in enumerate([SPAM[0], HAM[0], "Free"], start=1):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert select.select([process.stdout], [], [], TIMEOUT_S)[0], f"line {n} was not answered"
            assert json.loads(process.stdout.readline())["id"] == f"-:{n}"
        rest, said = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, rest, said) == (DONE, b"", b"")


@pytest.mark.parametrize(
    "command", [["score"], ["score", "--format", "csv"], ["explain"], ["explain", "--format", "table"]]
)
def test_a_closed_pipe_ends_quietly(command, path, tmp_path):
    (tmp_path / "posts.jsonl").write_text(as_jsonl([f"{SPAM[n % 10]} {n}" for n in range(4_000)]))
    process = begin(*command, "posts.jsonl", "--model", path, folder=tmp_path)
    process.stdin.close()
    assert process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=TIMEOUT_S), said) == (DONE, b"")


# Hostile texts

HOSTILE = {
    "NUL": "free\x00coins\x00",
    "lone surrogates": "free \ud800 coins \udfff",
    "surrogates in the wrong order": "\ude00\ud83d" * 50,
    "right-to-left overrides": "\u202efree\u202d coins\u2066" * 500,
    "emoji": "🔥👨‍👩‍👧‍👦🇬🇧" * 2_000,
    "combining marks": "f" + "\u0301\u0489\u20dd" * 20_000,
    "zero width": "f\u200br\u200de\u2060e\ufeff" * 5_000,
    "one letter": "a" * 200_000,
    "spaces": " " * 200_000 + "free",
    "parted letters": "f r e e " * 20_000,
    "dots": "." * 200_000,
    "line breaks": "\u2028\u2029\x85\r\n" * 10_000 + "free",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9b31m",
    "no character": "\uffff\ufffe\U0010ffff",
    "long address": "http://" + "a." * 50_000 + "example",
    "long number": "9" * 100_000,
}


def test_hostile_texts_score(path, tmp_path):
    (tmp_path / "posts.jsonl").write_text(as_jsonl(list(HOSTILE.values())))
    ended = run("score", "posts.jsonl", "--model", path, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (DONE, b"")
    assert all(0 <= row["score"] <= 1 for row in rows(ended.stdout))
    assert len(rows(ended.stdout)) == len(HOSTILE)


@pytest.mark.parametrize("format", ["jsonl", "csv", "table"])
def test_hostile_texts_are_explained(format, path, tmp_path):
    (tmp_path / "posts.jsonl").write_text(as_jsonl([text[:2_000] for text in HOSTILE.values()]))
    ended = run("explain", "posts.jsonl", "--top", "3", "--format", format, "--model", path, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (DONE, b"")
    assert ended.stdout.decode("utf-8")
    assert "\x1b" not in ended.stdout.decode() or format != "table"


def test_five_megabytes_on_one_line_score(path, tmp_path):
    line = " ".join(SPAM + HAM).encode()
    (tmp_path / "long.txt").write_bytes(line * (5_000_000 // len(line) + 1) + b"\nFree\n")
    ended = run("score", "long.txt", "--lines", "--model", path, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (DONE, b"")
    assert [row["id"] for row in rows(ended.stdout)] == ["long.txt:1", "long.txt:2"]


FLOODS = [
    "free coins ",
    "a",
    " ",
    "🔥",
    "e\u0301\u0489",
    "\u202e",
    "f r e e ",
    "a.",
    "0 ",
    "$1,000 ",
    "\u200b",
    "@a ",
    "http://a/",
]


@pytest.mark.parametrize("unit", FLOODS, ids=ascii)
def test_time_grows_with_the_length_and_no_faster(unit, trained):
    """Eight times the text may take sixteen times as long on a busy machine, and not sixty-four times."""

    def seconds(n_chars: int) -> float:
        text = unit * (n_chars // len(unit))
        times = []
        for _ in range(2):
            start = time.perf_counter()
            trained.score(text)
            times.append(time.perf_counter() - start)
        return min(times)

    seconds(1_000)
    assert seconds(80_000) < 16 * seconds(10_000) + 0.05
