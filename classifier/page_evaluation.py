"""The page evaluation: how much of the known inserts of pages is found, and how often a clean page is flagged.

The definitions are those of the benchmark: an insert counts as found if at least half of its characters were
flagged (for HTML, half of its words, as a multiset); F1 is pooled over characters (words) of all pages.

Invariant: a page that cannot be scanned counts as score 0 and no inserts.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifier.errors import DataError, InputError
from classifier.evaluation import Share, auroc, recall_at, share
from classifier.model import Model
from classifier.pages import Page


@dataclass(frozen=True, slots=True)
class PageReport:
    """What was measured on pages with known inserts.

    Attributes
    ----------
    n_pages, n_with_insert : int
    auroc : float or None
        Page scores, with insert against without.
    recall_at_1_percent : float or None
        Share of pages with insert above all but 1 % of those without.
    found : dict of str to Share
        Inserts found: `all`, and by form, attack and topic.
    f1, precision, recall : float
        Of characters (words, for HTML) flagged against those of inserts.
    clean_flagged : dict of str to Share
        Pages without insert on which anything was flagged: `all`, and by topic.
    """

    n_pages: int
    n_with_insert: int
    auroc: float | None
    recall_at_1_percent: float | None
    found: dict[str, Share]
    f1: float
    precision: float
    recall: float
    clean_flagged: dict[str, Share]


def read_known_pages(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of benchmark files: `text` or `html`, `topic`, `inserts` of `text`, `form`, `attack`, `start`, `end`.

    Raises
    ------
    DataError
        If a file cannot be read or a record lacks a field.
    """
    for path in paths:
        try:
            with (
                gzip.open(path, "rt", encoding="utf-8")
                if path.suffix == ".gz"
                else path.open(encoding="utf-8") as lines
            ):
                for number, line in enumerate(lines, start=1):
                    record = json.loads(line)
                    if not isinstance(record.get("inserts"), list) or not isinstance(
                        record.get("html", record.get("text")), str
                    ):
                        raise DataError(
                            f"{path}:{number}: no page, text or html and inserts were expected; mend the line"
                        )
                    yield record
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(
                f"{path}: unreadable ({error}), pages with known inserts were expected; check the file"
            ) from error


def evaluate_pages(model: Model, records: Iterable[Mapping[str, Any]], *, threshold: float | None = None) -> PageReport:
    """Measure a model on pages with known inserts."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    found, clean = defaultdict(list), defaultdict(list)
    n_hit = n_flagged = n_gold = 0
    for record in records:
        page = scanned(model, record, threshold)
        topic = f"topic {record.get('topic') or 'none'}"
        scores[bool(record["inserts"])].append(page.score if page else 0.0)
        flagged, gold = (
            covered(page, record),
            sum((parts_of(insert, record) for insert in record["inserts"]), Counter()),
        )
        n_hit, n_flagged, n_gold = n_hit + (flagged & gold).total(), n_flagged + flagged.total(), n_gold + gold.total()
        for insert in record["inserts"]:
            parts = parts_of(insert, record)
            is_found = (flagged & parts).total() >= 0.5 * max(1, parts.total())
            for name in ("all", f"form {insert.get('form')}", f"attack {insert.get('attack') or 'none'}", topic):
                found[name].append(is_found)
        if not record["inserts"]:
            for name in ("all", topic):
                clean[name].append(bool(page and page.inserts))
    precision, recall = n_hit / n_flagged if n_flagged else 0.0, n_hit / n_gold if n_gold else 0.0
    with_insert, without = np.array(scores[True]), np.array(scores[False])
    return PageReport(
        len(with_insert) + len(without),
        len(with_insert),
        auroc(with_insert, without),
        recall_at(with_insert, without, 0.01),
        shares(found),
        2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        precision,
        recall,
        shares(clean),
    )


def scanned(model: Model, record: Mapping[str, Any], threshold: float | None) -> Page | None:
    """Scan a page; None where it is refused."""
    try:
        if "html" in record:
            return model.scan(record["html"], html=True, threshold=threshold)
        return model.scan(record["text"], threshold=threshold)
    except InputError:
        return None


def covered(page: Page | None, record: Mapping[str, Any]) -> Counter[Any]:
    """Return what was flagged on a page, as a multiset of words for HTML and of offsets for text."""
    if page is None:
        return Counter()
    if "html" in record:
        return sum((words(insert.text) for insert in page.inserts), Counter())
    return Counter({i: 1 for insert in page.inserts for i in range(insert.start or 0, insert.end or 0)})


def parts_of(insert: Mapping[str, Any], record: Mapping[str, Any]) -> Counter[Any]:
    """Return what an insert is made of, as `covered` has it."""
    return words(insert["text"]) if "html" in record else Counter(range(insert["start"], insert["end"]))


def words(text: str) -> Counter[str]:
    """Return the words of a text, case aside."""
    return Counter(re.findall(r"\w+", text.casefold()))


def shares(hits: Mapping[str, list[bool]]) -> dict[str, Share]:
    """Return each share with its interval, `all` first."""
    return {name: share(np.array(hits[name], bool)) for name in sorted(hits, key=lambda name: (name != "all", name))}


def page_rows(report: PageReport) -> Iterator[dict[str, object]]:
    """Yield the report as rows of one figure each, with its interval where it has one."""
    plain = {
        "page auroc": report.auroc,
        "page recall at 1 % false alarms": report.recall_at_1_percent,
        "f1": report.f1,
        "precision": report.precision,
        "recall": report.recall,
    }
    for name, value in plain.items():
        yield {"id": name, "value": value, "lower": None, "upper": None, "n": report.n_pages}
    for kind, named in (("found", report.found), ("clean flagged", report.clean_flagged)):
        for name, found in named.items():
            yield {
                "id": f"{kind}, {name}",
                "value": found.value,
                "lower": found.lower,
                "upper": found.upper,
                "n": found.n,
            }
