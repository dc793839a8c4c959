"""How well a fit catches spam of a source it has never seen, and how far it keeps from genuine news.

    python tests/benchmarks/leave_one_source_out.py [--recipe data/recipe.toml] [--jobs 2]

For each of eight sources a model is fitted as the recipe says, without that source, without sources that hold
the same posts, without BBC and AG news, and without any near-duplicate of a held-out post. It then scores the
held-out source (3,000 rows at most) and the paragraphs of BBC and AG news. Printed are, source by source:

recall   share of the source's spam above all but 1 % of the BBC and AG paragraphs
auroc    spam against ham inside the source
teasers  as recall, the spam cut to its first 70 to 170 characters
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from classifier import compiled, training
from classifier.evaluation import auroc, recall_at
from classifier.passages import TEASER_FROM, digest, paragraphs, teaser
from classifier.posts import read_table
from classifier.recipe import Recipe, read_recipe, read_sources
from classifier.text import fold
from classifier.training import Passages

ROOT = Path(__file__).parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
HELD_OUT = (
    "tg-spam-umputun",
    "janitr-x-crypto",
    "cryptoscamhunter-youtube-desc",
    "youtube-spam-collection",
    "youtube-crypto-scam-comments-fareed",
    "enron-spam",
    "ling-spam",
    "sms-spam-collection",
)
# Sources that hold posts of the held-out one (data catalogue): the same videos, the same messages.
KIN = {
    "cryptoscamhunter-youtube-desc": {"cryptoscamhunter-youtube-title"},
    "sms-spam-collection": {"sms-phishing-mishra-soni"},
}
NEWS = ("bbc-news", "ag-news-test")
MAX_ROWS = 3_000


@dataclass(frozen=True, slots=True)
class Foreign:
    """What was measured on one source left out."""

    source: str
    recall: float
    auroc: float | None
    teasers: float


def news_paragraphs() -> list[str]:
    """Return the folded paragraphs of BBC and AG news."""
    found = []
    for name in NEWS:
        for text in read_table(CORPORA / f"{name}.jsonl.gz")["text"]:
            found += paragraphs(text)
    return [fold(text) for text in found]


def held_out_rows(name: str) -> pd.DataFrame:
    """Return at most MAX_ROWS rows of a source, chosen by a hash of the id, half of each class where it has both."""
    table = read_table(CORPORA / f"{name}.jsonl.gz")
    table = table[table["label"].isin(["scam", "spam", "ham"])]
    is_ham = table["label"] == "ham"
    n_each = MAX_ROWS // is_ham.nunique()
    order = table["id"].map(digest).argsort(kind="stable")
    rank = is_ham.iloc[order].groupby(is_ham.iloc[order]).cumcount()
    return table.iloc[order][rank < n_each]


def leave_out(passages: Passages, news: list[str], name: str) -> Foreign:
    """Fit without one source and measure on it."""
    gone = {name, *NEWS, *KIN.get(name, ())}
    whole = read_table(CORPORA / f"{name}.jsonl.gz")
    is_left = ~np.isin(passages.sources, list(gone)) & ~np.isin(passages.groups, whole["group"].to_numpy(str))
    left = passages.rows(np.flatnonzero(is_left))
    weights = training.fit_weights(left, left.weights, training.INVERSE_PENALTY)
    rows = held_out_rows(name)
    is_ham = (rows["label"] == "ham").to_numpy(bool)
    logits = compiled.logits([fold(text) for text in rows["text"]], weights)
    cut = [fold(teaser(text)) for text in rows["text"][~is_ham] if len(text) > TEASER_FROM]
    news_logits = compiled.logits(news, weights)
    return Foreign(
        name,
        recall_at(logits[~is_ham], news_logits, 0.01) or 0.0,
        auroc(logits[~is_ham], logits[is_ham]),
        recall_at(compiled.logits(cut, weights), news_logits, 0.01) or float("nan"),
    )


def measure(recipe: Recipe, names: Sequence[str] = HELD_OUT, jobs: int = 2) -> list[Foreign]:
    """Leave out each source in turn."""
    passages, news = training.cut_passages(training.in_order(read_sources(recipe))), news_paragraphs()
    with ThreadPoolExecutor(jobs) as pool:  # the fit lets go of the interpreter lock
        return list(pool.map(partial(leave_out, passages, news), names))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=ROOT / "data" / "recipe.toml")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    found = measure(read_recipe(arguments.recipe), jobs=arguments.jobs)
    print(f"{'left out':38}  recall   auroc  teasers")
    for row in found:
        print(
            f"{row.source:38}  {row.recall:6.4f}  {row.auroc if row.auroc is None else round(row.auroc, 4)!s:>6}  {row.teasers:7.4f}"
        )
    mean_auroc = np.mean([row.auroc for row in found if row.auroc is not None])
    print(
        f"{'mean':38}  {np.mean([row.recall for row in found]):6.4f}  {mean_auroc:6.4f}  "
        f"{np.nanmean([row.teasers for row in found]):7.4f}"
    )


if __name__ == "__main__":
    main()
