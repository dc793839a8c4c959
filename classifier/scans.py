"""The scans: pages in, what was found in them out, and their clean copies.

Invariant: one page that cannot be scanned is a failure in its place and stops nothing.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from classifier.batches import map_stream
from classifier.clean import clean_html, clean_path, clean_text
from classifier.destination import destination, emitter
from classifier.documents import reader
from classifier.entries import Document, Entry, Failure
from classifier.errors import InputError
from classifier.folders import STDIN, walk
from classifier.highlight import SCAM_MARK, shown_lines
from classifier.model import Model
from classifier.output import Format, open_writer
from classifier.pages import Insert, Page
from classifier.terminal import PLAIN, shown, table_writer, takes_colour
from classifier.texts import read_post

FIELDS = ("id", "score", "verdict", "inserts")
# Characters of the page shown on either side of an insert.
CONTEXT_CHARS = 80

Found = tuple[Document, Page] | Failure


@dataclass(frozen=True, slots=True)
class Scanner:
    """A model at a threshold, and where clean copies go, if anywhere."""

    model: Model
    threshold: float | None = None
    clean: Path | None = None

    def scan_many(self, documents: Sequence[Document]) -> list[Page | Failure]:
        """Scan pages one by one, and write their clean copies."""
        return [self.scan(document) for document in documents]

    def scan(self, document: Document) -> Page | Failure:
        """Scan a page, and write its clean copy."""
        try:
            page = self.model.scan(document.page, html=document.is_html, threshold=self.threshold)
            if self.clean is not None:
                self.write_clean(document, page, self.clean)
        except InputError as error:
            return Failure(document.id, f"{document.id}: {error}")
        except OSError as error:
            wrong = f"its clean copy cannot be written ({error.strerror or error}), a writable folder was expected"
            return Failure(document.id, f"{document.id}: {wrong}; check {self.clean} and the space left")
        return page

    def write_clean(self, document: Document, page: Page, folder: Path) -> None:
        """Write a page without its inserts, never over the page itself."""
        path = clean_path(folder, document.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        rest = cleaned(document, page)
        octets = rest if isinstance(rest, bytes) else rest.encode("utf-8", "surrogatepass")
        path.write_bytes(gzip.compress(octets, mtime=0) if path.suffix == ".gz" else octets)


def scan_stream(items: Iterable[Entry], scanner: Scanner, *, jobs: int = 1) -> Iterator[Found]:
    """Scan documents in input order; what cannot be read or scanned is a failure in its place."""
    for found in map_stream(items, scanner.scan_many, jobs=jobs):
        if isinstance(found, Failure):
            yield found
        elif isinstance(found[1], Failure):
            yield found[1]
        else:
            yield found[0], found[1]


def files_apart(paths: Iterable[str], folder: Path) -> list[str]:
    """Return the files that paths name, once it is sure that clean copies in a folder replace none of them.

    A copy is named after its page, and a row can be called anything: so no page may lie in the folder at all.

    Raises
    ------
    InputError
        If one does, if a file's copy would lie outside the folder, or if the folder is a file.
    """
    files = [found.id if isinstance(found, Failure) else found for found in walk(paths)]
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: a file, a folder for clean copies was expected; choose another")
    for file in files:
        if file != STDIN and Path(file).resolve().is_relative_to(folder.resolve()):
            wrong = f"the page {file!r} lies in it, a folder of clean copies alone was expected"
            raise InputError(f"{folder}: {wrong}; choose another folder")
        if reader(file, lines=False) is read_post:
            clean_path(folder, file)
    return files


def cleaned(document: Document, page: Page) -> str | bytes:
    """Return a page without its inserts, undecoded if it was read so."""
    if not page.inserts:
        return document.page
    if document.is_html:
        spans = [insert.seen for insert in page.inserts if insert.seen is not None]
        paths = {path for insert in page.inserts for path in insert.paths}
        return clean_html(document.page, paths, spans=spans)
    return clean_text(
        document.text,
        [(insert.start, insert.end) for insert in page.inserts if insert.start is not None and insert.end is not None],
    )


@contextmanager
def open_scan_writer(format: Format, path: Path | None) -> Iterator[Callable[[Found], None]]:
    """Give a function that writes what was found in a page: a row, and in a table each insert in its place, too."""
    if format != "table":
        with open_writer(format, path, FIELDS) as write_row:
            yield lambda found: write_row(row_of(found, nested=format == "jsonl"))
        return
    with destination(path) as stream:
        is_terminal = stream.isatty()
        is_coloured = is_terminal and takes_colour()
        emit = emitter(stream, path, is_terminal)
        write_line = table_writer(emit, FIELDS, is_coloured)

        def write(found: Found) -> None:
            write_line(row_of(found, nested=False))
            if not isinstance(found, Failure):
                emit(shown_in_place(*found, is_coloured=is_coloured))

        yield write


def row_of(found: Found, *, nested: bool) -> dict[str, object]:
    """Return what was found as a row; inserts as their texts where rows may not nest."""
    if isinstance(found, Failure):
        return {"id": found.id, "error": found.error}
    document, page = found
    head: dict[str, object] = {"id": document.id, "score": page.score, "verdict": page.verdict}
    if not nested:
        return head | {"inserts": [insert.text for insert in page.inserts]}
    head["inserts"] = [insert_row(insert) for insert in page.inserts]
    if page.hidden:
        head["hidden"] = [asdict(hidden) for hidden in page.hidden]
    return head


def insert_row(insert: Insert) -> dict[str, object]:
    """Return an insert as an object of a row."""
    reasons = [
        {
            "text": insert.text[slice(*reason.spans[0])],
            "share": reason.share,
            "spans": [list(span) for span in reason.spans],
        }
        for reason in insert.reasons
        if reason.spans
    ]
    place = {} if insert.path is None else {"path": insert.path}
    bounds = {"start": insert.start, "end": insert.end}
    return {**bounds, "text": insert.text, "score": insert.score, "reasons": reasons, **place}


def shown_in_place(document: Document, page: Page, *, is_coloured: bool) -> str:
    """Return each insert for a terminal: highlighted between what stands before and after it, with its score."""
    return "".join(lines_of(document, page, is_coloured=is_coloured))


def lines_of(document: Document, page: Page, *, is_coloured: bool) -> Iterator[str]:
    """Yield the lines of `shown_in_place`."""
    mark, plain = (SCAM_MARK, PLAIN) if is_coloured else (">>> ", " <<<")
    for insert in page.inserts:
        before = after = ""
        if insert.start is not None and insert.end is not None:
            before = document.text[max(0, insert.start - CONTEXT_CHARS) : insert.start]
            after = document.text[insert.end : insert.end + CONTEXT_CHARS]
        place = shown(insert.path) if insert.path is not None else f"{insert.start}-{insert.end}"
        spoken = ", ".join(
            insert.text[slice(*reason.spans[0])] for reason in insert.reasons if reason.spans and reason.share > 0
        )
        yield f"    {place}  score {insert.score:.3f}  because of: {shown_lines(spoken)}\n"
        yield f"{shown_lines(before)}{mark}{shown_lines(insert.text)}{plain}{shown_lines(after)}\n\n"
