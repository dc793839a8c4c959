"""The contest: every contender trains in a process of its own, and scores by turns in another that stays."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contenders import BOTH, OWN, TFIDF, Contender
from texts import dev_rows, has_corpora, write_documents
from timing import Usage, by_turns, median_usage, one_thread

if TYPE_CHECKING:
    import pandas as pd

WORKER = Path(__file__).parent / "worker.py"
PARTS = ("training", "latency", "scoring")
# Characters of a document of each kind.
KINDS = {"posts": 200, "pages": 5_000}
# A cell is so many documents of a kind. Memory is compared when everyone has scored this one and smaller ones.
PEAK_AFTER = ("pages", 1_000)
# Rounds, at most, of a cell of more characters than this.
LARGE_CHARS, LARGE_ROUNDS = 4_000_000, 3
# Posts scored one by one in a round.
N_CALLS = 200
# What the ratio of training compares.
COMPARED_FITS = (f"{OWN}, {BOTH}", f"{TFIDF}, {BOTH}")

Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    n_rows : int
        Posts to train on.
    sizes : tuple of int
        Numbers of documents.
    n_rounds, n_training_rounds : int
        Rounds of scoring a cell, and of the trainings that are compared; the other trainings are run once.
    max_chars : int
        Cells of more characters are left out.
    budget_s : float
        A contender that would take more processor time than this for a cell is left out of it.
    """

    n_rows: int
    sizes: tuple[int, ...]
    n_rounds: int
    n_training_rounds: int
    max_chars: int
    budget_s: float


FULL = Extent(8_000, (1_000, 10_000, 100_000), 5, 3, 500_000_000, 30.0)
QUICK = Extent(1_000, (1_000, 10_000), 2, 1, 5_000_000, 8.0)


def measure_contenders(
    present: Sequence[Contender], rows: "pd.DataFrame", folder: Path, extent: Extent, last_part: str
) -> dict[str, Any]:
    """Let every contender train, then score one by one, then in bulk, up to the last part asked for."""
    held_back = dev_rows()
    for name, posts in (("train", rows), ("dev", held_back)):
        posts.to_json(folder / f"{name}.jsonl", orient="records", lines=True)
    found: dict[str, Any] = {
        "texts": "the corpora" if has_corpora() else "the project's own posts",
        "n_rows": len(rows),
        "n_dev_rows": len(held_back),
        "training": measure_training(present, folder, extent.n_training_rounds),
    }
    if last_part == "training":
        return found
    for kind, n_chars in KINDS.items():
        write_documents(folder / kind, rows["text"], n_chars=n_chars, n_documents=extent.sizes[-1])
    with ExitStack() as stack:
        asks = {contender.key: stack.enter_context(serving(contender, folder)) for contender in present}
        found["latency"] = measure_latency(asks, extent.n_rounds)
        return found if last_part == "latency" else found | measure_scoring(asks, extent)


def measure_training(present: Sequence[Contender], folder: Path, n_rounds: int) -> dict[str, Any]:
    """Let each fit in a process of its own; those that are compared by turns, the others once."""
    fits = {contender.fit: partial(train, contender, folder) for contender in present}
    compared = {key: fit for key, fit in fits.items() if key in COMPARED_FITS}
    others = {key: fit for key, fit in fits.items() if key not in COMPARED_FITS}
    answers = by_turns(compared, n_rounds) | by_turns(others, 1)
    return {key: medians(answers[key]) | {"peak": max(answer["peak"] for answer in answers[key])} for key in fits}


def train(contender: Contender, folder: Path) -> dict[str, Any]:
    """Fit in a process of its own."""
    say(f"training {contender.fit}")
    command = [sys.executable, str(WORKER), "train", contender.key, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread())
    return json.loads(done.stdout)


def medians(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of some answers, and every time on the clock."""
    usage = median_usage(Usage(answer["wall"], answer["cpu"]) for answer in answers)
    return {"wall": usage.wall, "cpu": usage.cpu, "walls": [answer["wall"] for answer in answers]}


@contextmanager
def serving(contender: Contender, folder: Path) -> Iterator[Ask]:
    """Start a contender's process and give a function that asks it; the process ends with the block."""
    command = [sys.executable, str(WORKER), "serve", contender.key, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=one_thread()
    ) as process:

        def ask(do: str, **order: Any) -> dict[str, Any]:
            process.stdin.write(json.dumps({"do": do} | order) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError(f"{contender.key}: the process ended with {process.wait()}")
            return json.loads(answer)

        yield ask
        process.stdin.close()


def measure_latency(asks: dict[str, Ask], n_rounds: int) -> dict[str, Any]:
    """Score posts one by one, by turns."""
    say("one post")
    orders = {key: partial(ask, "latency", documents="posts", n=N_CALLS) for key, ask in asks.items()}
    return {key: medians(answers) for key, answers in by_turns(orders, n_rounds).items()}


def measure_scoring(asks: dict[str, Ask], extent: Extent) -> dict[str, Any]:
    """Measure throughput at each size, memory, one post after bulk, and AUROC."""
    found: dict[str, Any] = {"scoring": []}
    cells = {(kind, n): n_chars * n for kind, n_chars in KINDS.items() for n in extent.sizes}
    for ask in asks.values():
        ask("score", documents="pages", n=extent.sizes[0])  # what the first bulk loads or compiles is not measured
    for kind, n in sorted((cell for cell, n_chars in cells.items() if n_chars <= extent.max_chars), key=cells.get):
        found["scoring"] += measure_cell(asks, found["scoring"], kind, n, extent)
        if (kind, n) == PEAK_AFTER:
            found["peak"] = {key: ask("peak")["peak"] for key, ask in asks.items()}
    found["latency after bulk"] = measure_latency(asks, extent.n_rounds)
    found["auroc"] = {key: ask("auroc")["auroc"] for key, ask in asks.items()}
    return found


def measure_cell(
    asks: dict[str, Ask], done: Sequence[dict[str, Any]], kind: str, n: int, extent: Extent
) -> list[dict[str, Any]]:
    """Score so many documents of a kind with all who are quick enough, by turns."""
    n_chars = KINDS[kind] * n
    chosen = {key: ask for key, ask in asks.items() if expected_s(done, key, n_chars) <= extent.budget_s}
    say(f"{n:,} {kind}" + "".join(f"; {key} left out" for key in asks if key not in chosen))
    orders = {key: partial(ask, "score", documents=kind, n=n) for key, ask in chosen.items()}
    n_rounds = min(extent.n_rounds, LARGE_ROUNDS) if n_chars > LARGE_CHARS else extent.n_rounds
    cell = {"kind": kind, "n": n, "chars": n_chars}
    return [
        {"key": key} | cell | {"bytes": answers[0]["bytes"]} | medians(answers)
        for key, answers in by_turns(orders, n_rounds).items()
    ]


def expected_s(done: Sequence[dict[str, Any]], key: str, n_chars: int) -> float:
    """Return how much processor time a contender will take, by the last cell it has done."""
    own = [row for row in done if row["key"] == key]
    return own[-1]["cpu"] * n_chars / own[-1]["chars"] if own else 0.0


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)
