"""The scores: posts in, their rows out.

Invariant: a row holds `id`, `score` and `verdict`, or `id` and `error`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from classifier.answers import Answer, answered, warm_up
from classifier.documents import parsed
from classifier.entries import Columns, Document, Item
from classifier.model import Model
from classifier.output import Layout

FIELDS = ("id", "score", "verdict")
COLUMNS = Columns("text", None)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model at a threshold, and how its rows are laid out."""

    model: Model
    layout: Layout
    threshold: float | None = None

    def answer(self, portion: Sequence[Item]) -> Answer:
        """Score the posts of a portion."""
        return answered(parsed(portion, COLUMNS), self.rows, self.layout.line)

    def rows(self, documents: Sequence[Document]) -> Iterator[tuple[str, bool]]:
        """Yield the row of each post, and whether it is flagged."""
        scores = self.model.score_many([document.text for document in documents])
        for document, score in zip(documents, scores.tolist(), strict=True):
            verdict = self.model.verdict(score, self.threshold)
            row = {"id": document.id, "score": score, "verdict": verdict}
            yield self.layout.line(row), verdict == "scam"

    def warm_up(self) -> None:
        """Load the compiled loop."""
        warm_up(self.model)
