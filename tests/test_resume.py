"""Bulk as people run it: several processes, killed at any moment, and taken up again with the same bytes."""

import csv
import itertools
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from corpus import HAM, SPAM
from test_end_to_end import (
    COMMAND,
    DONE,
    ENVIRONMENT,
    FAILED,
    FLAGGED,
    TIMEOUT_S,
    begin,
    rows,
    run,
    run_on_full_disk,
    waiting_for,
)
from test_workers import children, running

N_POSTS = 3_000


@pytest.fixture(scope="module")
def by_hand(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("resumed") / "m.joblib"
    model.save(path)
    return path


def texts(n_posts: int = N_POSTS) -> list[str]:
    """As many posts, no two alike."""
    return [f"{text} {i}" for i, text in zip(range(n_posts), itertools.cycle(SPAM + HAM), strict=False)]


def write_jsonl(folder: Path) -> str:
    lines = [json.dumps({"id": f"p{i}", "text": text}) for i, text in enumerate(texts())]
    lines[N_POSTS // 2] = "{no row"
    (folder / "posts.jsonl").write_text("\n".join(lines))
    return "posts.jsonl"


def write_csv(folder: Path) -> str:
    with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *enumerate(texts())])
    return "posts.csv"


def write_parquet(folder: Path) -> str:
    pd.DataFrame({"text": texts()}).to_parquet(folder / "posts.parquet")
    return "posts.parquet"


def write_folder(folder: Path) -> str:
    (folder / "posts").mkdir()
    for i, text in enumerate(texts(300)):
        (folder / "posts" / f"{i:04}.txt").write_text("\n\n".join([text] * 3))
    return "posts"


# What is run, what it reads, and the format it writes.
RUNS = {
    "JSONL": ("score", write_jsonl, "jsonl"),
    "CSV to CSV": ("score", write_csv, "csv"),
    "Parquet": ("score", write_parquet, "jsonl"),
    "pages": ("scan", write_folder, "csv"),
}


@pytest.mark.parametrize(("command", "write", "format"), RUNS.values(), ids=RUNS)
def test_killed_again_and_again_the_bytes_are_those_of_a_run_that_was_not(command, write, format, by_hand, tmp_path):
    arguments = [command, write(tmp_path), "--format", format, "--model", by_hand, "--jobs", 2]
    whole = run(*arguments, "--output", "whole", folder=tmp_path)
    chosen, moments = random.Random(command + format), []
    for n_runs in range(1, 4):
        process = begin(*arguments, "--output", "out", "--resume", folder=tmp_path)
        waiting_for("rows", lambda: (tmp_path / "out.partial").exists() or (tmp_path / "out").exists())
        moments.append(chosen.uniform(0, 1.2))
        time.sleep(moments[-1])
        process.kill()
        process.communicate()
        assert (tmp_path / "out").exists() or (tmp_path / "out.journal").exists(), (n_runs, moments)
    ended = run(*arguments, "--output", "out", "--resume", folder=tmp_path)
    assert ended.returncode == whole.returncode
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes(), moments
    assert {path.name for path in tmp_path.glob("out*")} == {"out", "out.journal"}
    again = run(*arguments, "--output", "out", "--resume", folder=tmp_path)
    assert again.returncode == whole.returncode
    assert again.stderr.startswith(b"classifier: out: whole already, ")


@pytest.fixture
def begun(by_hand, tmp_path):
    """A run that was killed when some of its rows were written, and its arguments."""
    arguments = ["score", write_jsonl(tmp_path), "--model", by_hand, "--output", "out", "--resume"]
    process = begin(*arguments, folder=tmp_path)
    waiting_for(
        "rows", lambda: (tmp_path / "out.journal").exists() and (tmp_path / "out.journal").read_bytes().count(b"\n") > 1
    )
    process.kill()
    process.communicate()
    return arguments


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


CHANGES = {
    "the threshold": (["--threshold", "0.5"], "its threshold null, now 0.5"),
    "the format": (["--format", "csv"], 'its format "jsonl", now "csv"'),
    "lines": (["--lines"], "its lines false, now true"),
}


def test_what_belongs_to_another_run_is_refused_and_left_as_it_is(begun, shipped, tmp_path):
    shipped.save(tmp_path / "other.joblib")
    (tmp_path / "more.txt").write_text("Free coins")
    changes = [
        *CHANGES.values(),
        (["--model", "other.joblib"], 'its model_sha256 "'),
        (["more.txt"], "its inputs are others"),
    ]
    for options, wording in changes:
        before = folder_bytes(tmp_path)
        ended = run(*begun, *options, folder=tmp_path)
        assert (ended.returncode, ended.stdout) == (FAILED, b"")
        assert ended.stderr.decode().startswith(
            f"classifier: {tmp_path.resolve()}/out.journal: of another run ({wording}"
        )
        assert folder_bytes(tmp_path) == before
    with (tmp_path / "posts.jsonl").open("a") as posts:
        posts.write("\n")
    assert b"of another run (posts.jsonl has been changed since)" in run(*begun, folder=tmp_path).stderr


def test_an_output_without_a_journal_is_refused_and_left_as_it_is(by_hand, tmp_path):
    (tmp_path / "out").write_bytes(b"precious")
    ended = run("score", write_jsonl(tmp_path), "--model", by_hand, "--output", "out", "--resume", folder=tmp_path)
    assert ended.returncode == FAILED
    assert b"/out: there without its journal" in ended.stderr
    assert (tmp_path / "out").read_bytes() == b"precious"


def test_a_full_disk_loses_nothing(by_hand, tmp_path):
    arguments = ["score", write_jsonl(tmp_path), "--model", by_hand, "--output", "out", "--resume"]
    ended = run_on_full_disk(*arguments, folder=tmp_path, max_bytes=100_000)
    assert ended.returncode == FAILED
    assert ended.stderr.decode().splitlines()[-1].startswith("classifier: out: cannot be written (")
    partial = (tmp_path / "out.partial").read_bytes()
    assert partial.endswith(b"}\n")
    assert run(*arguments, folder=tmp_path).returncode == FAILED  # for the row that is none
    assert (tmp_path / "out").read_bytes().startswith(partial)
    assert len(rows((tmp_path / "out").read_bytes())) == N_POSTS


def test_exit_codes_count_what_earlier_runs_found(by_hand, tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": SPAM[0]}))
    arguments = ["score", "a.jsonl", "--model", by_hand, "--threshold", 0, "--output", "out", "--resume"]
    assert run(*arguments, folder=tmp_path).returncode == DONE
    assert run(*arguments, "--fail-on-scam", folder=tmp_path).returncode == FLAGGED


def test_pipes_cannot_be_resumed(by_hand, tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    ended = run("score", "pipe.jsonl", "--model", by_hand, "--output", "out", "--resume", folder=tmp_path)
    assert ended.returncode == FAILED
    assert b"pipe.jsonl: a pipe or device, a file that can be read again was expected" in ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pipe.jsonl"}


def test_clean_copies_are_all_there_after_a_run_that_was_killed(by_hand, tmp_path):
    arguments = ["scan", write_folder(tmp_path), "--model", by_hand, "--jobs", 2]
    run(*arguments, "--clean", "expected", folder=tmp_path)
    process = begin(*arguments, "--clean", "clean", "--output", "out", "--resume", folder=tmp_path)
    waiting_for("copies", lambda: len(list(tmp_path.glob("clean/posts/*.txt"))) > 5)
    process.kill()
    process.communicate()
    assert run(*arguments, "--clean", "clean", "--output", "out", "--resume", folder=tmp_path).returncode == DONE
    copies = {path.name: path.read_bytes() for path in (tmp_path / "clean" / "posts").glob("*.txt")}
    assert copies == {path.name: path.read_bytes() for path in (tmp_path / "expected" / "posts").iterdir()}


# Processes


def endless(folder: Path) -> None:
    """Make a pipe into which posts are written until nobody reads them."""
    os.mkfifo(folder / "posts.jsonl")
    line = json.dumps({"text": " ".join(SPAM)})
    subprocess.Popen(["sh", "-c", f"yes '{line}' > posts.jsonl"], cwd=folder, stderr=subprocess.DEVNULL)


@pytest.fixture
def at_work(by_hand, tmp_path):
    """A run with two workers that would never end, and the workers."""
    endless(tmp_path)
    process = begin("score", "posts.jsonl", "--jobs", 2, "--output", "out", "--model", by_hand, folder=tmp_path)
    waiting_for("workers", lambda: len(children(process.pid)) == 2)
    yield process, children(process.pid)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_worker_outlives_the_run(how, at_work):
    process, workers = at_work
    process.send_signal(how)
    _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode != DONE
    assert b"Traceback" not in said
    waiting_for("end of the workers", lambda: not workers & running().keys())


def test_a_worker_that_is_killed_ends_the_run_with_an_error(at_work, tmp_path):
    process, workers = at_work
    os.kill(max(workers), signal.SIGKILL)
    _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == FAILED
    assert said.startswith(
        b"classifier: worker: a process that scores ended early (killed, or out of memory), an answer was"
    )
    assert said.count(b"\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_closed_pipe_ends_workers_quietly(by_hand, tmp_path):
    endless(tmp_path)
    process = begin("score", "posts.jsonl", "--jobs", 2, "--model", by_hand, folder=tmp_path)
    waiting_for("workers", lambda: process.stdout.readline() and len(children(process.pid)) == 2)
    workers = children(process.pid)
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(timeout=TIMEOUT_S), said) == (DONE, b"")
    waiting_for("end of the workers", lambda: not workers & running().keys())


def test_few_documents_start_no_process(by_hand, tmp_path):
    (tmp_path / "a.txt").write_text(SPAM[0])
    (tmp_path / "sitecustomize.py").write_text(
        "import subprocess\ndef refuse(*_, **__): raise AssertionError('a process was started')\nsubprocess.Popen = refuse\n"
    )
    ended = subprocess.run(
        [*COMMAND, "score", "a.txt", "--jobs", "2", "--model", str(by_hand)],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONPATH": f"{tmp_path}:{ENVIRONMENT['PYTHONPATH']}"},
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (DONE, b"")
