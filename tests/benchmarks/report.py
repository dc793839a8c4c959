"""The report: the figures as Markdown, with what they were measured on."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any

from ratios import Ratio

# Between these lines a document holds the report.
BEGIN, END = "<!-- throughput.py writes from here -->", "<!-- to here -->"
PACKAGES = ("numpy", "numba", "scikit-learn", "fasttext-numpy2", "vowpalwabbit")


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code."""
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "packages": {name: installed for name in PACKAGES if (installed := version_of(name))},
    }


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def version_of(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def with_report(document: str, report: str) -> str:
    """Return a document with the report in its place, between two marks; the report alone where it has none.

    Examples
    --------
    >>> print(with_report(f"Speed\\n{BEGIN}\\nold\\n{END}\\nEnd", "new\\n"))
    Speed
    <!-- throughput.py writes from here -->
    <BLANKLINE>
    new
    <BLANKLINE>
    <!-- to here -->
    End
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{report}\n{end}{after}" if end else report


def markdown(found: dict[str, Any], reached: Sequence[Ratio]) -> str:
    """Return the whole report: the ratios, and the figures they come from."""
    parts = [head(found), *([ratio_table(reached)] if reached else [])]
    if "scoring" in found:
        parts += [throughput_table(found["scoring"])]
    if "training" in found:
        parts += [contender_table(found)]
    if "processes" in found:
        parts += [process_table(found)]
    if "start" in found:
        parts += [start_table(found["start"])]
    return "\n\n".join(parts) + "\n"


def head(found: dict[str, Any]) -> str:
    """Return what was measured, how and on what, in prose."""
    machine = found["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    sentences = [
        f"`{found['command']}`, {machine['date']}, {machine['cores']} cores of {machine['processor']}, load average "
        f"{machine['load']} at the start, Python {machine['python']}, {packages}."
    ]
    if "n_rows" in found:
        sentences.append(
            f"Trained on {found['n_rows']:,} posts, judged on {found['n_dev_rows']:,} held back of {found['texts']}."
        )
    if found["missing"]:
        sentences.append(f"Not installed, so missing: {', '.join(found['missing'])}.")
    return " ".join(sentences)


def ratio_table(reached: Iterable[Ratio]) -> str:
    """Return wanted beside measured; what is quoted stands in bold."""
    rows = [
        (
            ratio.what,
            f"{'at least' if ratio.is_least else 'at most'} {amount(ratio.wanted, ratio.unit)}",
            *(quotable(ratio, clock) for clock in ("wall", "cpu")),
            "yes" if ratio.is_reached else "**no**",
        )
        for ratio in reached
    ]
    return table(("must reach", "wanted", "on the clock", "processor time", "reached"), rows)


def quotable(ratio: Ratio, clock: str) -> str:
    """Return a measured figure, in bold where it is the one that counts."""
    value = getattr(ratio, clock)
    text = "" if isnan(value) else amount(value, ratio.unit)
    return f"**{text}**" if ratio.quoted == clock else text


def amount(value: float, unit: str) -> str:
    """Return a number to three digits with its unit.

    Examples
    --------
    >>> amount(41.27, "times"), amount(1.0849, "times"), amount(371.2, "MB")
    ('41.3 times', '1.08 times', '371 MB')
    """
    return f"{digits(value)} {unit}"


def digits(value: float) -> str:
    """Return a number to three digits, without an exponent."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4}f}"


def throughput_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return MB/s by contender and cell, on the clock and by processor time."""
    columns = list(
        dict.fromkeys(
            (row["kind"], row["n"]) for row in sorted(rows, key=lambda row: (row["kind"] != "posts", row["n"]))
        )
    )
    found = {(row["key"], row["kind"], row["n"]): row for row in rows}
    body = [
        (key, *(speed(found.get((key, kind, n))) for kind, n in columns))
        for key in dict.fromkeys(row["key"] for row in rows)
    ]
    title = "MB/s on the clock (by processor time); – was left out, as it would have taken longer than its budget"
    return table((title, *(f"{n:,} {kind}" for kind, n in columns)), body)


def speed(row: dict[str, Any] | None) -> str:
    """Return the MB/s of a cell."""
    if row is None:
        return "–"
    return f"{digits(row['bytes'] / 1e6 / row['wall'])} ({digits(row['bytes'] / 1e6 / row['cpu'])})"


def contender_table(found: dict[str, Any]) -> str:
    """Return what else is known of each contender."""
    keys = list(found.get("latency", found["training"]))
    titles = (
        "",
        "posts/s",
        "pages/s",
        "one post, ms",
        "after bulk, ms",
        "peak memory, MB",
        "training, s (processor)",
        "AUROC",
    )
    return table(titles, [contender_row(found, key) for key in keys])


def contender_row(found: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return the row of one contender; a fit is named by its key without the threads."""
    fit = found["training"].get(key.removesuffix(", 2 threads"))
    peak, auroc = found.get("peak", {}).get(key), found.get("auroc", {}).get(key)
    return (
        key,
        *(rate(found.get("scoring", ()), key, kind) for kind in ("posts", "pages")),
        *(milliseconds(found.get(moment, {}).get(key)) for moment in ("latency", "latency after bulk")),
        "" if peak is None else f"{peak / 1e6:,.0f}",
        "" if fit is None else f"{digits(fit['wall'])} ({digits(fit['cpu'])})",
        "" if auroc is None else f"{auroc:.4f}",
    )


def rate(rows: Iterable[dict[str, Any]], key: str, kind: str) -> str:
    """Return documents a second on the clock, of the most that were scored."""
    own = [row for row in rows if row["key"] == key and row["kind"] == kind]
    return f"{own[-1]['n'] / own[-1]['wall']:,.0f}" if own else ""


def milliseconds(usage: dict[str, Any] | None) -> str:
    """Return a time on the clock in milliseconds."""
    return "" if usage is None else digits(1e3 * usage["wall"])


def process_table(found: dict[str, Any]) -> str:
    """Return what whole processes took."""
    small = {"bytes": found["file bytes"]}
    rows = [process_row(name, small | taken) for name, taken in found["processes"].items()]
    rows += [process_row("no --jobs given, memory watched", taken) for taken in found["peaks"].values()]
    titles = ("`classifier score` as a process", "MB of JSONL", "s on the clock", "s of processors", "peak memory, MB")
    return table(titles, rows)


def process_row(name: str, taken: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of one process."""
    peak = f"{taken['peak'] / 1e6:,.0f}" if "peak" in taken else ""
    return name, f"{taken['bytes'] / 1e6:,.0f}", digits(taken["wall"]), digits(taken["cpu"]), peak


def start_table(times: Mapping[str, Sequence[float]]) -> str:
    """Return how long each took to begin."""
    rows = [
        (name, f"{median(seconds):.3f}", f"{min(seconds):.3f} to {max(seconds):.3f}") for name, seconds in times.items()
    ]
    return table(("to begin", "s on the clock", "from, to"), rows)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
