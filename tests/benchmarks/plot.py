"""The plot: throughput against how much there is to score."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contenders import WORDS

TITLES = {"posts": "posts of 200 characters", "pages": "pages of 5,000 characters"}


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw a panel for each kind of document; the same figures give the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "throughput"
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(TITLES), figsize=(10, 4.2), sharey=True)
    keys = list(dict.fromkeys(row["key"] for row in rows))
    for axes, (kind, title) in zip(panels, TITLES.items(), strict=True):
        for key in keys:
            own = [row for row in rows if row["key"] == key and row["kind"] == kind]
            draw_line(axes, own, key, colour=f"C{names(keys).index(key.split(',')[0])}")
        axes.set(xscale="log", yscale="log", xlabel="documents", title=title)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("MB/s on the clock")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncols=2, fontsize="small", frameon=False)
    figure.tight_layout(rect=(0, 0.32, 1, 1))
    figure.savefig(path, metadata={"Date": None})


def draw_line(axes: Any, rows: Sequence[dict[str, Any]], key: str, *, colour: str) -> None:
    """Draw one contender: dashed for words alone, thicker for two threads."""
    sizes, speeds = [row["n"] for row in rows], [row["bytes"] / 1e6 / row["wall"] for row in rows]
    style = "--" if f", {WORDS}" in key and "characters" not in key else "-"
    width = 2.5 if key.endswith("2 threads") else 1.2
    axes.plot(sizes, speeds, style, marker=".", color=colour, linewidth=width, label=key)


def names(keys: Sequence[str]) -> list[str]:
    """Return the programs, each once, without their n-grams."""
    return list(dict.fromkeys(key.split(",")[0] for key in keys))
