"""The trees: a sum of small decision trees, as arrays.

Boosted trees (Friedman 2001) ask of a few facts, one after the other, whether each is at most a limit, and so take in
what a weighted sum cannot: that a link says much in a news page and little in a forum. They are fitted by scikit-learn
(`classifier.page_training`) and applied here, without it.

Invariant: every tree ends: a branch lies behind its node in the tree's row of nodes, and a leaf is its own branch.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# A branch is one byte.
MAX_NODES = 255


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """A sum of decision trees; each array has the shape (n_trees, n_nodes), node 0 being the root.

    Attributes
    ----------
    fact : uint8 array
        Which fact a node asks for; 0 at a leaf.
    limit : float64 array
        Up to this the answer is yes.
    yes, no : uint8 arrays
        The node that follows; at a leaf the leaf itself.
    value : float64 array
        Log-odds that a leaf adds; 0 elsewhere.
    base : float
        Log-odds before any tree.
    """

    fact: NDArray[np.uint8]
    limit: NDArray[np.float64]
    yes: NDArray[np.uint8]
    no: NDArray[np.uint8]
    value: NDArray[np.float64]
    base: float

    @property
    def n_steps(self) -> int:
        """The number of steps on the longest way down; 0 where every tree is a leaf."""
        return count_steps(self)


@lru_cache(maxsize=8)  # counting takes as long as judging a page
def count_steps(trees: Trees) -> int:
    """Count the steps on the longest way down."""
    n_trees, n_nodes = trees.fact.shape
    depth = np.zeros((n_trees, n_nodes), np.int64)
    for node in range(n_nodes):
        for branch in (trees.yes[:, node], trees.no[:, node]):
            rows = np.flatnonzero(branch > node)
            depth[rows, branch[rows]] = np.maximum(depth[rows, branch[rows]], depth[rows, node] + 1)
    return int(depth.max(initial=0))


def log_odds(facts: NDArray[np.float64], trees: Trees) -> NDArray[np.float64]:
    """Return what the trees say of each row of facts.

    Parameters
    ----------
    facts : float64 array of shape (n_rows, n_facts)
    trees : Trees

    Returns
    -------
    float64 array of shape (n_rows,)
    """
    n_trees, n_nodes = trees.fact.shape
    row = np.arange(len(facts))[:, np.newaxis]
    root = np.arange(n_trees) * n_nodes
    node = np.broadcast_to(root, (len(facts), n_trees))
    fact, limit, value = trees.fact.ravel(), trees.limit.ravel(), trees.value.ravel()
    yes, no = (branch.astype(np.int64).ravel() for branch in (trees.yes, trees.no))
    for _ in range(trees.n_steps):
        node = root + np.where(facts[row, fact[node]] <= limit[node], yes[node], no[node])
    return np.asarray(value[node].sum(axis=1) + trees.base)
