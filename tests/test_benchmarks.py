"""What the benchmarks do with texts, figures and processes; what they measure is not measured here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import texts
from contenders import BOTH, CONTENDERS, OWN, TFIDF, VW, WORDS, Scorer, importable, parted, vw_example
from contest import QUICK, expected_s, measure_cell
from corpus import HAM, SPAM
from processes import mixed_documents, repeat
from ratios import Ratio, ratios
from report import BEGIN, END, describe_machine, markdown, with_report
from texts import dev_rows, documents, own_posts, read_documents, training_rows, write_documents
from timing import Usage, by_turns, median_usage, proc_text, run, run_with_peak, tree_bytes
from worker import latency, measure_auroc, score

MB = 1_000_000


def cell(key: str, seconds: float, *, kind: str = "posts", n: int = 1_000, size: int = MB) -> dict:
    return {"key": key, "kind": kind, "n": n, "chars": size, "bytes": size, "wall": 2 * seconds, "cpu": seconds}


def one(found: dict, start: str) -> Ratio:
    chosen = [ratio for ratio in ratios(found) if ratio.what.startswith(start)]
    assert len(chosen) == 1
    return chosen[0]


def test_documents_have_the_length_asked_for_and_stand_on_one_line():
    made = list(documents(SPAM + HAM, n_chars=50, n_documents=100))
    assert {len(text) for text in made} == {50}
    assert not any(set(text) & set("\n\r\t\x85\u2028") for text in made)


def test_documents_are_the_texts_joined_in_order():
    made = "".join(documents(SPAM, n_chars=60, n_documents=15))
    assert made == " ".join(SPAM)[: 60 * 15]


def test_documents_that_begin_again_are_others():
    n_once = sum(map(len, SPAM)) // 50
    made = list(documents(SPAM, n_chars=50, n_documents=3 * n_once))
    assert len(set(made)) == len(made)


def test_the_first_documents_of_a_file_are_read_as_written(tmp_path):
    path = tmp_path / "documents"
    write_documents(path, ["été \u2028 \x1c 👍"], n_chars=7, n_documents=9)
    assert read_documents(path, 4) == list(documents(["été \u2028 \x1c 👍"], n_chars=7, n_documents=4))


def test_large_files_hold_a_page_then_five_posts():
    made = list(mixed_documents(SPAM + HAM, 12_000))
    assert [len(text) for text in made] == [5_000, 200, 200, 200, 200, 200] * 2


def test_a_file_is_repeated_whole(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"a line\n")
    repeat(source, tmp_path / "target", 3)
    assert (tmp_path / "target").read_bytes() == b"a line\n" * 3


def test_own_posts_are_parted_by_group():
    fitted, held_back = own_posts(is_dev=False), own_posts(is_dev=True)
    assert len(held_back) > 100
    assert len(fitted) > 3 * len(held_back)
    assert not set(fitted["group"]) & set(held_back["group"])


def test_without_corpora_the_own_posts_are_trained_on(monkeypatch, tmp_path):
    monkeypatch.setattr(texts, "CORPORA", tmp_path / "not there")
    fitted = set(own_posts(is_dev=False)["id"])
    rows = training_rows(50)
    assert len(rows) == 50
    assert set(rows["id"]) <= fitted
    assert not set(dev_rows()["id"]) & fitted


def test_every_contender_has_a_name_of_its_own():
    keys = [contender.key for contender in CONTENDERS]
    assert len(set(keys)) == len(keys)
    assert {contender.form for contender in CONTENDERS} == {WORDS, BOTH}


def test_a_contender_that_cannot_be_imported_is_found_out(monkeypatch, tmp_path):
    (tmp_path / "broken_package.py").write_text("raise OSError('a library it needs is not there')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert importable(["json", "broken_package", "no_such_package"]) == {"json"}


def test_parts_for_threads_hold_every_text_once_in_order():
    given = [str(i) for i in range(1_000)]
    assert [text for part in parted(given) for text in part] == given


def test_a_text_for_vowpal_wabbit_holds_no_mark_that_parts_features():
    assert vw_example("win:1|2 now") == "| win 1 2 now"


def test_turns_are_taken_round_by_round():
    order: list[str] = []
    by_turns({name: lambda name=name: order.append(name) for name in "abc"}, 2)
    assert order == list("abcabc")


def test_medians_of_usages_are_taken_apart():
    assert median_usage([Usage(1, 6), Usage(2, 5), Usage(9, 4)]) == Usage(2, 5)


def test_the_usage_of_a_process_covers_its_work():
    usage = run(
        [
            sys.executable,
            "-c",
            "import time; began = time.process_time()\nwhile time.process_time() - began < 0.2: pass",
        ]
    )
    assert usage.cpu >= 0.2
    assert usage.wall >= 0.2


def test_a_process_that_fails_is_told():
    with pytest.raises(subprocess.CalledProcessError):
        run([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.skipif(not proc_text(Path("/proc/self/smaps_rollup")), reason="no /proc here")
def test_peak_memory_counts_child_processes():
    held = "held = bytearray(b'x') * 60_000_000; import time; time.sleep(0.8)"
    program = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {held!r}]); {held}; child.wait()"
    )
    _, peak = run_with_peak([sys.executable, "-c", program])
    assert 120 * MB < peak < 200 * MB
    assert tree_bytes(2**30) == 0


def test_a_worker_measures_what_it_scores(model, tmp_path):
    scorer = Scorer(model.score_many, model.score)
    write_documents(tmp_path / "posts", SPAM + HAM, n_chars=200, n_documents=20)
    rows = [{"text": text, "label": label} for label, texts in (("spam", SPAM), ("ham", HAM)) for text in texts]
    (tmp_path / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert score(scorer, tmp_path, documents="posts", n=15)["bytes"] >= 15 * 200
    assert 0 < latency(scorer, tmp_path, documents="posts", n=20)["wall"] < 1
    assert measure_auroc(scorer, tmp_path) == {"auroc": 1.0}


def test_who_would_be_too_slow_is_left_out():
    done = [cell("slow", 1.0), cell("quick", 0.01)]
    assert expected_s(done, "slow", 10 * MB) == pytest.approx(10)
    assert expected_s([], "slow", 10 * MB) == 0
    asks = {key: lambda do, documents, n: {"wall": 1, "cpu": 1, "bytes": 1} for key in ("slow", "quick")}
    assert [row["key"] for row in measure_cell(asks, done, "posts", 100_000, QUICK)] == ["quick"]


def test_bulk_is_compared_at_the_largest_number_both_have_done():
    own = [cell(f"{OWN}, {BOTH}", 0.1), cell(f"{OWN}, {BOTH}", 1.0, n=10_000, size=10 * MB)]
    found = {"scoring": [*own, cell(f"{TFIDF}, {BOTH}", 4.2)]}
    ratio = one(found, "1,000 posts")
    assert (ratio.cpu, ratio.wall, ratio.wanted) == pytest.approx((42, 42, 40))
    assert ratio.is_reached
    found["scoring"].append(cell(f"{TFIDF}, {BOTH}", 39.0, n=10_000, size=10 * MB))
    assert not one(found, "10,000 posts").is_reached


def test_two_cores_are_compared_on_the_clock():
    own, theirs = (cell(f"{name}, {WORDS}, 2 threads", 1.0, kind="pages") for name in (OWN, VW))
    ratio = one({"scoring": [own | {"wall": 1.0}, theirs | {"wall": 3.0, "cpu": 0.5}]}, "1,000 pages")
    assert (ratio.quoted, ratio.measured, ratio.is_reached) == ("wall", 3.0, True)


def test_time_for_a_megabyte_may_grow_by_a_tenth():
    rows = [cell(f"{OWN}, {WORDS}", 1.0), cell(f"{OWN}, {WORDS}", 109.0, n=100_000, size=100 * MB)]
    assert one({"scoring": rows}, "time for a MB").is_reached
    rows[1]["cpu"] = 111.0
    assert not one({"scoring": rows}, "time for a MB").is_reached


def test_one_post_and_training_are_compared_where_both_were_measured():
    own, theirs = ({f"{name}, {BOTH}": {"wall": wall, "cpu": wall}} for name, wall in ((OWN, 1.0), (TFIDF, 20.0)))
    assert one({"latency": own | theirs}, "one post").is_reached
    assert one({"training": own | theirs, "n_rows": 9}, "training on 9 posts").measured == 20
    assert ratios({"latency": own, "training": theirs, "n_rows": 9}) == []


def figures_of_processes(small: float, large: float) -> dict:
    taken = {"--jobs 1": {"wall": 9, "cpu": 9}, "--jobs 2": {"wall": 5, "cpu": 9}}
    peaks = {
        "small": {"bytes": 200 * MB, "peak": small * MB, "wall": 5, "cpu": 9},
        "large": {"bytes": 2_000 * MB, "peak": large * MB, "wall": 50, "cpu": 90},
    }
    return {"file bytes": 200 * MB, "processes": taken, "peaks": peaks}


@pytest.mark.parametrize(
    ("small", "large", "reached"), [(300, 320, [True, True]), (300, 340, [True, False]), (390, 410, [False, True])]
)
def test_memory_has_a_bound_and_may_not_grow_with_the_file(small, large, reached):
    found = ratios(figures_of_processes(small, large))
    assert [ratio.is_reached for ratio in found if "memory" in ratio.what] == reached


def test_two_jobs_are_compared_with_one_on_the_clock():
    ratio = one(figures_of_processes(300, 300), "`classifier score` of 200 MB, two jobs against one")
    assert (ratio.measured, ratio.is_reached) == (1.8, True)


def test_the_report_shows_wanted_beside_measured_and_what_was_left_out():
    machine = {
        "date": "2026-11-25",
        "cores": 2,
        "processor": "a processor",
        "load": 0.1,
        "python": "3.11",
        "packages": {"numpy": "2"},
    }
    scoring = [
        cell(f"{OWN}, {BOTH}", 0.1),
        cell(f"{TFIDF}, {BOTH}", 3.0),
        cell(f"{OWN}, {BOTH}", 1.0, n=10_000, size=10 * MB),
    ]
    found = {"machine": machine, "command": "a command", "missing": ["fastText"], "training": {}, "scoring": scoring}
    text = markdown(found, ratios(found))
    assert "at least 40.0 times | 30.0 times | **30.0 times** | **no** |" in text
    assert f"| {TFIDF}, {BOTH} | 0.17 (0.33) | – |" in text
    assert "Not installed, so missing: fastText." in text


def test_the_report_shows_whole_processes_and_their_memory():
    found = {"machine": describe_machine(), "command": "a command", "missing": []} | figures_of_processes(300, 320)
    text = markdown(found, ratios(found))
    assert "at least 1.80 times | **1.80 times** | 1.00 times | yes |" in text
    assert "at most 400 MB | **320 MB** |  | yes |" in text
    assert "| 2,000 | 50.0 | 90.0 | 320 |" in text


def test_the_report_shows_how_long_it_takes_to_begin():
    found = {
        "machine": describe_machine(),
        "command": "a command",
        "missing": [],
        "start": {"a start": [0.3, 0.1, 0.2]},
    }
    assert "| a start | 0.200 | 0.100 to 0.300 |" in markdown(found, [])


def test_the_report_takes_its_place_in_a_document():
    document = f"Speed\n{BEGIN}\nold\n{END}\nEnd\n"
    written = with_report(document, "new\n")
    assert written == f"Speed\n{BEGIN}\n\nnew\n\n{END}\nEnd\n"
    assert with_report(written, "new\n") == written
    assert with_report("no marks", "new\n") == "new\n"


def test_the_plot_has_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    from plot import draw

    rows = [
        cell(f"{OWN}, {form}", 0.1, kind=kind, n=n)
        for form in (BOTH, WORDS)
        for kind in ("posts", "pages")
        for n in (1_000, 10_000)
    ]
    for name in ("one.svg", "two.svg"):
        draw(rows, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
