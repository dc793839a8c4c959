import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import ModelFileError
from classifier.inserts import FACTS
from classifier.record import FIELDS, MAX_HEADER_CHARS, MAX_TREES, TREE_FIELDS, decode, encode, nearest_levels
from classifier.trees import MAX_NODES, log_odds
from classifier.weights import Ballast

GONE = object()
# No number of any field.
NO_NUMBER = (GONE, None, "1", True, [], {}, float("nan"), float("inf"), -float("inf"), 10**400, -(10**400))
NUMBERS = {
    ("ballasts", 0, "value"): (-1, 1e4),
    ("ballasts", 1, "value"): (-1, 1e4),
    ("ballasts", 0, "coef"): (1e7, -1e7),
    ("ballasts", 1, "coef"): (1e7, -1e7),
    ("intercept",): (1e7, -1e7),
    ("page_ballasts", 0, "value"): (-1, 1e4),
    ("page_ballasts", 1, "value"): (-1, 1e4),
    ("page_ballasts", 0, "coef"): (1e7, -1e7),
    ("page_ballasts", 1, "coef"): (1e7, -1e7),
    ("page_intercept",): (1e7, -1e7),
    ("calibration", "slope"): (0, -1, 1e7),
    ("calibration", "offset"): (1e7,),
    ("calibration", "threshold"): (-0.1, 1.1),
    ("calibration", "unsure_from"): (-0.1, 1.1, 0.99),
    ("calibration", "max_fpr"): (-0.1, 1.1),
    ("calibration", "fpr_upper"): (-0.1, 1.1),
    ("calibration", "n_ham"): (-1, 1e13),
    ("pages", "trees", "trees"): (-1, 0, 1, 63, 65, MAX_TREES, MAX_TREES + 1, 1e7),
    ("pages", "trees", "nodes"): (-1, 0, 1, 2, 4, MAX_NODES, MAX_NODES + 1, 1e7),
    ("pages", "trees", "base"): (1e7, -1e7),
    ("pages", "high"): (-0.1, 1.1, 0.1),
    ("pages", "low"): (-0.1, 1.1, 0.9),
    ("pages", "page_coef", 2): (-1e7,),
    ("pages", "page_intercept"): (1e7, -1e7),
    ("pages", "unsure_from"): (-0.1, 1.1),
}
OTHERS = {
    ("spec",): (GONE, None, [], {}, "words", {"words": 2, "chars": [4], "bits": 14, "lines": 1}),
    ("spec", "words"): (GONE, None, -1, 3, True, 1.0, "2"),
    ("spec", "chars"): (GONE, None, 4, "4", [0], [8], [True], [4.0], [4] * 8, {"4": 4}),
    ("spec", "bits"): (GONE, None, 9, 25, 13, 15, 14.0, True, 10**400),
    ("ballasts",): (GONE, None, {}, 1, [], [{}, 1], [{"value": 1.0, "coef": 0.5}], [{"value": 1.0, "coef": 0.5}] * 3),
    ("page_ballasts",): (GONE, None, {}, 1, [], [{}, 1], [{"value": 1.0, "coef": 0.5}]),
    ("page_ballasts", 0): (GONE, None, [], 1, {}, {"value": 1.0}),
    ("page_ballasts", 1): (GONE, None, [], 1, {}, {"coef": 1.0}),
    ("ballasts", 0): (GONE, None, [], 1, {}, {"value": 1.0}),
    ("ballasts", 1): (GONE, None, [], 1, {}, {"coef": 1.0}),
    ("calibration",): (GONE, None, [], 1),
    ("pages",): (GONE, None, [], 1),
    ("pages", "trees"): (GONE, None, [], 1, "64", {}, {"trees": 64}, {"trees": 64, "nodes": 3}, [64, 3, 0.0]),
    ("pages", "page_coef"): (GONE, None, 1.0, [], {}, "111", [1.0, 1.0], [1.0] * 4),
    ("card",): (GONE, None, [], "card"),
}
WRONG_HEADERS = [
    (place, value)
    for places, always in ((NUMBERS, NO_NUMBER), (OTHERS, ()))
    for place, values in places.items()
    for value in (*always, *values)
]


@pytest.fixture(scope="module")
def whole(model):
    """A model whose page weights are others than its weights."""
    ballasts = (Ballast(3.5, -0.25), Ballast(5.5, 0.125))
    weights = replace(model.weights, coef=model.weights.coef * -1.5, ballasts=ballasts, intercept=-0.7)
    trees = replace(model.pages.trees, base=-1.75)
    pages = replace(model.pages, trees=trees, page_coef=(1.0, 0.5, -0.25), page_intercept=-0.3)
    return replace(model, page_weights=weights, pages=pages)


@pytest.fixture(scope="module")
def record(whole):
    return {"format": 2, **encode(whole.weights, whole.calibration, whole.page_weights, whole.pages, whole.card)}


def changed(header: str, place: tuple[str | int, ...], value: object) -> str:
    fields = json.loads(header)
    inner = fields
    for name in place[:-1]:
        inner = inner[name]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return json.dumps(fields)


def refused(record, wrong: str = "") -> None:
    with pytest.raises(ModelFileError, match=rf"^m\.joblib: .*{re.escape(wrong)}.*; the model is broken or forged, "):
        decode(record, "m.joblib")


def test_a_model_comes_back_as_it_was(whole, record):
    weights, calibration, page_weights, pages, card = decode(record, "m.joblib")
    kept = whole.weights.idf != 0
    for found, expected in ((weights, whole.weights), (page_weights, whole.page_weights)):
        assert np.array_equal(found.idf, expected.idf)
        assert np.array_equal(found.coef, np.where(kept, expected.coef, 0))
        assert (found.spec, found.ballasts, found.intercept) == (expected.spec, expected.ballasts, expected.intercept)
    assert (calibration, card) == (whole.calibration, whole.card)
    assert replace(pages, trees=whole.pages.trees) == whole.pages
    assert pages.trees.base == whole.pages.trees.base
    for name in ("fact", "limit", "yes", "no", "value"):
        found, expected = getattr(pages.trees, name), getattr(whole.pages.trees, name)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_what_came_back_gives_the_same_bytes(record):
    weights, calibration, page_weights, pages, card = decode(record, "m.joblib")
    assert {"format": 2, **encode(weights, calibration, page_weights, pages, card)} == record


def test_a_record_has_the_fields_that_are_told(record):
    assert record.keys() == FIELDS
    assert json.loads(record["header"])["pages"]["trees"] == {"trees": 64, "nodes": 3, "base": -1.75}


@pytest.mark.parametrize(("place", "value"), WRONG_HEADERS)
def test_a_wrong_header_field_is_refused(record, place, value):
    refused({**record, "header": changed(record["header"], place, value)})


def test_the_refusal_names_field_value_and_range(record):
    header = changed(record["header"], ("calibration", "threshold"), 1.5)
    refused({**record, "header": header}, "threshold is 1.5, a number from 0 to 1 was expected")


@pytest.mark.parametrize("header", ["", "{", "[]", "1", "null", "{" * 99_999, '{"a":' * 99_999, None, 1, b"{}", {}])
def test_a_header_that_is_no_json_object_is_refused(record, header):
    refused({**record, "header": header}, "the header")


def test_a_long_header_is_refused(record):
    refused({**record, "header": " " * (MAX_HEADER_CHARS + 1)}, "at most 1,000,000 characters")


@pytest.mark.parametrize(
    "place",
    [
        ("ballasts",),
        ("ballasts", 1, "coef"),
        ("spec", "words"),
        ("calibration",),
        ("calibration", "slope"),
        ("page_ballasts",),
        ("pages", "trees"),
        ("pages", "trees", "nodes"),
        ("pages", "page_coef"),
    ],
)
def test_a_value_nested_at_any_depth_is_refused(record, place):
    marked = changed(record["header"], place, "NESTED")
    for depth in range(1, 1_200, 7):
        refused({**record, "header": marked.replace('"NESTED"', "[" * depth + "]" * depth)})


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_missing_field_is_named(record, field):
    refused({name: value for name, value in record.items() if name != field}, f"no field {field}")


@pytest.mark.parametrize("field", ["seen", "idf_levels", "idf", "coef", "page_coef"])
@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: a[:-4], lambda a: a + a, lambda a: b"", lambda a: "a"])
def test_an_array_of_the_wrong_length_or_type_is_refused(record, field, change):
    refused({**record, field: change(record[field])}, "field")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e6, -2e6])
@pytest.mark.parametrize("field", ["idf_levels", "coef", "page_coef"])
def test_a_value_that_is_no_weight_is_refused(record, field, value):
    values = np.frombuffer(record[field], "<f4").copy()
    values[len(values) // 2] = value
    refused({**record, field: values.tobytes()}, f"field {field} has values that are not finite or beyond 1e+06")


@pytest.mark.parametrize("value", [0.0, -0.0, -1.0])
def test_an_idf_that_is_not_positive_is_refused(record, value):
    levels = np.frombuffer(record["idf_levels"], "<f4").copy()
    levels[0] = value
    refused({**record, "idf_levels": levels.tobytes()}, "field idf_levels has values that do not ascend from above 0")


def test_an_idf_without_a_level_is_refused(record):
    index = np.frombuffer(record["idf"], "<u2").copy()
    index[0] = len(record["idf_levels"]) // 4
    refused({**record, "idf": index.tobytes()}, "fields idf, coef and page_coef do not fit")


# Trees


def altered(record, *changes: tuple[str, int, float]):
    """The record with some nodes of its trees changed, which come tree after tree and have three nodes each."""
    forged = dict(record)
    for name, node, value in changes:
        values = np.frombuffer(forged[name], TREE_FIELDS[name]).copy()
        values[node] = value
        forged[name] = values.tobytes()
    return forged


@pytest.mark.parametrize("field", sorted(TREE_FIELDS))
@pytest.mark.parametrize(
    "change",
    [lambda a: a[:-1], lambda a: a[:-8], lambda a: a[8:], lambda a: a + a, lambda a: a + bytes(8), lambda a: b""],
)
def test_trees_of_the_wrong_length_are_refused(record, field, change):
    refused({**record, field: change(record[field])}, "tree")


@pytest.mark.parametrize("field", sorted(TREE_FIELDS))
@pytest.mark.parametrize("value", ["", None, 0, [0], bytearray(192)])
def test_trees_that_are_no_bytes_are_refused(record, field, value):
    refused({**record, field: value}, f"field {field} is no array of {TREE_FIELDS[field]}")


@pytest.mark.parametrize(
    "changes",
    [
        [("tree_yes", 0, 0)],
        [("tree_no", 0, 0)],
        [("tree_yes", 0, 0), ("tree_no", 0, 0), ("tree_yes", 1, 2)],
        [("tree_yes", 1, 2)],
        [("tree_no", 1, 2)],
        [("tree_yes", 1, 0)],
        [("tree_no", 2, 1)],
        [("tree_yes", 2, 0), ("tree_no", 2, 0)],
        [("tree_yes", 0, 3)],
        [("tree_no", 0, 255)],
        [("tree_yes", 2, 3), ("tree_no", 2, 3)],
        [("tree_yes", 189, 0)],
        [("tree_no", 191, 1)],
        [("tree_fact", 0, len(FACTS))],
        [("tree_fact", 1, 255)],
        [("tree_fact", 191, len(FACTS))],
    ],
    ids=str,
)
def test_trees_that_do_not_end_or_ask_of_no_fact_are_refused(record, changes):
    refused(altered(record, *changes), "the trees do not end, or ask of facts there are not")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e6, -2e6])
@pytest.mark.parametrize(("field", "node"), [(name, n) for name in ("tree_limit", "tree_value") for n in (0, 1, 191)])
def test_a_number_of_a_tree_that_is_none_is_refused(record, field, node, value):
    refused(altered(record, (field, node, value)), "the trees have numbers that are not finite or beyond 1e+06")


def of_shape(record, n_trees: int, n_nodes: int, **rows: list[int]):
    """The record with other trees: leaves, but for the rows given of the first."""
    nodes = np.tile(np.arange(n_nodes), (n_trees, 1))
    trees = {"tree_fact": nodes * 0, "tree_limit": nodes * 0, "tree_yes": nodes, "tree_no": nodes, "tree_value": nodes}
    for name, row in rows.items():
        trees[name] = trees[name].copy()
        trees[name][0] = row
    header = changed(record["header"], ("pages", "trees"), {"trees": n_trees, "nodes": n_nodes, "base": 0.0})
    return {**record, "header": header, **{name: trees[name].astype(TREE_FIELDS[name]).tobytes() for name in trees}}


@pytest.mark.parametrize(
    ("n_trees", "n_nodes", "wrong"),
    [
        (0, 3, f"trees is 0, a number from 1 to {MAX_TREES} was expected"),
        (3, 0, f"nodes is 0, a number from 1 to {MAX_NODES} was expected"),
        (MAX_TREES + 1, 1, f"trees is {MAX_TREES + 1}, "),
        (1, MAX_NODES + 1, f"nodes is {MAX_NODES + 1}, "),
    ],
)
def test_too_few_or_too_many_trees_are_refused(record, n_trees, n_nodes, wrong):
    refused(of_shape(record, n_trees, n_nodes), wrong)


@pytest.mark.parametrize(("n_trees", "n_nodes"), [(1, 1), (MAX_TREES, 1), (1, MAX_NODES)])
def test_as_few_and_as_many_trees_as_allowed_come_back(record, n_trees, n_nodes):
    trees = decode(of_shape(record, n_trees, n_nodes), "m.joblib")[3].trees
    assert trees.fact.shape == (n_trees, n_nodes)
    assert log_odds(np.zeros((1, len(FACTS))), trees).tolist() == [0]


def ends(yes: list[int], no: list[int]) -> bool:
    """Whether every node is a leaf or has both branches behind it."""
    return all(
        a == b == i or (i < a < len(yes) and i < b < len(yes)) for i, (a, b) in enumerate(zip(yes, no, strict=True))
    )


BRANCHES = st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, n), min_size=n, max_size=n)] * 2))


@given(branches=BRANCHES | st.sampled_from([([1, 1, 3, 3], [2, 1, 3, 3]), ([2, 2, 2], [1, 2, 2])]))
def test_trees_come_back_if_and_only_if_each_ends(record, branches):
    yes, no = branches
    forged = of_shape(record, 2, len(yes), tree_yes=yes, tree_no=no)
    if not ends(yes, no):
        refused(forged, "the trees do not end")
        return
    trees = decode(forged, "m.joblib")[3].trees
    assert (trees.yes[0].tolist(), trees.no[0].tolist()) == (yes, no)
    assert np.isfinite(log_odds(np.array([[-1.0] * len(FACTS), [1.0] * len(FACTS)]), trees)).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(place=st.sampled_from([*NUMBERS, *OTHERS]), value=JSON)
def test_any_header_value_gives_a_model_or_a_refusal(record, place, value):
    forged = {**record, "header": changed(record["header"], place, value)}
    try:
        weights, calibration, page_weights, pages, _ = decode(forged, "m.joblib")
    except ModelFileError:
        return
    constants = [c for w in (weights, page_weights) for b in w.ballasts for c in (b.value, b.coef, w.intercept)]
    constants += [*pages.page_coef, pages.page_intercept, pages.trees.base, calibration.slope, calibration.threshold]
    assert np.isfinite(constants).all()
    assert pages.trees.fact.shape == (64, 3)


def test_each_idf_gets_its_nearest_level_where_there_are_too_many():
    idf = np.random.default_rng(0).uniform(1, 12, 100_000).astype(np.float32)
    levels, index = nearest_levels(idf)
    assert len(levels) <= 1 << 16
    assert (np.diff(levels) > 0).all()
    error = np.abs(levels[index] - idf)
    for neighbour in (np.maximum(index - 1, 0), np.minimum(index + 1, len(levels) - 1)):
        assert (error <= np.abs(levels[neighbour] - idf) + 1e-6).all()
