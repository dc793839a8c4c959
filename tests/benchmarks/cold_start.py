"""How long it takes to begin: whole processes and the loading of the model, beside scikit-learn.

    python tests/benchmarks/cold_start.py [--runs 7] [--json FILE]

Runs are by turns; medians and their ratios are printed. The peer is a script that loads a joblib file of a
scikit-learn TfidfVectorizer + LogisticRegression pipeline, fitted here on the project's own posts, and scores the
same file. The first row is what Python itself takes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from contenders import train_sklearn
from report import start_table
from texts import OWN_POSTS
from timing import by_turns, one_thread, run

from classifier.model import shipped_path
from classifier.posts import read_posts

ROUNDS = 7
SCORE, PEER_SCORE = "classifier score one-file.txt", "scikit-learn script, same file"
LOADING, IMPORTING = "load the model, in a process", "import sklearn, in a process"
TEXT = "Earn 12 coins a week without risk, write to our manager today.\n" * 5
PEER = """
import sys, joblib
pipeline = joblib.load(sys.argv[1])
print(pipeline.predict_proba([open(sys.argv[2], encoding="utf-8").read()])[0, 1])
"""
LOAD = """
import time, sys
import numpy
from classifier.model import load
load()
began = time.perf_counter(); load(); print(time.perf_counter() - began)
"""
IMPORT_SKLEARN = """
import time
began = time.perf_counter()
import sklearn.linear_model, sklearn.feature_extraction.text
print(time.perf_counter() - began)
"""


def seconds(command: list[str]) -> float:
    """Return how long a process takes from start to end."""
    return run(command).wall


def told(program: str) -> float:
    """Return the seconds that a program measures of itself and prints."""
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=one_thread()).stdout)


def measured(folder: Path) -> dict[str, Callable[[], float]]:
    """Return what is measured, by name, on a file and a pipeline written into a folder."""
    text = folder / "one-file.txt"
    text.write_text(TEXT, encoding="utf-8")
    train_sklearn(read_posts([OWN_POSTS]), folder, has_characters=False, is_hashed=False)
    commands = {
        "python -c pass": ["-c", "pass"],
        "import classifier": ["-c", "import classifier"],
        "classifier --help": ["-m", "classifier", "--help"],
        SCORE: ["-m", "classifier", "score", str(text)],
        PEER_SCORE: ["-c", PEER, str(folder / "pipeline.joblib"), str(text)],
    }
    processes = {name: partial(seconds, [sys.executable, *command]) for name, command in commands.items()}
    return processes | {LOADING: partial(told, LOAD), IMPORTING: partial(told, IMPORT_SKLEARN)}


def measure_start(n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every run, by name."""
    with tempfile.TemporaryDirectory() as folder:
        calls = measured(Path(folder))
        by_turns(calls, 1)  # files into the cache
        return by_turns(calls, n_rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="file to write every time to")
    arguments = parser.parse_args()
    times = measure_start(arguments.runs)
    print(start_table(times))
    medians = {name: median(values) for name, values in times.items()}
    print(f"\nscore, share of the scikit-learn script: {medians[SCORE] / medians[PEER_SCORE]:.3f}")
    print(f"load, share of importing sklearn: {medians[LOADING] / medians[IMPORTING]:.3f}")
    print(f"model file: {shipped_path().stat().st_size / 1e6:.2f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
