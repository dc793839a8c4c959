"""One contender in a process of its own: it trains, or waits for orders and tells what each took.

    python tests/benchmarks/worker.py train KEY FOLDER
    python tests/benchmarks/worker.py serve KEY FOLDER

`FOLDER` holds `train.jsonl`, `dev.jsonl` and documents, and a folder for each fit. Orders are lines of JSON on
standard input, answers lines of JSON on standard output. Not called by hand; `throughput.py` does.
"""

import gc
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from contenders import CONTENDERS, Contender, Scorer, one_line
from texts import read_documents
from timing import median_usage, peak_bytes, used, used_at_least

# A measurement of a few documents is repeated for so long.
MIN_SECONDS = 0.3
# Rows that are fitted on once before the fit that is timed, so that nothing is loaded or compiled in it.
N_WARM_ROWS = 300


def train(contender: Contender, folder: Path) -> dict[str, Any]:
    """Fit on the posts in memory and write the fit."""
    import pandas as pd

    from classifier.posts import read_jsonl

    posts = pd.DataFrame(read_jsonl(folder / "train.jsonl"))
    kept = folder / contender.fit
    kept.mkdir(exist_ok=True)
    contender.train(posts.head(N_WARM_ROWS), kept)
    usage = used(lambda: contender.train(posts, kept))
    return {"wall": usage.wall, "cpu": usage.cpu, "peak": peak_bytes()}


def serve(contender: Contender, folder: Path) -> None:
    """Load the fit and carry out orders until there are no more."""
    scorer = contender.load(folder / contender.fit)
    orders: dict[str, Callable[..., dict[str, Any]]] = {
        "score": score,
        "latency": latency,
        "auroc": measure_auroc,
        "peak": lambda scorer, folder: {"peak": peak_bytes()},
    }
    for line in sys.stdin:
        order = json.loads(line)
        tell(orders[order.pop("do")](scorer, folder, **order))


def tell(found: dict[str, Any]) -> None:
    """Write an answer."""
    print(json.dumps(found), flush=True)


def score(scorer: Scorer, folder: Path, *, documents: str, n: int) -> dict[str, Any]:
    """Score the first documents of a file, all at once."""
    texts = read_documents(folder / documents, n)
    n_bytes = sum(len(text.encode()) for text in texts)
    prepared = scorer.prepare(texts)
    gc.collect()
    usage = used_at_least(lambda: scorer.score_many(prepared), MIN_SECONDS)
    return {"wall": usage.wall, "cpu": usage.cpu, "bytes": n_bytes}


def latency(scorer: Scorer, folder: Path, *, documents: str, n: int) -> dict[str, Any]:
    """Score documents one by one, each first unmeasured, and return what one takes at the median."""
    texts = read_documents(folder / documents, n)
    for text in texts:
        scorer.score(text)
    usage = median_usage([used(partial(scorer.score, text)) for text in texts])
    return {"wall": usage.wall, "cpu": usage.cpu}


def measure_auroc(scorer: Scorer, folder: Path) -> dict[str, Any]:
    """Rank the posts held back."""
    from classifier.evaluation import auroc
    from classifier.posts import read_jsonl

    rows = list(read_jsonl(folder / "dev.jsonl"))
    found = scorer.read(scorer.score_many(scorer.prepare([one_line(row["text"]) for row in rows])))
    is_ham = np.array([row["label"] == "ham" for row in rows])
    return {"auroc": auroc(found[~is_ham], found[is_ham])}


def main() -> None:
    """Train or serve."""
    task, key, folder = sys.argv[1:]
    contender = next(contender for contender in CONTENDERS if contender.key == key)
    if task == "train":
        tell(train(contender, Path(folder)))
    else:
        serve(contender, Path(folder))


if __name__ == "__main__":
    main()
