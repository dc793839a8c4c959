"""How long it takes to begin: whole processes and the loading of the model, beside scikit-learn.

    python tests/benchmarks/cold_start.py [--runs 7]

Runs are interleaved, medians and their ratios are printed. The peer is a script that loads a joblib file
of a scikit-learn TfidfVectorizer + LogisticRegression pipeline, fitted here on the project's own posts, and
scores the same file.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from classifier.model import shipped_path

ROOT = Path(__file__).parents[2]
FIT = """
import glob, json, sys, joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
rows = [json.loads(line) for path in sorted(glob.glob(sys.argv[1])) for line in open(path, encoding="utf-8")]
pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10))
pipeline.fit([row["text"] for row in rows], [row["label"] != "ham" for row in rows])
joblib.dump(pipeline, sys.argv[2])
"""
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
IMPORT_SKLEARN = "import time; began = time.perf_counter(); import sklearn.linear_model, sklearn.feature_extraction.text; print(time.perf_counter() - began)"


def seconds(command: list[str]) -> float:
    """Return how long a process takes from start to end."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def told(program: str) -> float:
    """Return the seconds that a program measures of itself and prints."""
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        peer_model = str(Path(folder) / "peer.joblib")
        text = Path(folder) / "one-file.txt"
        text.write_text("Earn 12 coins a week without risk, write to our manager today.\n" * 5, encoding="utf-8")
        subprocess.run([sys.executable, "-c", FIT, str(ROOT / "data/posts/*.jsonl"), peer_model], check=True)
        commands = {
            "classifier --help": [sys.executable, "-m", "classifier", "--help"],
            "import classifier": [sys.executable, "-c", "import classifier"],
            "classifier score one-file.txt": [sys.executable, "-m", "classifier", "score", str(text)],
            "scikit-learn script, same file": [sys.executable, "-c", PEER, peer_model, str(text)],
        }
        times: dict[str, list[float]] = {name: [] for name in [*commands, "load the model", "import sklearn"]}
        for command in commands.values():
            seconds(command)  # files into the cache
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(seconds(command))
            times["load the model"].append(told(LOAD))
            times["import sklearn"].append(told(IMPORT_SKLEARN))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:34} median {medians[name]:.3f} s, {min(values):.3f} to {max(values):.3f}")
    print(
        f"score, share of the scikit-learn script: {medians['classifier score one-file.txt'] / medians['scikit-learn script, same file']:.3f}"
    )
    print(f"load, share of importing sklearn:        {medians['load the model'] / medians['import sklearn']:.3f}")
    print(f"model file: {shipped_path().stat().st_size / 1e6:.2f} MB")
    print(json.dumps({name: round(value, 4) for name, value in medians.items()}))


if __name__ == "__main__":
    main()
