"""The model: what users hold; fitted numbers, their calibration and their card.

Invariant: a model never changes; what learns returns another.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier import modelfile, record
from classifier.calibration import Calibration, Verdict, scores
from classifier.calibration import verdict as name_verdict
from classifier.errors import ModelFileError
from classifier.inserts import PageWeights
from classifier.text import fold
from classifier.weights import Weights
from classifier.weights import logits as plain_logits

if TYPE_CHECKING:
    import pandas as pd

    from classifier.composition import KnownPage
    from classifier.pages import Page
    from classifier.reasons import Explanation, Reason

# From here on loading the compiled loops (1 to 2 s) costs less than folding and counting without them (about 2 MB/s).
COMPILED_FROM_CHARS = 3_000_000
# Once they are loaded, they are ahead from the first post on: 0.10 ms for 200 characters, 0.18 ms without them.
LOADED_FROM_CHARS = 1
SHIPPED_NAME = "scam.joblib"


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted classifier of posts.

    Attributes
    ----------
    weights : Weights
        What turns a text into a logit.
    calibration : Calibration
        What turns a logit into a score and a verdict.
    page_weights : Weights
        What turns a unit of a page into a logit; the same n-grams.
    pages : PageWeights
        What judges the units of a page.
    card : dict
        Plain JSON data about the fit: posts by source, licences, figures.

    Examples
    --------
    >>> import classifier
    >>> model = classifier.load()
    >>> model.score("Send 0.1 BTC to this wallet and get 0.2 BTC back within the hour, guaranteed!") > 0.5
    True
    """

    weights: Weights
    calibration: Calibration
    page_weights: Weights
    pages: PageWeights
    card: dict[str, Any]

    def score(self, text: str) -> float:
        """Return the calibrated probability, in [0, 1], that a post is scam or spam."""
        if not isinstance(text, str):
            raise TypeError(f"Model.score: a str was expected, {type(text).__name__} was received; decode bytes first")
        return float(self.score_many([text])[0])

    def score_many(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Score many posts.

        Parameters
        ----------
        texts : iterable of str
            One post each, as published: folding is done here.

        Returns
        -------
        float64 array of shape (n_texts,)
            Scores in [0, 1]; but for the last bits, a text's score does not depend on the others'.

        Raises
        ------
        TypeError
            If `texts` is one str, or holds something else than str.
        """
        if isinstance(texts, str):
            raise TypeError("Model.score_many: an iterable of str was expected, one str was received; use Model.score")
        given = list(texts)
        for i, text in enumerate(given):
            if not isinstance(text, str):
                raise TypeError(f"Model.score_many: text {i} is {type(text).__name__}, a str was expected")
        return scores(post_logits(given, self.weights), self.calibration)

    def logits(self, folded: Sequence[str]) -> NDArray[np.float64]:
        """Return the uncalibrated log-odds of folded texts."""
        return fitting_logits(folded, self.weights)

    def page_logits(self, folded: Sequence[str]) -> NDArray[np.float64]:
        """Return the log-odds of the folded units of a page, before they are judged by what stands around them."""
        return fitting_logits(folded, self.page_weights)

    def verdict(self, score: float, threshold: float | None = None) -> Verdict:
        """Name what a score means: `scam` from the threshold on, `unsure` in the band below it, else `ham`."""
        limit = self.calibration.threshold if threshold is None else threshold
        return name_verdict(score, limit, min(self.calibration.unsure_from, limit))

    def explanation(self, text: str) -> "Explanation":
        """Return every reason of a text's logit, with the base they add to."""
        from classifier.reasons import explain

        return explain(text, self.weights)

    def explain(self, text: str, top: int = 10) -> "list[Reason]":
        """Return the n-grams with the largest shares of the logit, by absolute value."""
        return list(self.explanation(text).reasons[:top])

    def scan(self, page: str | bytes, *, html: bool = False, threshold: float | None = None) -> "Page":
        """Find the inserts of a page.

        Parameters
        ----------
        page : str, or bytes of HTML
            A long document in which inserts may stand.
        html : bool
            Whether it is HTML; then inserts name an element instead of offsets.
        threshold : float, optional
            Probability from which a unit of the page is sure, in place of the model's own.

        Raises
        ------
        InputError
            If an HTML page is beyond a limit of `classifier.markup`.
        TypeError
            If bytes are not HTML, or `page` is neither.
        """
        from classifier.pages import Judge, scan_html, scan_text

        judge = Judge(self.page_weights, self.page_logits, self.pages, threshold)
        if html and isinstance(page, str | bytes):
            return scan_html(page, judge)
        if not isinstance(page, str):
            raise TypeError(f"Model.scan: a str was expected, {type(page).__name__} was received; decode bytes first")
        return scan_text(page, judge)

    def describe(self) -> dict[str, Any]:
        """Return what the model file says of itself, as plain JSON data: the card, the calibration, the n-grams."""
        kept = int(np.count_nonzero(self.weights.idf))
        spec = asdict(self.weights.spec) | {"kept": kept}
        return {
            "card": self.card,
            "calibration": asdict(self.calibration),
            "pages": record.describe_pages(self.pages),
            "ngrams": spec,
        }

    def save(self, path: str | Path) -> None:
        """Write the model file, whole or not at all; the same model gives the same bytes.

        Raises
        ------
        ModelFileError
            If it cannot be written.
        """
        modelfile.write(
            record.encode(self.weights, self.calibration, self.page_weights, self.pages, self.card), Path(path)
        )


def post_logits(texts: Sequence[str], weights: Weights) -> NDArray[np.float64]:
    """Fold texts and return the logit of each, by the loops that suit their size."""
    if is_bulk(texts):
        from classifier import compiled

        return compiled.logits_unfolded(texts, weights)
    return plain_logits(map(fold, texts), weights)


def fitting_logits(folded: Sequence[str], weights: Weights) -> NDArray[np.float64]:
    """Return the logit of each folded text, by the loop that suits their size."""
    if is_bulk(folded):
        from classifier import compiled

        return compiled.logits(folded, weights)
    return plain_logits(folded, weights)


def is_bulk(texts: Sequence[str]) -> bool:
    """Whether compiled loops are worth their while."""
    limit = LOADED_FROM_CHARS if "classifier.compiled" in sys.modules else COMPILED_FROM_CHARS
    return sum(map(len, texts)) >= limit


def load(path: str | Path | None = None) -> Model:
    """Load a model file; the shipped one where no path is given.

    Nothing in the file is run (`classifier.modelfile`).

    Raises
    ------
    ModelFileError
        If the file is missing, broken, forged or of another format.
    """
    where = shipped_path() if path is None else Path(path)
    return Model(*record.decode(modelfile.read(where), str(where)))


def shipped_path() -> Path:
    """Return where the shipped model lies: in the installed package, or in the checkout's `models/`."""
    package = Path(__file__).parent
    for path in (package / SHIPPED_NAME, package.parent / "models" / SHIPPED_NAME):
        if path.is_file():
            return path
    raise ModelFileError(
        f"{package / SHIPPED_NAME}: no such file, the shipped model was expected; "
        "install the package again or pass a path"
    )


def train(posts: "pd.DataFrame", *, max_fpr: float = 0.001, pages: "Sequence[KnownPage]" = ()) -> Model:
    """Fit a model on labelled posts.

    Parameters
    ----------
    posts : DataFrame
        As `classifier.read_posts` returns it.
    max_fpr : float
        The share of genuine posts that may be flagged, in (0, 1).
    pages : sequence of KnownPage
        Pages with known inserts, of texts that are not among the posts; pages composed of the posts are
        fitted on in any case.

    Raises
    ------
    DataError
        If the posts cannot be fitted on; the message names the rows.
    """
    from classifier import page_training, training

    ordered = training.in_order(posts)
    fitted = training.fit(ordered, max_fpr=max_fpr)
    folds = [(ordered.iloc[fold_fit.posts], fold_fit.weights) for fold_fit in fitted.page_folds]
    judge = page_training.fit_pages(folds, pages, fitted.page_weights)
    return Model(fitted.weights, fitted.calibration, fitted.page_weights, judge, training.describe(ordered))
