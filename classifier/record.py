"""The record: a model's fitted numbers as a header and arrays of bytes, and back.

Every field is checked on the way back: type, length, range and finiteness, so that a forged file ends
in a `ModelFileError` and never in wrong scores or a crash.

| field | holds |
|---|---|
| `header` | JSON: `spec`, `ballasts`, `intercept`, `calibration`, `page_ballasts`, `page_intercept`, `pages`, `card` |
| `seen` | one bit a bucket, most significant first: whether the fit kept it |
| `idf_levels` | float32: the distinct inverse document frequencies, ascending |
| `idf` | uint16 a kept bucket: which level |
| `coef` | float32 a kept bucket |
| `page_coef` | the same for the units of pages |
| `tree_fact`, `tree_yes`, `tree_no` | uint8 a node of the trees that judge units, tree after tree |
| `tree_limit`, `tree_value` | float64 a node |
"""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Calibration
from classifier.errors import ModelFileError
from classifier.inserts import FACTS, N_PAGE_FACTS, PageWeights
from classifier.ngrams import NgramSpec
from classifier.trees import MAX_NODES, Trees
from classifier.weights import Ballast, Weights

TREE_FIELDS = {"tree_fact": "u1", "tree_limit": "<f8", "tree_yes": "u1", "tree_no": "u1", "tree_value": "<f8"}
FIELDS = {"format", "header", "seen", "idf_levels", "idf", "coef", "page_coef", *TREE_FIELDS}
MAX_HEADER_CHARS = 1_000_000
# Every unit of a page goes down every tree; the shipped model has 300.
MAX_TREES = 5_000
# Beyond this a logit is no longer a number one can explain; fitted coefficients stay below 100.
MAX_MAGNITUDE = 1e6


def encode(
    weights: Weights, calibration: Calibration, page_weights: Weights, pages: PageWeights, card: dict[str, Any]
) -> dict[str, str | bytes]:
    """Return the fields of a model file."""
    kept = weights.idf != 0
    levels, index = np.unique(weights.idf[kept], return_inverse=True)
    if len(levels) > 1 << 16:
        levels, index = nearest_levels(weights.idf[kept])
    header = {
        "spec": {"words": weights.spec.words, "chars": list(weights.spec.chars), "bits": weights.spec.bits},
        "ballasts": [asdict(ballast) for ballast in weights.ballasts],
        "intercept": weights.intercept,
        "calibration": asdict(calibration),
        "page_ballasts": [asdict(ballast) for ballast in page_weights.ballasts],
        "page_intercept": page_weights.intercept,
        "pages": describe_pages(pages),
        "card": card,
    }
    return {
        "header": json.dumps(header, ensure_ascii=False, sort_keys=True, allow_nan=False),
        "seen": np.packbits(kept).tobytes(),
        "idf_levels": levels.astype("<f4").tobytes(),
        "idf": index.astype("<u2").tobytes(),
        "coef": weights.coef[kept].astype("<f4").tobytes(),
        "page_coef": page_weights.coef[kept].astype("<f4").tobytes(),
        **{
            name: np.asarray(getattr(pages.trees, name.removeprefix("tree_"))).astype(dtype).tobytes()
            for name, dtype in TREE_FIELDS.items()
        },
    }


def describe_pages(pages: PageWeights) -> dict[str, Any]:
    """Return what judges pages as plain JSON data, of the trees their shape and base alone."""
    n_trees, n_nodes = pages.trees.fact.shape
    fields = {name: getattr(pages, name) for name in ("high", "low", "page_coef", "page_intercept", "unsure_from")}
    return {"trees": {"trees": n_trees, "nodes": n_nodes, "base": pages.trees.base}, **fields}


def nearest_levels(idf: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return at most 2**16 levels and which is nearest to each value; for fits on millions of posts."""
    levels = np.unique(np.sort(idf)[np.linspace(0, len(idf) - 1, 1 << 16).astype(int)])
    return levels, np.searchsorted((levels[1:] + levels[:-1]) / 2, idf)


def decode(record: dict[str, Any], where: str) -> tuple[Weights, Calibration, Weights, PageWeights, dict[str, Any]]:
    """Check the fields of a model file and build from them.

    Raises
    ------
    ModelFileError
        If a field is missing, of the wrong type or length, out of range or not finite.
    """
    missing = FIELDS - set(record)
    if missing:
        raise refusal(where, f"no field {', '.join(sorted(missing))}")
    header = decode_header(record["header"], where)
    card = header.get("card")
    if not isinstance(card, dict):
        raise refusal(where, "the header has no card")
    spec = decode_spec(header.get("spec"), where)
    idf, (coef, page_coef) = decode_arrays(record, spec.n_buckets, where)
    weights, page_weights = (
        Weights(
            spec,
            idf,
            values,
            decode_ballasts(header.get(f"{prefix}ballasts"), where),
            number(header, f"{prefix}intercept", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
        )
        for prefix, values in (("", coef), ("page_", page_coef))
    )
    pages = decode_pages(header.get("pages"), record, where)
    return weights, decode_calibration(header.get("calibration"), where), page_weights, pages, card


def decode_arrays(
    record: dict[str, Any], n_buckets: int, where: str
) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Read the idf of each bucket, and its two coefficients."""
    seen = array(record, "seen", "u1", where)
    if len(seen) != n_buckets // 8:
        raise refusal(where, f"field seen has {len(seen):,} bytes, {n_buckets // 8:,} were expected")
    kept = np.unpackbits(seen).astype(bool)
    n_kept = int(kept.sum())
    levels, index = array(record, "idf_levels", "<f4", where), array(record, "idf", "<u2", where)
    coef, page_coef = array(record, "coef", "<f4", where), array(record, "page_coef", "<f4", where)
    if {len(index), len(coef), len(page_coef)} != {n_kept} or (n_kept and index.max() >= len(levels)):
        raise refusal(where, f"fields idf, coef and page_coef do not fit the {n_kept:,} buckets kept")
    for name, values in (("idf_levels", levels), ("coef", coef), ("page_coef", page_coef)):
        if not np.isfinite(values).all() or (len(values) and np.abs(values).max() > MAX_MAGNITUDE):
            raise refusal(where, f"field {name} has values that are not finite or beyond {MAX_MAGNITUDE:g}")
    if (np.diff(levels, prepend=0) <= 0).any():
        raise refusal(where, "field idf_levels has values that do not ascend from above 0")
    return scatter(kept, levels[index]), (scatter(kept, coef), scatter(kept, page_coef))


def refusal(where: str, wrong: str) -> ModelFileError:
    """Return the error for a field that is wrong."""
    return ModelFileError(f"{where}: {wrong}; the model is broken or forged, fetch or train it again")


def decode_header(header: object, where: str) -> dict[str, Any]:
    """Read the header."""
    if not isinstance(header, str) or len(header) > MAX_HEADER_CHARS:
        raise refusal(where, f"the header is no text of at most {MAX_HEADER_CHARS:,} characters")
    try:
        found = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise refusal(where, f"the header is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise refusal(where, "the header is no JSON object")
    return found


def decode_spec(spec: object, where: str) -> NgramSpec:
    """Read which n-grams are counted."""
    if isinstance(spec, dict) and spec.keys() == {"words", "chars", "bits"} and isinstance(spec["chars"], list):
        words, chars, bits = spec["words"], spec["chars"], spec["bits"]
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (words, bits, *chars))
        if whole and 0 <= words <= 2 and 10 <= bits <= 24 and len(chars) <= 7 and all(1 <= n <= 7 for n in chars):
            return NgramSpec(words, tuple(chars), bits)
    raise refusal(where, "the header names no n-grams that this release can count")


def decode_ballasts(fields: object, where: str) -> tuple[Ballast, Ballast]:
    """Read the constant feature of each block."""
    if not isinstance(fields, list) or len(fields) != 2 or not all(isinstance(ballast, dict) for ballast in fields):
        raise refusal(where, "the header has no ballasts of the two blocks")
    words, characters = (
        Ballast(
            number(ballast, "value", where, 0, 1e3),
            number(ballast, "coef", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
        )
        for ballast in fields
    )
    return words, characters


def decode_calibration(fields: object, where: str) -> Calibration:
    """Read the calibration."""
    if not isinstance(fields, dict):
        raise refusal(where, "the header has no calibration")
    calibration = Calibration(
        slope=number(fields, "slope", where, 0, MAX_MAGNITUDE),
        offset=number(fields, "offset", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
        threshold=number(fields, "threshold", where, 0, 1),
        unsure_from=number(fields, "unsure_from", where, 0, 1),
        max_fpr=number(fields, "max_fpr", where, 0, 1),
        fpr_upper=number(fields, "fpr_upper", where, 0, 1),
        n_ham=int(number(fields, "n_ham", where, 0, 1e12)),
    )
    if calibration.slope <= 0 or calibration.unsure_from > calibration.threshold:
        raise refusal(where, "the calibration does not keep the order of scores")
    return calibration


def decode_trees(fields: object, record: dict[str, Any], where: str) -> Trees:
    """Read the trees; each must end, and ask of facts there are."""
    if not isinstance(fields, dict):
        raise refusal(where, "the header has no trees")
    n_trees = int(number(fields, "trees", where, 1, MAX_TREES))
    n_nodes = int(number(fields, "nodes", where, 1, MAX_NODES))
    nodes = {name: array(record, name, dtype, where) for name, dtype in TREE_FIELDS.items()}
    if any(len(values) != n_trees * n_nodes for values in nodes.values()):
        raise refusal(where, f"the trees are not {n_trees:,} of {n_nodes:,} nodes")
    fact, limit, yes, no, value = (values.reshape(n_trees, n_nodes) for values in nodes.values())
    for values in (limit, value):
        if not np.isfinite(values).all() or np.abs(values).max() > MAX_MAGNITUDE:
            raise refusal(where, f"the trees have numbers that are not finite or beyond {MAX_MAGNITUDE:g}")
    here = np.arange(n_nodes)
    is_leaf = (yes == here) & (no == here)
    goes_on = (yes > here) & (no > here) & (np.maximum(yes, no) < n_nodes)
    if not (is_leaf | goes_on).all() or fact.max() >= len(FACTS):
        raise refusal(where, "the trees do not end, or ask of facts there are not")
    return Trees(fact, limit, yes, no, value, number(fields, "base", where, -MAX_MAGNITUDE, MAX_MAGNITUDE))


def decode_pages(fields: object, record: dict[str, Any], where: str) -> PageWeights:
    """Read what judges units and pages."""
    if not isinstance(fields, dict):
        raise refusal(where, "the header has no pages")
    pages = PageWeights(
        trees=decode_trees(fields.get("trees"), record, where),
        high=number(fields, "high", where, 0, 1),
        low=number(fields, "low", where, 0, 1),
        page_coef=numbers(fields, "page_coef", N_PAGE_FACTS, where),
        page_intercept=number(fields, "page_intercept", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
        unsure_from=number(fields, "unsure_from", where, 0, 1),
    )
    if pages.low > pages.high:
        raise refusal(where, "the thresholds of units are not in order")
    return pages


def numbers(fields: dict[str, Any], name: str, n: int, where: str) -> tuple[float, ...]:
    """Read a list of finite numbers."""
    values = fields.get(name)
    if not isinstance(values, list) or len(values) != n:
        raise refusal(where, f"{name} is no list of {n} numbers")
    return tuple(number({name: value}, name, where, -MAX_MAGNITUDE, MAX_MAGNITUDE) for value in values)


def number(fields: dict[str, Any], name: str, where: str, lowest: float, highest: float) -> float:
    """Read a finite number within a range."""
    value: Any = fields.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and lowest <= value <= highest:
        return float(value)
    # Only a number is shown: a forged value may be nested too deep, or be too long, to print.
    found = f"{value!r:.40}" if isinstance(value, int | float | None) else type(value).__name__
    raise refusal(where, f"{name} is {found}, a number from {lowest:g} to {highest:g} was expected")


def array(record: dict[str, Any], name: str, dtype: str, where: str) -> NDArray[Any]:
    """Read the bytes of an array."""
    found = record[name]
    if not isinstance(found, bytes) or len(found) % np.dtype(dtype).itemsize:
        raise refusal(where, f"field {name} is no array of {dtype}")
    return np.frombuffer(found, dtype)


def scatter(kept: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[np.float32]:
    """Return one value a bucket, 0 where it was not kept."""
    spread = np.zeros(len(kept), np.float32)
    spread[kept] = values
    return spread
