"""Output: valid whatever the text, whole whatever happens, and nothing that drives a terminal or a spreadsheet."""

import csv
import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import ClassifierError, InputError
from classifier.output import choose_format, open_writer
from classifier.progress import progress
from classifier.terminal import text_width

FIELDS = ("id", "score", "verdict")
ROW = {"id": "news/a.txt", "score": 0.12345678, "verdict": "ham"}
FAILURE = {"id": "news/b.txt", "error": "news/b.txt: empty, a text was expected; fill it or leave it out"}
# JSON has no way to tell two lone surrogates side by side from the character they make together.
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\ud83d\x1b\u2028"), max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.floats(0, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


class Terminal(io.BytesIO):
    """Standard output that says it is a terminal."""

    @property
    def buffer(self) -> "Terminal":
        return self

    def isatty(self) -> bool:
        return True


def as_terminal(monkeypatch) -> Terminal:
    """Put a terminal in the place of standard output; pytest undoes it between fixture and test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def written(path: Path, format: str, rows: Iterable[dict[str, object]], fields: tuple[str, ...] = FIELDS) -> str:
    with open_writer(format, path, fields) as write:
        for row in rows:
            write(row)
    return path.read_bytes().decode("utf-8")


def to_six_decimals(value: object) -> object:
    match value:
        case float():
            return round(value, 6)
        case list():
            return [to_six_decimals(inner) for inner in value]
        case dict():
            return {name: to_six_decimals(inner) for name, inner in value.items()}
    return value


# JSONL


def test_jsonl_is_one_row_a_line(tmp_path):
    assert written(tmp_path / "out.jsonl", "jsonl", [{**ROW, "id": "café"}, FAILURE]) == (
        '{"id": "café", "score": 0.123457, "verdict": "ham"}\n'
        '{"id": "news/b.txt", "error": "news/b.txt: empty, a text was expected; fill it or leave it out"}\n'
    )


@settings(deadline=None)
@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=3))
def test_jsonl_round_trip(tmp_path_factory, rows):
    output = written(tmp_path_factory.mktemp("jsonl") / "out.jsonl", "jsonl", rows)
    assert output.splitlines() == output.split("\n")[:-1]
    assert [json.loads(line) for line in output.splitlines()] == to_six_decimals(rows)


def test_scores_of_numpy_and_of_inserts_are_rounded(tmp_path):
    row = {"score": np.float64(0.12345678), "inserts": [{"start": 3, "score": 0.98765432}]}
    assert written(tmp_path / "out", "jsonl", [row]) == (
        '{"score": 0.123457, "inserts": [{"start": 3, "score": 0.987654}]}\n'
    )


# CSV


def test_csv_has_an_error_column(tmp_path):
    assert written(tmp_path / "out.csv", "csv", [ROW, FAILURE]) == (
        "id,score,verdict,error\n"
        "news/a.txt,0.123457,ham,\n"
        'news/b.txt,,,"news/b.txt: empty, a text was expected; fill it or leave it out"\n'
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path, start):
    output = written(tmp_path / "out.csv", "csv", [{**ROW, "id": f"{start}cmd|' /C calc'!A0"}])
    [_, cells] = csv.reader(io.StringIO(output, newline=""))
    assert cells[0] == f"'{start}cmd|' /C calc'!A0"


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_csv_round_trip(tmp_path_factory, ids):
    output = written(tmp_path_factory.mktemp("csv") / "out.csv", "csv", [{**ROW, "id": name} for name in ids])
    found = [cells[0] for cells in csv.reader(io.StringIO(output, newline=""))][1:]
    assert [name.removeprefix("'") for name in found] == [name.removeprefix("'") for name in ids]


def test_lists_are_json_in_a_cell(tmp_path):
    output = written(tmp_path / "out.csv", "csv", [{"id": "a", "inserts": [{"start": 3}]}], ("id", "inserts"))
    assert output == 'id,inserts,error\na,"[{""start"": 3}]",\n'


def test_lone_surrogates_are_escaped_in_csv(tmp_path):
    assert "a\\ud83d,0.1" in written(tmp_path / "out.csv", "csv", [{**ROW, "id": "a\ud83d"}])


# The table


def test_a_table_is_aligned(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    output = written(tmp_path / "out.txt", "table", [ROW, {"id": "新聞.txt", "score": 1.0, "verdict": "scam"}, FAILURE])
    assert output.splitlines() == [
        "id                                        score     verdict",
        "news/a.txt                                0.123457  ham",
        "新聞.txt                                  1.000000  scam",
        "news/b.txt                                          " + FAILURE["error"],
    ]


def test_an_id_is_shortened_in_the_middle(tmp_path):
    line = written(tmp_path / "out.txt", "table", [{**ROW, "id": "a" * 50 + "b" * 50}]).splitlines()[1]
    assert line.startswith("a" * 19 + "…" + "b" * 20 + "  0.123457")


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_text_drives_the_terminal(tmp_path_factory, name, text):
    row = {"id": name, "score": 0.5, "verdict": "scam", "inserts": [{"text": text}]}
    path = tmp_path_factory.mktemp("table") / "out.txt"
    output = written(path, "table", [row, {"id": name, "error": text}], (*FIELDS, "inserts"))
    assert len(output.split("\n")) == 4
    assert output.replace("\n", "").isprintable()


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_lines_fit_the_terminal(tmp_path_factory, text):
    row = {"id": text, "score": 0.5, "verdict": "scam", "inserts": [{"text": text}]}
    output = written(tmp_path_factory.mktemp("table") / "out.txt", "table", [row], (*FIELDS, "inserts"))
    assert text_width(output.splitlines()[1]) <= 80


def test_control_characters_are_escaped(tmp_path):
    output = written(tmp_path / "out.txt", "table", [{**ROW, "id": "a\x1b]0;x\x07\u202eb\ud800"}])
    assert "a\\x1b]0;x\\x07\\u202eb\\ud800 " in output


def test_a_terminal_gets_rows_at_once_and_in_colour(monkeypatch):
    terminal = as_terminal(monkeypatch)
    with open_writer("table", None, FIELDS) as write:
        write({**ROW, "verdict": "scam"})
        assert terminal.getvalue().endswith(b"0.123457  \x1b[1;31mscam   \x1b[0m\n")
        write(FAILURE)
        assert terminal.getvalue().endswith(b"  \x1b[35m" + FAILURE["error"].encode() + b"\x1b[0m\n")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_declined(monkeypatch, name, value):
    terminal = as_terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    with open_writer("table", None, FIELDS) as write:
        write({**ROW, "verdict": "scam"})
    assert b"\x1b" not in terminal.getvalue()


def test_the_format_is_a_table_on_a_terminal_only(monkeypatch, tmp_path):
    as_terminal(monkeypatch)
    assert choose_format(None, None) == "table"
    assert choose_format("csv", None) == "csv"
    assert choose_format(None, tmp_path / "out") == "jsonl"
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert choose_format(None, None) == "jsonl"
    with pytest.raises(InputError, match="format: 'xml' is not known, table, jsonl, csv were expected"):
        choose_format("xml", None)


# Where it goes


def test_a_crash_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        written(path, "jsonl", ({**ROW, "score": 1 / i} for i in (1, 0)))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    written(tmp_path / "link", "jsonl", [ROW])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_devices_are_written_to_and_a_full_disk_is_said():
    with open_writer("jsonl", Path(os.devnull), FIELDS) as write:
        write(ROW)
    assert not Path(os.devnull).is_file()
    with (
        pytest.raises(ClassifierError, match=r"/dev/full: cannot be written \(No space left on device\)"),
        open_writer("jsonl", Path("/dev/full"), FIELDS, flush_each=True) as write,
    ):
        write(ROW)


@pytest.mark.parametrize("name", ["none/out.jsonl", "."])
def test_what_cannot_be_written_is_said_at_once(tmp_path, name):
    with (
        pytest.raises(ClassifierError, match=r"cannot be written .*; check the folder, its permissions"),
        open_writer("jsonl", tmp_path / name, FIELDS),
    ):
        pytest.fail("the block was entered")


def run(program: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, check=False, **options)


def test_a_closed_pipe_ends_the_run_quietly():
    program = """
        from classifier.output import open_writer
        with open_writer("jsonl", None, ["id"]) as write:
            while True:
                write({"id": "x"})
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b'{"id": "x"}\n'
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_standard_output_is_utf8_under_any_locale():
    program = """
        from classifier.output import open_writer
        with open_writer("jsonl", None, ["id"]) as write:
            write({"id": "caf\\u00e9 \\ud83d"})
    """
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert run(program, env=environment).stdout == '{"id": "café \\ud83d"}\n'.encode()


def test_importing_is_cheap():
    program = """
        import sys
        import classifier.documents, classifier.batches, classifier.output, classifier.progress
        print(sorted({"numpy", "pandas", "pyarrow", "rich", "sklearn", "numba"} & set(sys.modules)))
    """
    assert run(program).stdout.strip() == b"[]"


# Progress


class Screen(io.StringIO):
    """Standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "unit"), [(1000, "bytes"), (None, "bytes"), (1000, "posts"), (None, "posts")])
def test_progress_shows_on_a_terminal_only(monkeypatch, capsys, total, unit):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Screen())
    with progress("scoring", total, unit=unit) as advance:
        advance(500)
    assert "scoring" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress("scoring", total, unit=unit) as advance:
        advance(500)
    assert sys.stderr.getvalue() == capsys.readouterr().out == ""


def test_progress_can_be_kept_quiet(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Screen())
    with progress("scoring", 1000, quiet=True) as advance:
        advance(500)
    assert sys.stderr.getvalue() == ""
