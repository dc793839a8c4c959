"""The command line: arguments in, one call of the library, its results out.

Results go to stdout, everything meant for people to stderr. Exit codes: 0 done, 1 something could not be
done, 2 wrong usage, 3 with `--fail-on-scam` where something was flagged. Heavy packages are imported by
the command that needs them, so that `--help` is quick.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from classifier.errors import ClassifierError

if TYPE_CHECKING:
    from classifier.model import Model

FAILED, FLAGGED = 1, 3
HEAD_FIELDS = ("id", "score", "verdict")
REASON_FIELDS = (*HEAD_FIELDS, "ngram", "kind", "share", "start", "end")

app = typer.Typer(
    name="classifier",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Find spam and scam posts, say why, and train on labels of your own.",
    epilog="Results go to stdout, messages to stderr. Exit codes: 0 done, 1 something failed, 2 wrong usage, "
    "3 flagged with --fail-on-scam.",
)

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files or folders; - is stdin. JSONL (also .gz), CSV and Parquet hold one post a row.", metavar="PATH"
    ),
]
LabelledPaths = Annotated[
    list[Path],
    typer.Argument(help="Labelled posts: JSONL (also .gz), CSV, Parquet, or folders of them.", metavar="DATA"),
]
ModelPath = Annotated[Path | None, typer.Option("--model", help="Model file; the shipped one if not given.")]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        min=0.0,
        max=1.0,
        help="Score from which a verdict is scam; the model's own if not given.",
    ),
]
Format = Annotated[
    Literal["table", "jsonl", "csv"] | None,
    typer.Option("--format", help="How results are written; a table on a terminal, else jsonl."),
]
Output = Annotated[
    Path | None, typer.Option("--output", help="File to write instead of stdout; replaced only when all is done.")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, help="Processes that score; if not given, all processors in bulk and one for little."
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Take up the --output of a run with --resume that was interrupted.")
]
Lines = Annotated[bool, typer.Option("--lines", help="One post per line instead of one per file.")]
FailOnScam = Annotated[bool, typer.Option("--fail-on-scam", help="Exit with 3 if anything was flagged.")]


def main() -> None:
    """Run the command line; errors a user can mend are printed as they are, with exit code 1."""
    try:
        app()
    except ClassifierError as error:
        typer.echo(f"classifier: {error}", err=True)
        sys.exit(FAILED)


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        from classifier import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold what every command shares."""


@app.command()
def score(
    paths: Paths,
    lines: Lines = False,
    model: ModelPath = None,
    threshold: Threshold = None,
    format: Format = None,
    output: Output = None,
    jobs: Jobs = None,
    resume: Resume = False,
    fail_on_scam: FailOnScam = False,
) -> None:
    """Score posts: the id, score and verdict of each, in input order, as a stream."""
    from classifier.model import load
    from classifier.output import choose_format
    from classifier.runs import Source, Target, identity, run
    from classifier.scores import COLUMNS, FIELDS, Scorer

    chosen = choose_format(format, output)
    check_resume(resume, paths, chosen, output)
    loaded, source = load(model), Source(tuple(paths), COLUMNS, lines)
    belongs = identity(loaded, source, command="score", format=chosen, threshold=threshold) if resume else None
    target = Target(output, chosen, FIELDS, belongs)
    done = run("scoring", source, target, lambda rows: Scorer(loaded, rows, threshold), jobs=jobs, tell=tell)
    leave(failed=done.has_failures, flagged=done.is_flagged and fail_on_scam)


@app.command()
def scan(
    paths: Paths,
    model: ModelPath = None,
    threshold: Threshold = None,
    format: Format = None,
    output: Output = None,
    jobs: Jobs = None,
    resume: Resume = False,
    clean: Annotated[
        Path | None, typer.Option("--clean", help="Folder to write each page to without its inserts.")
    ] = None,
    fail_on_scam: FailOnScam = False,
) -> None:
    """Scan pages (text, .html, or rows with text or html): where inserts stand, how surely, and why."""
    from classifier.model import load
    from classifier.output import choose_format
    from classifier.runs import Source, Target, identity, run
    from classifier.scans import COLUMNS, FIELDS, Scanner, files_apart

    chosen = choose_format(format, output)
    check_resume(resume, paths, chosen, output)
    loaded, source = load(model), Source(tuple(files_apart(paths, clean) if clean else paths), COLUMNS)
    options = {"command": "scan", "format": chosen, "threshold": threshold, "clean": clean and str(clean)}
    target = Target(output, chosen, FIELDS, identity(loaded, source, **options) if resume else None)
    done = run("scanning", source, target, lambda rows: Scanner(loaded, rows, threshold, clean), jobs=jobs, tell=tell)
    leave(failed=done.has_failures, flagged=done.is_flagged and fail_on_scam)


@app.command()
def explain(
    paths: Paths,
    lines: Lines = False,
    model: ModelPath = None,
    threshold: Threshold = None,
    format: Format = None,
    output: Output = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many reasons.")] = 10,
) -> None:
    """Explain scores: the n-grams that carried each, shown in the text on a terminal."""
    from classifier.documents import read_documents
    from classifier.entries import Failure
    from classifier.model import load
    from classifier.output import choose_format

    loaded = load(model)
    failed = False
    with open_explainer(choose_format(format, output), output, top) as write:
        for document in read_documents(paths, lines=lines):
            if isinstance(document, Failure):
                failed = True
                tell(document.error)
                write({"id": document.id, "error": document.error})
                continue
            value = loaded.score(document.text)
            head = {"id": document.id, "score": value, "verdict": loaded.verdict(value, threshold)}
            write(head | {"text": document.text, "explanation": loaded.explanation(document.text)})
    leave(failed=failed)


@contextmanager
def open_explainer(
    format: Literal["table", "jsonl", "csv"], path: Path | None, top: int
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes one explained post: a page for the eye, one nested row, or a row a reason."""
    from classifier.destination import destination, emitter, encoded
    from classifier.output import open_writer
    from classifier.terminal import takes_colour

    if format == "table":
        with destination(path) as stream:
            emit, is_coloured = emitter(stream, path, True), stream.isatty() and takes_colour()
            yield lambda post: emit(encoded(page(post, top, is_coloured=is_coloured)))
        return
    rows = nested_rows if format == "jsonl" else flat_rows
    with open_writer(format, path, REASON_FIELDS, flush_each=True) as write:

        def write_rows(post: dict[str, Any]) -> None:
            for row in [post] if "error" in post else rows(post, top):
                write(row)

        yield write_rows


def page(post: dict[str, Any], top: int, *, is_coloured: bool) -> str:
    """Return a post's verdict, its text with marks, and its reasons, for the eye; nothing for a failure, which is told."""
    from classifier.highlight import marked, reason_table
    from classifier.terminal import shown

    if "error" in post:
        return ""
    text, explanation = post["text"], post["explanation"]
    shown_text = marked(text, explanation, is_coloured=is_coloured)
    reasons = reason_table(explanation.reasons[:top], text)
    head = f"{shown(post['id'])}: {post['verdict']}, score {post['score']:.4f}"
    sums = f"{explanation.base:+8.3f}  (base)\n{explanation.logit:+8.3f}  logit"
    return f"{head}\n\n{shown_text}\n\n{reasons}\n{sums}\n\n"


def nested_rows(post: dict[str, Any], top: int) -> Iterator[dict[str, object]]:
    """Yield one row that holds the reasons."""
    explanation = post["explanation"]
    yield {name: post[name] for name in HEAD_FIELDS} | {
        "logit": explanation.logit,
        "base": explanation.base,
        "reasons": [
            {"ngram": r.ngram, "kind": r.kind, "share": r.share, "spans": [list(span) for span in r.spans]}
            for r in explanation.reasons[:top]
        ],
    }


def flat_rows(post: dict[str, Any], top: int) -> Iterator[dict[str, object]]:
    """Yield a row for each reason, with the first place it stands at, if it stands at any."""
    head = {name: post[name] for name in HEAD_FIELDS}
    for reason in post["explanation"].reasons[:top]:
        start, end = reason.spans[0] if reason.spans else (None, None)
        found = {"ngram": reason.ngram, "kind": reason.kind, "share": reason.share, "start": start, "end": end}
        yield head | found


@app.command()
def train(
    data: LabelledPaths,
    output: Annotated[Path, typer.Option("--output", help="Model file to write; replaced only when the fit is done.")],
    max_fpr: Annotated[
        float | None, typer.Option("--max-fpr", help="Share of genuine posts that may be flagged; 0.001 if not given.")
    ] = None,
) -> None:
    """Fit a model on labelled posts, or on a recipe (.toml), calibrate it and choose its threshold."""
    from classifier.composition import read_pages
    from classifier.model import train as fit
    from classifier.posts import read_posts
    from classifier.recipe import read_recipe, read_sources

    recipe = read_recipe(data[0]) if len(data) == 1 and data[0].suffix == ".toml" else None
    allowed = max_fpr if max_fpr is not None else recipe.max_fpr if recipe else 0.001
    if not 0 < allowed < 1:
        raise typer.BadParameter(f"{allowed} is no share between 0 and 1", param_hint="--max-fpr")
    posts = read_sources(recipe) if recipe else read_posts(data)
    pages = read_pages(recipe.pages, "fit") if recipe and recipe.pages else []
    typer.echo(f"fitting on {len(posts):,} posts", err=True)
    fitted = fit(posts, max_fpr=allowed, pages=pages)
    fitted.save(output)
    calibration = fitted.calibration
    typer.echo(
        f"{output}: threshold {calibration.threshold:.4f}, at most {calibration.fpr_upper:.2%} of genuine posts flagged "
        f"(95 % interval, {calibration.n_ham:,} genuine posts the fit did not see)",
        err=True,
    )


@app.command()
def evaluate(
    data: LabelledPaths,
    pages: Annotated[bool, typer.Option("--pages", help="The data are pages with known inserts.")] = False,
    model: ModelPath = None,
    threshold: Threshold = None,
    format: Format = None,
    output: Output = None,
) -> None:
    """Measure a model on labelled posts, whole and by source, or on pages, with 95 % intervals."""
    from classifier.model import load
    from classifier.output import choose_format, open_writer

    loaded = load(model)
    rows = measured_pages(loaded, data, threshold) if pages else measured_posts(loaded, data, threshold)
    with open_writer(choose_format(format, output), output, tuple(rows[0])) as write:
        for row in rows:
            write(row)


def measured_posts(model: "Model", data: list[Path], threshold: float | None) -> list[dict[str, object]]:
    """Return the figures of a model on labelled posts, a row a source."""
    from classifier.evaluation import evaluate, flat
    from classifier.posts import read_posts

    return [flat(figures) for figures in evaluate(model, read_posts(data), threshold=threshold).figures]


def measured_pages(model: "Model", data: list[Path], threshold: float | None) -> list[dict[str, object]]:
    """Return the figures of a model on pages with known inserts, a row each."""
    from classifier.page_evaluation import evaluate_pages, page_rows, read_known_pages

    return list(page_rows(evaluate_pages(model, read_known_pages(data), threshold=threshold)))


@app.command()
def inspect(
    model: Annotated[
        Path | None, typer.Argument(help="Model file; the shipped one if not given.", metavar="MODEL")
    ] = None,
) -> None:
    """Show a model's card as JSON, read without running anything in the file."""
    import json

    from classifier.model import load

    typer.echo(json.dumps(load(model).describe(), indent=2, ensure_ascii=False))


def check_resume(wanted: bool, paths: list[str], format: str, output: Path | None) -> None:
    """Refuse to resume what could not be read or written a second time."""
    wrong = (
        "needs --output, the file to continue"
        if output is None
        else "needs files: standard input cannot be read a second time"
        if "-" in paths
        else "needs --format jsonl or csv: a table is for the eye"
        if format == "table"
        else None
    )
    if wanted and wrong:
        raise typer.BadParameter(wrong, param_hint="--resume")


def tell(message: str) -> None:
    """Tell a person what could not be read, and the like."""
    from classifier.terminal import shown

    typer.echo(f"classifier: {shown(message)}", err=True)


def leave(*, failed: bool = False, flagged: bool = False) -> None:
    """Exit with the code that says how it went."""
    if failed or flagged:
        raise typer.Exit(FAILED if failed else FLAGGED)
