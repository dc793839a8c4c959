from dataclasses import replace

import numpy as np
import pytest
from corpus import stairs
from hypothesis import given
from hypothesis import strategies as st

from classifier.trees import MAX_NODES, Trees, log_odds

N_FACTS = 3
# Sums of quarters are exact in any order, and a fact often equals a limit.
QUARTERS = st.integers(-8, 8).map(lambda n: n / 4)
ROWS = st.lists(st.lists(QUARTERS, min_size=N_FACTS, max_size=N_FACTS), min_size=1, max_size=6).map(np.array)


@st.composite
def grown(draw) -> Trees:
    """A few trees of as many nodes each, grown from the root; nodes that a small tree does not need are leaves."""
    shape = n_trees, n_nodes = draw(st.integers(1, 4)), draw(st.integers(1, 15))
    fact, limit, value = np.zeros(shape, np.uint8), np.zeros(shape), np.zeros(shape)
    yes, no = (np.tile(np.arange(n_nodes, dtype=np.uint8), (n_trees, 1)) for _ in range(2))
    for tree in range(n_trees):
        leaves = [0]
        for free in range(1, draw(st.integers(1, n_nodes)) - 1, 2):
            node = leaves.pop(draw(st.integers(0, len(leaves) - 1)))
            yes[tree, node], no[tree, node] = draw(st.permutations([free, free + 1]))
            fact[tree, node], limit[tree, node] = draw(st.integers(0, N_FACTS - 1)), draw(QUARTERS)
            leaves += [free, free + 1]
        value[tree, leaves] = [draw(QUARTERS) for _ in leaves]
    return Trees(fact, limit, yes, no, value, draw(QUARTERS))


def chain(n_nodes: int) -> Trees:
    """One tree that asks of a fact whether it is at most 0, 1, 2 ... and stops at the first yes, worth that number."""
    n_asked = n_nodes // 2
    here = np.arange(n_nodes, dtype=np.uint8)
    limit, yes, no, value = np.zeros(n_nodes), here.copy(), here.copy(), np.zeros(n_nodes)
    limit[0 : 2 * n_asked : 2] = range(n_asked)
    yes[0 : 2 * n_asked : 2], no[0 : 2 * n_asked : 2] = here[1::2], here[2::2]
    value[1::2], value[-1] = range(n_asked), n_asked
    rows = (array[np.newaxis] for array in (np.zeros(n_nodes, np.uint8), limit, yes, no, value))
    return Trees(*rows, 0.0)


def walked(row, trees: Trees, tree: int, node: int = 0) -> float:
    """Go down one tree until a node is its own branch."""
    is_yes = row[trees.fact[tree, node]] <= trees.limit[tree, node]
    branch = int((trees.yes if is_yes else trees.no)[tree, node])
    return trees.value[tree, node] if branch == node else walked(row, trees, tree, branch)


def height(trees: Trees, tree: int, node: int = 0) -> int:
    branches = {int(trees.yes[tree, node]), int(trees.no[tree, node])} - {node}
    return max((1 + height(trees, tree, branch) for branch in branches), default=0)


@given(trees=grown(), rows=ROWS)
def test_log_odds_are_those_of_a_walk_down_each_tree(trees, rows):
    expected = [trees.base + sum(walked(row, trees, tree) for tree in range(len(trees.fact))) for row in rows]
    assert log_odds(rows, trees).tolist() == expected


@given(trees=grown())
def test_steps_are_as_many_as_the_tallest_tree_needs(trees):
    assert trees.n_steps == max(height(trees, tree) for tree in range(len(trees.fact)))


@pytest.mark.parametrize(("n_nodes", "n_steps"), [(1, 0), (3, 1), (5, 2), (MAX_NODES, MAX_NODES // 2)])
def test_steps_by_example(n_nodes, n_steps):
    assert chain(n_nodes).n_steps == n_steps


def test_a_tree_of_all_the_nodes_a_byte_can_tell_is_walked_to_its_end():
    n_asked = MAX_NODES // 2
    rows = np.array([[-1.0], [0], [0.5], [n_asked - 1], [n_asked]])
    assert log_odds(rows, chain(MAX_NODES)).tolist() == [0, 0, 1, n_asked - 1, n_asked]


def test_ways_that_meet_again_are_walked_to_their_end():
    """The longer way to node 4 is over nodes 1 and 2, the shorter, over node 3, is the one in a later node."""
    branches = np.array([[1, 2, 4, 4, 4], [3, 2, 4, 4, 4]], np.uint8)
    branches[:, 1] = [2, 4]
    zeros = np.zeros((1, 5))
    trees = Trees(zeros.astype(np.uint8), zeros, branches[:1], branches[1:], np.array([[0, 0, 0, 0, 1.0]]), 0.0)
    assert trees.n_steps == 3
    assert log_odds(np.array([[-1.0], [1.0]]), trees).tolist() == [1, 1]


@given(trees=grown(), rows=ROWS, data=st.data())
def test_a_row_is_judged_alone_whatever_its_place(trees, rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    found = log_odds(rows, trees)
    assert log_odds(rows[order], trees).tolist() == found[order].tolist()
    assert [log_odds(row[np.newaxis], trees)[0] for row in rows] == found.tolist()


@given(trees=grown())
def test_no_rows_have_no_log_odds(trees):
    found = log_odds(np.empty((0, N_FACTS)), trees)
    assert found.shape == (0,)
    assert found.dtype == np.float64


@given(trees=grown(), rows=ROWS, rise=QUARTERS)
def test_the_base_is_added_once(trees, rows, rise):
    raised = replace(trees, base=trees.base + rise)
    assert log_odds(rows, raised).tolist() == (log_odds(rows, trees) + rise).tolist()


@given(first=st.floats(allow_nan=False), other=st.floats(allow_nan=False), step=st.sampled_from([0.25, 0.5, 1.0]))
def test_stairs_give_back_the_first_fact_to_the_step(first, other, step):
    found = float(log_odds(np.array([[first, other]]), stairs(step))[0])
    assert found % step == 0
    assert abs(found - np.clip(first, -8, 8)) <= step / 2


@pytest.mark.parametrize(("limit", "answer"), [(0.5, 1.0), (0.25, 2.0)])
def test_a_limit_is_inclusive(limit, answer):
    branches = [np.array([branch], np.uint8) for branch in ([1, 1, 2], [2, 1, 2])]
    trees = Trees(np.zeros((1, 3), np.uint8), np.array([[limit, 0, 0]]), *branches, np.array([[0, 1.0, 2.0]]), 0.0)
    assert log_odds(np.array([[0.5]]), trees).tolist() == [answer]
