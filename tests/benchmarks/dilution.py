"""Dilution: how often one teaser of 100 characters is found as the genuine text around it grows.

    python tests/benchmarks/dilution.py [--plot models/dilution.svg]

Teasers are cut from spam of the held-back rows of the corpora (`../shared/corpora`), each put in the middle of held-back
paragraphs of general and crypto news in a fixed order. Found means that at least half of its characters are flagged.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import classifier
from classifier.evaluation import Share, share
from classifier.passages import digest

sys.path.insert(0, str(Path(__file__).parents[1] / "gate"))
from gate import dev_rows, ham_paragraphs

SPAM = ("tg-spam-umputun", "webform-spam-popcorn", "blog-comments-haacked", "blog-comments-staticman-6blogs")
NEWS = ("bbc-news", "masakhanews-eng", "crypto-news-2025")
N_TEASERS_OF_SOURCE = 60
TEASER_CHARS = 100
SIZES = (0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


def teasers() -> list[str]:
    """Return the heads of long spam posts."""
    found: list[str] = []
    for name in SPAM:
        rows = dev_rows(name)
        texts = sorted(rows.loc[(rows["label"] != "ham") & (rows["text"].str.len() > 220), "text"], key=digest)
        found += [" ".join(text.split())[:TEASER_CHARS] + "..." for text in texts[:N_TEASERS_OF_SOURCE]]
    return found


def diluted(teaser: str, genuine: list[str], n_chars: int) -> tuple[str, int]:
    """Put a teaser in the middle of so much genuine text; return the page and where the teaser begins."""
    start = digest(teaser) % len(genuine)
    parts: list[str] = []
    size = 0
    while size < n_chars:
        parts.append(genuine[(start + len(parts)) % len(genuine)])
        size += len(parts[-1])
    before, after = parts[: len(parts) // 2], parts[len(parts) // 2 :]
    head = "".join(part + "\n\n" for part in before)
    return head + teaser + "".join("\n\n" + part for part in after), len(head)


def recall(model: classifier.Model, cut: list[str], genuine: list[str], n_chars: int) -> Share:
    """Return the share of teasers that are found."""
    hits = []
    for teaser in cut:
        text, start = diluted(teaser, genuine, n_chars)
        flagged = sum(
            max(0, min(insert.end, start + len(teaser)) - max(insert.start, start))
            for insert in model.scan(text).inserts
        )
        hits.append(flagged >= 0.5 * len(teaser))
    return share(np.array(hits))


def draw(found: dict[int, Share], path: Path) -> None:
    """Draw recall against the size of the genuine text."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "dilution"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.2))
    sizes = [size / 1_000 for size in found]
    axes.fill_between(sizes, [s.lower for s in found.values()], [s.upper for s in found.values()], alpha=0.2)
    axes.plot(sizes, [s.value for s in found.values()], marker="o")
    axes.set(xscale="symlog", xlabel="genuine text around the teaser, kB", ylabel="found", ylim=(0, 1))
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure and print, and draw if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    model = classifier.load(arguments.model)
    cut = teasers()
    genuine = sorted({part for name in NEWS for part in ham_paragraphs(name) if len(part) > 60}, key=digest)
    found = {size: recall(model, cut, genuine, size) for size in SIZES}
    print(f"{len(cut)} teasers of {TEASER_CHARS} characters")
    for size, value in found.items():
        print(f"{size / 1_000:6.1f} kB  found {value.value:.3f} ({value.lower:.3f} to {value.upper:.3f})")
    if arguments.plot:
        draw(found, arguments.plot)


if __name__ == "__main__":
    main()
