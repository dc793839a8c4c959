"""The record: a model's fitted numbers as a header and arrays of bytes, and back.

Every field is checked on the way back: type, length, range and finiteness, so that a forged file ends
in a `ModelFileError` and never in wrong scores or a crash.

| field | holds |
|---|---|
| `header` | JSON: `spec`, `ballast`, `coef_length`, `intercept`, `calibration`, `card` |
| `seen` | one bit a bucket, most significant first: whether the fit kept it |
| `idf_levels` | float32: the distinct inverse document frequencies, ascending |
| `idf` | uint16 a kept bucket: which level |
| `coef` | float32 a kept bucket |
"""

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Calibration
from classifier.errors import ModelFileError
from classifier.ngrams import NgramSpec
from classifier.weights import Weights

FIELDS = {"format", "header", "seen", "idf_levels", "idf", "coef"}
MAX_HEADER_CHARS = 1_000_000
# Beyond this a logit is no longer a number one can explain; fitted coefficients stay below 100.
MAX_MAGNITUDE = 1e6


def encode(weights: Weights, calibration: Calibration, card: dict[str, Any]) -> dict[str, str | bytes]:
    """Return the fields of a model file."""
    kept = weights.idf != 0
    levels, index = np.unique(weights.idf[kept], return_inverse=True)
    if len(levels) > 1 << 16:
        levels, index = nearest_levels(weights.idf[kept])
    header = {
        "spec": {"words": weights.spec.words, "chars": list(weights.spec.chars), "bits": weights.spec.bits},
        "ballast": weights.ballast,
        "coef_length": weights.coef_length,
        "intercept": weights.intercept,
        "calibration": asdict(calibration),
        "card": card,
    }
    return {
        "header": json.dumps(header, ensure_ascii=False, sort_keys=True, allow_nan=False),
        "seen": np.packbits(kept).tobytes(),
        "idf_levels": levels.astype("<f4").tobytes(),
        "idf": index.astype("<u2").tobytes(),
        "coef": weights.coef[kept].astype("<f4").tobytes(),
    }


def nearest_levels(idf: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return 2**16 levels and which of them is nearest to each value; for fits on millions of posts."""
    levels = np.quantile(idf, np.linspace(0, 1, 1 << 16)).astype(np.float32)
    return levels, np.clip(np.searchsorted(levels, idf), 0, len(levels) - 1)


def decode(record: dict[str, Any], where: str) -> tuple[Weights, Calibration, dict[str, Any]]:
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
    spec = decode_spec(header.get("spec"), where)
    seen = array(record, "seen", "u1", where)
    if len(seen) != spec.n_buckets // 8:
        raise refusal(where, f"field seen has {len(seen)} bytes, {spec.n_buckets // 8} were expected")
    kept = np.unpackbits(seen).astype(bool)
    n_kept = int(kept.sum())
    levels, index = array(record, "idf_levels", "<f4", where), array(record, "idf", "<u2", where)
    coef = array(record, "coef", "<f4", where)
    if len(index) != n_kept or len(coef) != n_kept or (n_kept and index.max() >= len(levels)):
        raise refusal(where, f"fields idf and coef do not fit the {n_kept:,} buckets kept")
    for name, values in (("idf_levels", levels), ("coef", coef)):
        if not np.isfinite(values).all() or (len(values) and np.abs(values).max() > MAX_MAGNITUDE):
            raise refusal(where, f"field {name} has values that are not finite or beyond {MAX_MAGNITUDE:g}")
    if len(levels) and levels.min() <= 0:
        raise refusal(where, "field idf_levels has values that are not above 0")
    weights = Weights(
        spec,
        scatter(kept, levels[index]),
        scatter(kept, coef),
        number(header, "ballast", where, 0, 1e3),
        number(header, "coef_length", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
        number(header, "intercept", where, -MAX_MAGNITUDE, MAX_MAGNITUDE),
    )
    card = header.get("card")
    if not isinstance(card, dict):
        raise refusal(where, "the header has no card")
    return weights, decode_calibration(header.get("calibration"), where), card


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
    raise refusal(where, f"n-grams {spec!r:.80} are none this release can count")


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


def number(fields: dict[str, Any], name: str, where: str, lowest: float, highest: float) -> float:
    """Read a finite number within a range."""
    value = fields.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not lowest <= value <= highest:
        raise refusal(where, f"{name} is {value!r:.40}, a number from {lowest:g} to {highest:g} was expected")
    return float(value)


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
