"""Plain scikit-learn pipelines that must give the numbers of `classifier.weights`: the reference of the tests."""

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, Normalizer

from classifier.ngrams import Counts, NgramSpec


def presence(counts: Counts, spec: NgramSpec) -> csr_matrix:
    """Lay out which n-grams each text has, one column a bucket."""
    ones = np.ones(len(counts.buckets))
    return csr_matrix((ones, counts.buckets, counts.starts), (len(counts.starts) - 1, spec.n_buckets))


def block(columns: np.ndarray, constant: float) -> Pipeline:
    """Weigh one block: its columns, TF-IDF, the constant feature, the norm."""
    return make_pipeline(
        FunctionTransformer(lambda present: present[:, columns]),
        TfidfTransformer(norm=None),
        FunctionTransformer(lambda tfidf: hstack([tfidf, np.full((tfidf.shape[0], 1), constant)]).tocsr()),
        Normalizer(),
    )


def two_blocks(
    spec: NgramSpec, constants: tuple[float, float], regression: LogisticRegression, kept: np.ndarray | None = None
) -> Pipeline:
    """Return a pipeline over `presence` rows: words and characters side by side, then the regression."""
    kept = np.arange(spec.n_buckets) if kept is None else kept
    words = block(kept[kept < spec.block_size], constants[0])
    characters = block(kept[kept >= spec.block_size], constants[1])
    return make_pipeline(make_union(words, characters), regression)
