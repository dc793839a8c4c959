"""The scans: pages in, what was found in them out, and their clean copies.

Invariant: one page that cannot be scanned is a failure in its place and stops nothing.
"""

import gzip
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from classifier.answers import WARMING_TEXT, Answer, Result, answered, warm_up
from classifier.clean import clean_html, clean_path, clean_text
from classifier.documents import parsed, reader
from classifier.entries import Columns, Document, Failure, Item
from classifier.errors import InputError
from classifier.folders import STDIN, walk
from classifier.highlight import SCAM_MARK, shown_lines
from classifier.model import Model
from classifier.output import Layout
from classifier.pages import Insert, Page
from classifier.terminal import PLAIN, shown
from classifier.texts import read_post

FIELDS = ("id", "score", "verdict", "inserts")
COLUMNS = Columns("text", "html")
# Characters of the page shown on either side of an insert.
CONTEXT_CHARS = 80


@dataclass(frozen=True, slots=True)
class Scanner:
    """A model at a threshold, how its rows are laid out, and where clean copies go, if anywhere."""

    model: Model
    layout: Layout
    threshold: float | None = None
    clean: Path | None = None

    def answer(self, portion: Sequence[Item]) -> Answer:
        """Scan the pages of a portion, and write their clean copies."""
        return answered(parsed(portion, COLUMNS), self.results, self.layout.line)

    def results(self, documents: Sequence[Document]) -> Iterator[Result]:
        """Yield what is written for each page, and whether it is flagged."""
        for document in documents:
            page = self.scan(document)
            yield page if isinstance(page, Failure) else (self.written(document, page), bool(page.inserts))

    def written(self, document: Document, page: Page) -> str:
        """Return the row of a page; in a table, each insert in its place follows."""
        if self.layout.format != "table":
            return self.layout.line(row_of(document, page, nested=self.layout.format == "jsonl"))
        shown_inserts = shown_in_place(document, page, is_coloured=self.layout.is_coloured)
        return self.layout.line(row_of(document, page, nested=False)) + shown_inserts

    def warm_up(self) -> None:
        """Load what every page needs."""
        warm_up(self.model)
        self.model.scan(WARMING_TEXT)

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
        put(path, gzip.compress(octets, mtime=0) if path.suffix == ".gz" else octets)


def put(path: Path, octets: bytes) -> None:
    """Write a copy whole or not at all, also if this process is killed.

    Not waited for until it is on the disk, as `classifier.replacement` would: there may be a million.
    """
    beside = path.with_name(f".{os.getpid()}-{threading.get_ident()}")
    try:
        beside.write_bytes(octets)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


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


def row_of(document: Document, page: Page, *, nested: bool) -> dict[str, object]:
    """Return what was found in a page as a row; inserts as their texts where rows may not nest."""
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
