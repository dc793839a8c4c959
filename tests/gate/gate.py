"""The corpus gate: what the shipped model reaches on held-back rows of the corpora, against pinned floors.

    python tests/gate/gate.py                              measure and compare; exit 1 below a floor
    python tests/gate/gate.py --update                     pin what was measured, where it is no worse
    python tests/gate/gate.py --update --allow-regression  pin what was measured, worse or not

`floors.json` pins a figure each, with the digest of the model and of the rows it was measured on. A changed model
or corpus must be pinned again, so that no figure moves unseen. Figures are rounded to four decimals: one
post of the smallest set moves its figure by more.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import classifier
from classifier.evaluation import auroc
from classifier.model import Model, shipped_path
from classifier.page_evaluation import PageReport, evaluate_pages, read_known_pages
from classifier.passages import TEASER_FROM, paragraphs, teaser
from classifier.posts import read_table
from classifier.replacement import replacing

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
CORPORA = SHARED / "corpora"
BENCHMARKS = {"text": SHARED / "bench" / "text-dev.jsonl.gz", "html": SHARED / "bench" / "html-dev.jsonl.gz"}
OWN_PAGES = ROOT / "data" / "pages"
HELD_OUT = ROOT / "data" / "held-out"
EXAMPLE = SHARED / "examples" / "featured-post-page.txt"
FLOORS = Path(__file__).parent / "floors.json"
EPSILON = 0.0005
SPAM_SOURCES = (
    "tg-spam-umputun",
    "janitr-x-crypto",
    "webform-spam-popcorn",
    "blog-comments-haacked",
    "blog-comments-staticman-2",
    "blog-comments-staticman-6blogs",
    "youtube-spam-collection",
    "sms-spam-collection",
    "scam-emails-glitchyzorua",
)
HAM_SOURCES = (
    "crypto-news-2025",
    "bbc-news",
    "ag-news-test",
    "masakhanews-eng",
    "rubenerd-blog",
    "reddit-crypto-2022",
    "nairaland-health-posts-ham",
    "page-boilerplate-modern",
)


def measure(model: Model) -> dict[str, float]:
    """Return every figure; names that begin with `recall` or `auroc` have floors, the others ceilings."""
    figures: dict[str, float] = {}
    limit = model.calibration.threshold
    ham_scores = {name: model.score_many(ham_paragraphs(name)) for name in HAM_SOURCES}
    for name, scores in ham_scores.items():
        figures[f"flagged {name} paragraphs"] = float((scores >= limit).mean())
        figures[f"unsure or flagged {name} paragraphs"] = float((scores >= model.calibration.unsure_from).mean())
    for name in SPAM_SOURCES:
        rows = dev_rows(name)
        spam = list(rows.loc[rows["label"] != "ham", "text"])
        scores = model.score_many(spam)
        figures[f"recall {name}"] = float((scores >= limit).mean())
        teasers = model.score_many([teaser(text) for text in spam if len(text) > TEASER_FROM])
        if len(teasers):
            figures[f"recall {name} teasers"] = float((teasers >= limit).mean())
        ham = list(rows.loc[rows["label"] == "ham", "text"])
        if ham:
            figures[f"auroc {name}"] = auroc(scores, model.score_many(ham)) or 0.0
    figures |= example_figures(model) | held_out_figures(model) | page_figures(model)
    return {name: round(value, 4) for name, value in figures.items()}


def dev_rows(name: str):
    """Return the held-back rows of a corpus that carry one of the three labels."""
    table = read_table(CORPORA / f"{name}.jsonl.gz")
    return table[(table["split"] == "dev") & table["label"].isin(classifier.posts.LABELS)]


def ham_paragraphs(name: str) -> list[str]:
    """Return the paragraphs of the held-back genuine posts of a corpus."""
    rows = dev_rows(name)
    return [part for text in rows.loc[rows["label"] == "ham", "text"] for part in paragraphs(text) or [text]]


def example_figures(model: Model) -> dict[str, float]:
    """Return how the example page's teaser and its genuine paragraphs score, as posts."""
    parts = [part.strip() for part in EXAMPLE.read_text(encoding="utf-8").split("\n\n") if part.strip()]
    teasers = [part for part in parts if "REQUIREMENTS" in part]
    genuine = [part for part in parts if part not in teasers]
    return {
        "recall example teaser": float((model.score_many(teasers) >= model.calibration.threshold).mean()),
        "unsure or flagged example news": float((model.score_many(genuine) >= model.calibration.unsure_from).mean()),
    }


def held_out_figures(model: Model) -> dict[str, float]:
    """Return what the own posts that nothing was fitted on give, voice by voice."""
    posts = classifier.read_posts([HELD_OUT / "posts"])
    posts["score"] = model.score_many(posts["text"])
    figures = {}
    for (source, is_ham), rows in posts.groupby(["source", posts["label"] == "ham"]):
        share = float((rows["score"] >= model.calibration.threshold).mean())
        figures[f"{'flagged' if is_ham else 'recall'} {source}, held out"] = share
    is_ham = posts["label"] == "ham"
    return figures | {"auroc own posts, held out": auroc(posts["score"][~is_ham], posts["score"][is_ham]) or 0.0}


def page_figures(model: Model) -> dict[str, float]:
    """Return what is found in the benchmark's pages, in the half of the own hard pages that judges, and in the example."""
    figures = {}
    for name, path in BENCHMARKS.items():
        figures |= named_figures(f"{name} pages", evaluate_pages(model, read_known_pages([path])))
    own = (page for page in read_known_pages(sorted(OWN_PAGES.glob("*.jsonl"))) if page["split"] == "judge")
    figures |= named_figures("own pages", evaluate_pages(model, own))
    held_out = read_known_pages(sorted((HELD_OUT / "pages").glob("*.jsonl")))
    figures |= named_figures("held-out own pages", evaluate_pages(model, held_out))
    text = EXAMPLE.read_text(encoding="utf-8")
    found = [text[insert.start : insert.end] for insert in model.scan(text).inserts]
    is_teaser = len(found) == 1 and "REQUIREMENTS" in found[0] and "\n\n" not in found[0]
    return figures | {"recall example page": float(is_teaser)}


def named_figures(name: str, report: PageReport) -> dict[str, float]:
    """Return the figures of a report that are pinned."""
    attacked = [share for kind, share in report.found.items() if kind.startswith("attack") and kind != "attack none"]
    n_attacked = sum(share.n for share in attacked)
    figures = {
        f"auroc {name}": report.auroc or 0.0,
        f"recall {name} at 1 % false alarms": report.recall_at_1_percent or 0.0,
        f"recall {name} found": report.found["all"].value,
        f"recall {name} found, teasers": report.found["form teaser"].value,
        f"recall {name} found, attacked": sum(share.n_hits for share in attacked) / max(n_attacked, 1),
        f"recall {name} f1": report.f1,
        f"flagged {name} without insert": report.clean_flagged["all"].value,
    }
    crypto = report.clean_flagged.get("topic crypto")
    return figures | ({f"flagged {name} without insert, crypto": crypto.value} if crypto else {})


def data_digest() -> str:
    """Return a digest of everything that is measured on."""
    found = hashlib.sha256()
    for name in sorted({*SPAM_SOURCES, *HAM_SOURCES}):
        found.update((CORPORA / f"{name}.jsonl.gz").read_bytes())
    for path in (*BENCHMARKS.values(), EXAMPLE):
        found.update(path.read_bytes())
    return found.hexdigest()


def model_digest() -> str:
    """Return the digest of the shipped model's file."""
    return hashlib.sha256(shipped_path().read_bytes()).hexdigest()


def regressions(pinned: dict[str, float], measured: dict[str, float]) -> list[str]:
    """Name every figure that is worse than pinned, or no longer measured."""
    worse = [f"{name}: pinned {value}, no longer measured" for name, value in pinned.items() if name not in measured]
    for name, value in measured.items():
        if name not in pinned:
            continue
        is_floor = name.startswith(("recall", "auroc"))
        fallen = pinned[name] - value if is_floor else value - pinned[name]
        if fallen > EPSILON:
            worse.append(f"{name}: {value}, {'at least' if is_floor else 'at most'} {pinned[name]} was expected")
    return worse


def main() -> int:
    """Measure, compare, and pin if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--allow-regression", action="store_true")
    arguments = parser.parse_args()
    if not CORPORA.is_dir():
        print(f"gate: {CORPORA} is not there, so nothing was measured", file=sys.stderr)
        return 1
    pinned = json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.is_file() else {"figures": {}}
    measured = measure(classifier.load())
    for name, value in measured.items():
        print(f"{name:60} {value:.4f}")
    worse = regressions(pinned["figures"], measured)
    print("\n".join(worse), file=sys.stderr)
    if worse and not (arguments.update and arguments.allow_regression):
        return 1
    if arguments.update:
        pin = {"model": model_digest(), "data": data_digest(), "figures": measured}
        with replacing(FLOORS) as beside:
            beside.write_text(json.dumps(pin, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
