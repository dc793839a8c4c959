import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import ModelFileError
from classifier.record import MAX_HEADER_CHARS, decode, encode, nearest_levels

GONE = object()
# No number of any field.
NO_NUMBER = (GONE, None, "1", True, [], {}, float("nan"), float("inf"), -float("inf"), 10**400, -(10**400))
NUMBERS = {
    ("ballasts", 0, "value"): (-1, 1e4),
    ("ballasts", 1, "value"): (-1, 1e4),
    ("ballasts", 0, "coef"): (1e7, -1e7),
    ("ballasts", 1, "coef"): (1e7, -1e7),
    ("intercept",): (1e7, -1e7),
    ("calibration", "slope"): (0, -1, 1e7),
    ("calibration", "offset"): (1e7,),
    ("calibration", "threshold"): (-0.1, 1.1),
    ("calibration", "unsure_from"): (-0.1, 1.1, 0.99),
    ("calibration", "max_fpr"): (-0.1, 1.1),
    ("calibration", "fpr_upper"): (-0.1, 1.1),
    ("calibration", "n_ham"): (-1, 1e13),
    ("pages", "coef", 0): (1e7,),
    ("pages", "intercept"): (1e7, -1e7),
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
    ("ballasts", 0): (GONE, None, [], 1, {}, {"value": 1.0}),
    ("ballasts", 1): (GONE, None, [], 1, {}, {"coef": 1.0}),
    ("calibration",): (GONE, None, [], 1),
    ("pages",): (GONE, None, [], 1),
    ("pages", "coef"): (GONE, None, [], [1.0], {}, "1"),
    ("pages", "page_coef"): (GONE, None, [1.0, 1.0], [1.0] * 4),
    ("card",): (GONE, None, [], "card"),
}
WRONG_HEADERS = [
    (place, value)
    for places, always in ((NUMBERS, NO_NUMBER), (OTHERS, ()))
    for place, values in places.items()
    for value in (*always, *values)
]


@pytest.fixture(scope="module")
def record(model):
    return {"format": 1, **encode(model.weights, model.calibration, model.pages, model.card)}


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


def test_a_model_comes_back_as_it_was(model, record):
    weights, calibration, pages, card = decode(record, "m.joblib")
    assert np.array_equal(weights.idf, model.weights.idf)
    assert np.array_equal(weights.coef, np.where(model.weights.idf != 0, model.weights.coef, 0))
    assert (weights.spec, weights.ballasts) == (model.weights.spec, model.weights.ballasts)
    assert weights.intercept == model.weights.intercept
    assert (calibration, pages, card) == (model.calibration, model.pages, model.card)


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
    "place", [("ballasts",), ("ballasts", 1, "coef"), ("spec", "words"), ("calibration",), ("calibration", "slope")]
)
def test_a_value_nested_at_any_depth_is_refused(record, place):
    marked = changed(record["header"], place, "NESTED")
    for depth in range(1, 1_200, 7):
        refused({**record, "header": marked.replace('"NESTED"', "[" * depth + "]" * depth)})


@pytest.mark.parametrize("field", ["header", "seen", "idf_levels", "idf", "coef"])
def test_a_missing_field_is_named(record, field):
    refused({name: value for name, value in record.items() if name != field}, f"no field {field}")


@pytest.mark.parametrize("field", ["seen", "idf_levels", "idf", "coef"])
@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: a[:-4], lambda a: a + a, lambda a: b"", lambda a: "a"])
def test_an_array_of_the_wrong_length_or_type_is_refused(record, field, change):
    refused({**record, field: change(record[field])}, "field")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e6, -2e6])
@pytest.mark.parametrize("field", ["idf_levels", "coef"])
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
    refused({**record, "idf": index.tobytes()}, "fields idf and coef do not fit")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(place=st.sampled_from([*NUMBERS, *OTHERS]), value=JSON)
def test_any_header_value_gives_a_model_or_a_refusal(record, place, value):
    try:
        weights, calibration, pages, _ = decode(
            {**record, "header": changed(record["header"], place, value)}, "m.joblib"
        )
    except ModelFileError:
        return
    constants = [number for ballast in weights.ballasts for number in (ballast.value, ballast.coef)]
    constants += [*pages.coef, *pages.page_coef, pages.intercept, pages.page_intercept]
    assert np.isfinite([*constants, weights.intercept, calibration.slope, calibration.threshold]).all()


def test_each_idf_gets_its_nearest_level_where_there_are_too_many():
    idf = np.random.default_rng(0).uniform(1, 12, 100_000).astype(np.float32)
    levels, index = nearest_levels(idf)
    assert len(levels) <= 1 << 16
    assert (np.diff(levels) > 0).all()
    error = np.abs(levels[index] - idf)
    for neighbour in (np.maximum(index - 1, 0), np.minimum(index + 1, len(levels) - 1)):
        assert (error <= np.abs(levels[neighbour] - idf) + 1e-6).all()
