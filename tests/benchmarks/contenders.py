"""The contenders: how each is trained on labelled posts, kept in a folder, loaded again and asked for scores.

All see the same passages of the same posts (`classifier.passages`), each counting 1, and the same n-grams as far as
they can: words 1 to 2, alone or beside characters 4. Packages are imported by the function that needs them, so that
one that is not installed is missing and nothing more, and no process holds another contender's code.
"""

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS, BOTH = "words 1-2", "words 1-2 and characters 4"
OWN, TFIDF, HASHING = "this project", "scikit-learn TfidfVectorizer", "scikit-learn HashingVectorizer"
FASTTEXT, VW = "fastText", "Vowpal Wabbit"
# An n-gram is kept from so many passages on, as in `classifier.training`.
MIN_PASSAGES = 3
# Hidden units of fastText: ten, as its authors take for classification (Joulin et al. 2016); with the default of 100 it took
# 2.6 times as long.
FASTTEXT_DIM = 10
# Vowpal Wabbit's weights are 2**20, as many as this project's two blocks; its default of 2**18 is no faster.
VW_OPTIONS = "--loss_function logistic --ngram 2 -b 20"
# Parts that two threads take in turn.
N_PARTS = 16
# More text than any loop is kept waiting for.
N_WARM_WORDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scorer:
    """A loaded contender.

    Attributes
    ----------
    score_many : callable
        Judges what `prepare` made of some texts; this is timed.
    score : callable
        Judges one text; this is timed.
    prepare : callable
        Lays texts out as the contender's own reader wants them; not timed.
    read : callable
        Makes an array of scores, the higher the more spam, of what `score_many` returned; not timed.
    """

    score_many: Callable[[Any], Any]
    score: Callable[[str], Any]
    prepare: Callable[[list[str]], Any] = list
    read: Callable[[Any], NDArray[np.float64]] = np.asarray


@dataclass(frozen=True, slots=True)
class Contender:
    """One program with one choice of n-grams.

    Attributes
    ----------
    name, form : str
        The program; its n-grams, `WORDS` or `BOTH`.
    package : str
        What must be importable.
    train : callable
        Fits on posts (columns `text` and `label`) and writes the fit into a folder.
    load : callable
        Reads the fit from a folder.
    n_threads : int
        How many threads score.
    """

    name: str
    form: str
    package: str
    train: Callable[[Any, Path], None]
    load: Callable[[Path], Scorer]
    n_threads: int = 1

    @property
    def fit(self) -> str:
        """Return a name of its fit, which it shares with itself in another number of threads."""
        return f"{self.name}, {self.form}"

    @property
    def key(self) -> str:
        """Return a name that no other contender has."""
        return self.fit + (f", {self.n_threads} threads" if self.n_threads > 1 else "")


def importable(packages: Iterable[str]) -> set[str]:
    """Return which packages can be imported here, each tried in a process of its own."""
    tried = {name: subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True) for name in packages}
    return {name for name, done in tried.items() if done.returncode == 0}


def passage_texts(posts: Any) -> tuple[list[str], list[bool]]:
    """Return the passages of posts and whether each is spam."""
    from classifier.passages import N_PARAGRAPHS, passages

    most = posts["paragraphs"] if "paragraphs" in posts else [N_PARAGRAPHS] * len(posts)
    rows = [
        (passage.text, label != "ham")
        for text, label, n_paragraphs in zip(posts["text"], posts["label"], most, strict=True)
        for passage in passages(text, int(n_paragraphs))
    ]
    return [text for text, _ in rows], [is_spam for _, is_spam in rows]


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space, for programs that read a text a line."""
    return " ".join(text.split())


# This project.


def train_own(posts: Any, folder: Path, *, has_characters: bool) -> None:
    """Fit weights as `classifier train` does, and put them into the shipped model, whose calibration changes no order."""
    import classifier
    from classifier import training

    spec = training.SPEC if has_characters else dataclasses.replace(training.SPEC, chars=())
    fitted_on = training.cut_passages(posts, spec)
    weights = training.fit_weights(fitted_on, fitted_on.weights, training.INVERSE_PENALTY, spec)
    dataclasses.replace(classifier.load(), weights=weights, page_weights=weights).save(folder / "model.joblib")


def load_own(folder: Path) -> Scorer:
    """Load this project's model."""
    import classifier

    model = classifier.load(folder / "model.joblib")
    return Scorer(model.score_many, model.score)


def load_own_in_threads(folder: Path) -> Scorer:
    """Load this project's model, to be scored with by two threads."""
    import classifier

    model = classifier.load(folder / "model.joblib")
    # No part is large enough to load the compiled loop for; a bulk run has loaded it by the first batch.
    model.score_many(["word " * N_WARM_WORDS])
    pool = ThreadPoolExecutor(2)

    def score_many(parts: list[list[str]]) -> Sequence[float]:
        return np.concatenate(list(pool.map(model.score_many, parts)))

    return Scorer(score_many, model.score, parted)


def parted(texts: list[str]) -> list[list[str]]:
    """Return the texts in `N_PARTS` runs, as even as they come."""
    limits = [round(i * len(texts) / N_PARTS) for i in range(N_PARTS + 1)]
    return [texts[start:end] for start, end in pairwise(limits)]


# scikit-learn.


def train_sklearn(posts: Any, folder: Path, *, has_characters: bool, is_hashed: bool) -> None:
    """Fit the textbook pipeline."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    vectorizers = [sklearn_vectorizer(is_hashed, ngram_range=(1, 2))]
    if has_characters:
        vectorizers.append(sklearn_vectorizer(is_hashed, analyzer="char", ngram_range=(4, 4)))
    features = make_union(*vectorizers) if has_characters else vectorizers[0]
    pipeline = make_pipeline(features, LogisticRegression(max_iter=1000))
    joblib.dump(pipeline.fit(*passage_texts(posts)), folder / "pipeline.joblib")


def sklearn_vectorizer(is_hashed: bool, **options: Any) -> Any:
    """Return a vectoriser of scikit-learn's."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

    if is_hashed:
        return HashingVectorizer(binary=True, n_features=1 << 20, **options)
    return TfidfVectorizer(binary=True, min_df=MIN_PASSAGES, **options)


def load_sklearn(folder: Path) -> Scorer:
    """Load the pipeline."""
    import joblib

    pipeline = joblib.load(folder / "pipeline.joblib")
    return Scorer(lambda texts: pipeline.predict_proba(texts)[:, 1], lambda text: pipeline.predict_proba([text])[0, 1])


# fastText.


def train_fasttext(posts: Any, folder: Path, *, has_characters: bool) -> None:
    """Fit fastText's supervised classifier, with its defaults but for the n-grams, the hidden units and one thread."""
    import fasttext

    path = folder / "train.txt"
    rows = zip(*passage_texts(posts), strict=True)
    write_lines(path, (f"__label__{'spam' if is_spam else 'ham'} {one_line(text)}" for text, is_spam in rows))
    n = 4 if has_characters else 0
    model = fasttext.train_supervised(
        str(path), wordNgrams=2, minn=n, maxn=n, dim=FASTTEXT_DIM, minCount=MIN_PASSAGES, thread=1, seed=0, verbose=0
    )
    model.save_model(str(folder / "model.bin"))


def load_fasttext(folder: Path) -> Scorer:
    """Load fastText's model; its `predict` of a list is one call into compiled code."""
    import fasttext

    model = fasttext.load_model(str(folder / "model.bin"))

    return Scorer(model.predict, model.predict, read=spam_shares)


def spam_shares(found: tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]]) -> NDArray[np.float64]:
    """Return the probability of spam from the likelier label of each text and its probability."""
    rows = zip(*found, strict=True)
    return np.array([share[0] if label[0] == "__label__spam" else 1 - share[0] for label, share in rows], np.float64)


# Vowpal Wabbit.


def train_vw(posts: Any, folder: Path) -> None:
    """Write the passages and fit Vowpal Wabbit in one pass over the file."""
    path = folder / "train.vw"
    rows = zip(*passage_texts(posts), strict=True)
    write_lines(path, (f"{1 if is_spam else -1} {vw_example(one_line(text))}" for text, is_spam in rows))
    train_vw_file(path, folder / "model.vw")


def train_vw_file(path: Path, model: Path) -> None:
    """Fit Vowpal Wabbit on a file in its format."""
    from vowpalwabbit import Workspace

    Workspace(VW_OPTIONS, quiet=True, data=str(path), final_regressor=str(model)).finish()


def load_vw(folder: Path) -> Scorer:
    """Load Vowpal Wabbit.

    Many texts go through its own reader, the fastest way there is: a file already written in its format is read by
    its parsing thread and learnt from by its other one, and its predictions, logits, go to a file. One text goes to
    a workspace that stays open.
    """
    from vowpalwabbit import Workspace

    found = folder / "predictions.txt"
    options = {"testonly": True, "quiet": True, "initial_regressor": str(folder / "model.vw")}
    workspace = Workspace(**options)

    def prepare(texts: list[str]) -> Path:
        path = folder / "documents.vw"
        write_lines(path, map(vw_example, texts))
        return path

    def score_many(path: Path) -> Path:
        Workspace(**options, data=str(path), predictions=str(found)).finish()
        return found

    return Scorer(score_many, lambda text: workspace.predict(vw_example(text)), prepare, np.loadtxt)


def vw_example(line: str) -> str:
    """Return a text of one line as an example without a label; bars and colons, which part its features, are spaces."""
    return "| " + line.replace("|", " ").replace(":", " ")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file of lines."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)


TRAIN_BOTH, TRAIN_WORDS = partial(train_own, has_characters=True), partial(train_own, has_characters=False)
CONTENDERS = (
    Contender(OWN, BOTH, "classifier", TRAIN_BOTH, load_own),
    Contender(OWN, WORDS, "classifier", TRAIN_WORDS, load_own),
    Contender(OWN, BOTH, "classifier", TRAIN_BOTH, load_own_in_threads, 2),
    Contender(OWN, WORDS, "classifier", TRAIN_WORDS, load_own_in_threads, 2),
    *(
        Contender(
            HASHING if is_hashed else TFIDF,
            BOTH if has_characters else WORDS,
            "sklearn",
            partial(train_sklearn, has_characters=has_characters, is_hashed=is_hashed),
            load_sklearn,
        )
        for is_hashed in (False, True)
        for has_characters in (True, False)
    ),
    Contender(FASTTEXT, BOTH, "fasttext", partial(train_fasttext, has_characters=True), load_fasttext),
    Contender(FASTTEXT, WORDS, "fasttext", partial(train_fasttext, has_characters=False), load_fasttext),
    Contender(VW, WORDS, "vowpalwabbit", train_vw, load_vw, 2),
)
