"""The command line: arguments in, one call of the library, its results out.

Results go to stdout, everything meant for people to stderr. Exit codes: 0 done, 1 something could not be
done, 2 wrong usage, 3 with `--fail-on-scam` where something was flagged. Heavy packages are imported by
the command that needs them, so that `--help` is quick.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.errors import ClassifierError

if TYPE_CHECKING:
    from classifier.evaluation import Report
    from classifier.model import Model

FAILED, FLAGGED = 1, 3

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
    typer.Argument(help="Files or folders; - is stdin. JSONL (also .gz), CSV and Parquet hold one post a row.", metavar="PATH..."),
]
LabelledPaths = Annotated[
    list[Path], typer.Argument(help="Labelled posts: JSONL (also .gz), CSV, Parquet, or folders of them.", metavar="DATA...")
]
ModelPath = Annotated[Path | None, typer.Option("--model", help="Model file; the shipped one if not given.")]
Threshold = Annotated[
    float | None, typer.Option("--threshold", min=0.0, max=1.0, help="Score from which a verdict is scam; the model's own if not given.")
]
Format = Annotated[str | None, typer.Option("--format", help="table, jsonl or csv; a table on a terminal, else jsonl.")]
Output = Annotated[Path | None, typer.Option("--output", help="File to write instead of stdout; replaced only when all is done.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Threads; all cores if not given.")]
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
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")] = False,
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
    fail_on_scam: FailOnScam = False,
) -> None:
    """Score posts: `id`, `score` and `verdict` of each, in input order, as a stream."""
    from classifier.batches import score_stream
    from classifier.documents import Document, n_bytes, read_documents
    from classifier.model import load
    from classifier.output import choose_format, open_writer
    from classifier.progress import progress

    loaded = load(model)
    failed = flagged = False
    with (
        open_writer(choose_format(format, output), output, fields=("id", "score", "verdict")) as write,
        progress("scoring", n_bytes(paths), quiet=output is None and sys.stdout.isatty()) as advance,
    ):
        documents = read_documents(paths, lines=lines, on_bytes=advance)
        for found in score_stream(documents, loaded.score_many, jobs=jobs or 1, flush_each=is_piped(paths, lines)):
            if isinstance(found, tuple):
                document, value = found
                verdict = loaded.verdict(value, threshold)
                flagged |= verdict == "scam"
                write({"id": document.id, "score": value, "verdict": verdict})
            else:
                failed = True
                write({"id": found.id, "error": found.error})
                typer.echo(f"classifier: {found.error}", err=True)
    leave(failed=failed, flagged=flagged and fail_on_scam)
