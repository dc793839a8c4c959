"""The model file: plain data in joblib's container, read without running anything in it.

A file is a zlib stream (as `joblib.dump(..., compress=("zlib", 6))` writes it) of a pickle that holds
one flat dict: the format's number, a header in JSON, and arrays as little-endian bytes. No class and no
function is named, so no version of any package can break it and no loader has anything to run.

    {"format": 1, "header": '{"spec": {...}, "card": {...}, ...}', "coef": b"...", ...}

Reading refuses in this order: the size; every opcode that is not on the list of those that build a flat
dict of builtins, before any is carried out; another format. `classifier.model` checks the fields.

A new field that old readers may ignore keeps the number; anything else raises `FORMAT`, adds a reader
for the old number and a file of the old format to `tests/cases`.
"""

import io
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any, NoReturn

from classifier.errors import ModelFileError
from classifier.replacement import replacing

FORMAT = 1
# The shipped file has 8 MB at most; user models have the same number of buckets or 16 times as many.
MAX_FILE_BYTES = 256 << 20
MAX_DATA_BYTES = 1 << 30
# A model has about ten values, one or two opcodes each.
MAX_OPCODES = 1_000
# Opcodes that build one flat dict of numbers, text and bytes. Left out on purpose: what names or calls
# (GLOBAL, STACK_GLOBAL, REDUCE, BUILD, INST, OBJ, NEWOBJ, EXT, PERSID), what nests (lists, tuples, sets) and
# what reads the memo (GET), so that a small file cannot describe a huge value.
OPCODES = frozenset(
    "PROTO FRAME STOP MARK BININT BININT1 BININT2 SHORT_BINUNICODE BINUNICODE SHORT_BINBYTES BINBYTES BINBYTES8 "
    "EMPTY_DICT SETITEM SETITEMS MEMOIZE".split()
)


class _PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows no class; the opcode list already keeps it from being asked."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        """Refuse every name."""
        raise pickle.UnpicklingError(f"names {module_name}.{global_name}")


def read(path: Path) -> dict[str, Any]:
    """Read a model file into plain data.

    Parameters
    ----------
    path : Path
        A file written by `write`.

    Returns
    -------
    dict
        Builtins only; its fields are checked by `classifier.model`.

    Raises
    ------
    ModelFileError
        If the file cannot be read, is empty, too large, truncated, of another format, or names
        anything to import or call.
    """
    try:
        size = path.stat().st_size
        packed = path.read_bytes() if size <= MAX_FILE_BYTES else b""
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}, a model file was expected; check the path") from error
    if size > MAX_FILE_BYTES:
        raise ModelFileError(f"{path}: {size:,} bytes, at most {MAX_FILE_BYTES:,} were expected; this is no model file of ours")
    return parse(packed, str(path))


def parse(packed: bytes, where: str) -> dict[str, Any]:
    """Turn the bytes of a model file into plain data; raises as `read` does."""
    pickled = unpack(packed, where)
    audit(pickled, where)
    try:
        found = _PlainUnpickler(io.BytesIO(pickled)).load()
    except Exception as error:  # whatever a forged stream makes the unpickler raise
        raise ModelFileError(f"{where}: broken data ({error}), a model was expected; fetch or train it again") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        number = found.get("format") if isinstance(found, dict) else None
        raise ModelFileError(
            f"{where}: model format {number!r:.40}, format {FORMAT} was expected; train the model again or install the matching release"
        )
    return found


def unpack(packed: bytes, where: str) -> bytes:
    """Undo the compression, within the limit."""
    if not packed:
        raise ModelFileError(f"{where}: the file is empty, a model was expected; fetch or train it again")
    inflate = zlib.decompressobj()
    try:
        pickled = inflate.decompress(packed, MAX_DATA_BYTES)
    except zlib.error as error:
        raise ModelFileError(
            f"{where}: not a model file of ours ({error}), a zlib stream was expected; `classifier train` writes one"
        ) from error
    if inflate.unconsumed_tail:
        raise ModelFileError(f"{where}: more than {MAX_DATA_BYTES:,} bytes unpacked; no model is that large, so it was refused")
    if not inflate.eof:
        raise ModelFileError(f"{where}: the file is truncated; fetch or train it again")
    if inflate.unused_data:
        raise ModelFileError(f"{where}: {len(inflate.unused_data):,} bytes follow the model; the file was tampered with or joined with another")
    return pickled


def audit(pickled: bytes, where: str) -> None:
    """Refuse a pickle that does anything but build builtins, before any of it is built."""
    n_opcodes = 0
    try:
        for opcode, argument, position in pickletools.genops(pickled):
            n_opcodes += 1
            if opcode.name not in OPCODES:
                named = f" {argument!r:.80}" if isinstance(argument, str) else ""
                raise ModelFileError(
                    f"{where}: opcode {opcode.name}{named} at byte {position}, plain data was expected; "
                    "a model file names no class and no function, so this one was refused and nothing in it was run"
                )
            if n_opcodes > MAX_OPCODES:
                raise ModelFileError(f"{where}: more than {MAX_OPCODES:,} values; no model has that many, so it was refused")
    except ModelFileError:
        raise
    except Exception as error:  # genops raises whatever a forged argument leads to
        raise ModelFileError(f"{where}: broken data ({error}), a model was expected; fetch or train it again") from error


def write(data: dict[str, str | bytes], path: Path) -> None:
    """Write a header and arrays as a model file, whole or not at all.

    The same data gives the same bytes. A crash leaves the old file as it was.

    Raises
    ------
    ModelFileError
        If the file cannot be written.
    """
    import joblib

    try:
        with replacing(path) as beside:
            joblib.dump({"format": FORMAT, **data}, beside, compress=("zlib", 6), protocol=4)
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}, the model could not be written; the old file is whole") from error
