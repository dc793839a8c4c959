"""How fast this project scores and trains beside scikit-learn, fastText and Vowpal Wabbit, and what it must reach.

    pip install '.[bench]'
    python tests/benchmarks/throughput.py --markdown tests/benchmarks/README.md --plot tests/benchmarks/throughput.svg
    python tests/benchmarks/throughput.py --quick

Each contender trains in a process of its own, and scores in another that stays, on the same rows and documents; they
take turns, round by round, and medians are printed. Slow ones are given a budget: what would take longer is left
out and said so. Documents are cut from the corpora beside the project, or from its own posts where there are none.
Cold starts (`cold_start.py`) come first, and last whole processes of `classifier score` over large files, which are
written to a temporary folder.
"""

import argparse
import json
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cold_start import ROUNDS, measure_start
from contenders import CONTENDERS, Contender, importable
from contest import FULL, PARTS, QUICK, measure_contenders, say
from plot import draw
from processes import measure_processes
from ratios import ratios
from report import describe_machine, markdown, with_report
from texts import training_rows

PROCESSES, START = "processes", "start"
QUICK_STARTS = 3


def main() -> None:
    """Measure what is asked for, print it and write it."""
    arguments = parsed()
    found = measure(arguments)
    reached = ratios(found)
    report = markdown(found, reached)
    print(report)
    if arguments.json:
        found["ratios"] = [asdict(ratio) | {"is_reached": ratio.is_reached} for ratio in reached]
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.markdown:
        before = arguments.markdown.read_text(encoding="utf-8") if arguments.markdown.exists() else ""
        arguments.markdown.write_text(with_report(before, report), encoding="utf-8")
    if arguments.plot and "scoring" in found:
        draw(found["scoring"], arguments.plot)


def parsed() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows, sizes and rounds, smaller files")
    parser.add_argument(
        "--only", choices=(*PARTS, PROCESSES, START), help="stop after training, latency or scoring; or one part alone"
    )
    parser.add_argument(
        "--contender",
        action="append",
        metavar="NAME",
        help="only those whose name in the tables holds this; may be repeated",
    )
    parser.add_argument("--rows", type=int, help="posts to train on; 0 for the whole recipe")
    parser.add_argument("--json", type=Path, help="file to write every figure to")
    parser.add_argument(
        "--markdown", type=Path, help="file to write the tables to, between the marks where it has them"
    )
    parser.add_argument("--plot", type=Path, help="SVG to draw of throughput against size; needs matplotlib")
    return parser.parse_args()


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return every figure that is asked for, and what it was measured on."""
    chosen = [one for one in CONTENDERS if any(name in one.key for name in arguments.contender or [""])]
    packages = importable({one.package for one in chosen})
    present = [one for one in chosen if one.package in packages]
    missing = sorted({one.name for one in chosen if one.package not in packages})
    found: dict[str, Any] = {"machine": describe_machine(), "command": command(arguments), "missing": missing}
    if arguments.only in (None, START):
        say("starting")
        found["start"] = measure_start(QUICK_STARTS if arguments.quick else ROUNDS)
    return found if arguments.only == START else found | measure_speed(present, arguments)


def measure_speed(present: Sequence[Contender], arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the contenders and whole processes on texts of the same rows."""
    extent = QUICK if arguments.quick else FULL
    rows = training_rows(extent.n_rows if arguments.rows is None else arguments.rows)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != PROCESSES:
            found |= measure_contenders(present, rows, Path(folder), extent, arguments.only or PARTS[-1])
        if arguments.only in (None, PROCESSES):
            say("whole processes")
            found |= measure_processes(present, list(rows["text"]), Path(folder), is_quick=arguments.quick)
    return found


def command(arguments: argparse.Namespace) -> str:
    """Return the command that measures the same again."""
    words = ["python", "tests/benchmarks/throughput.py"]
    words += ["--quick"] if arguments.quick else []
    words += ["--only", arguments.only] if arguments.only else []
    words += [f"--contender {shlex.quote(name)}" for name in arguments.contender or []]
    words += [] if arguments.rows is None else ["--rows", str(arguments.rows)]
    return " ".join(words)


if __name__ == "__main__":
    main()
