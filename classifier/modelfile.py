"""The model file: plain data in joblib's container, read without running anything in it.

A file is a zlib stream (as `joblib.dump(..., compress=("zlib", 6))` writes it) of a pickle that holds
one flat dict: the format's number, a header in JSON, and arrays as little-endian bytes. No class and no
function is named, so no version of any package can break it and no loader has anything to run.

    {"format": 2, "header": '{"spec": {...}, "card": {...}, ...}', "coef": b"...", ...}

Reading refuses in this order: the size; every opcode that is not on the list of those that build a flat
dict of builtins, before any is carried out; another format. `classifier.record` checks the fields.

A new field that old readers may ignore keeps the number; anything else raises `FORMAT`, adds a reader
for the old number and a file of the old format to `tests/cases`.
"""

import io
import pickle
import pickletools
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from classifier.errors import ModelFileError
from classifier.replacement import replacing

# Format 1, of before any release, had one set of weights and no trees.
FORMAT = 2
# The shipped file has 8 MB at most. The largest that `classifier.record` accepts, every one of 2**24
# buckets kept, has 162 MiB of arrays, and packed hardly more.
MAX_FILE_BYTES = 192 << 20
MAX_DATA_BYTES = 192 << 20
# A model has 13 values and takes about 54 opcodes.
MAX_OPCODES = 100
# Of what a forged file says, as much is repeated in an error.
MAX_QUOTED_CHARS = 80
# Opcodes that build one flat dict of numbers, text and bytes. Left out on purpose: what names or calls
# (GLOBAL, STACK_GLOBAL, REDUCE, BUILD, INST, OBJ, NEWOBJ, EXT, PERSID), what nests (lists, tuples, sets) and
# what reads the memo (GET), so that a small file cannot describe a huge value.
OPCODES = {
    *("PROTO", "FRAME", "STOP", "MARK", "MEMOIZE"),
    *("BININT", "BININT1", "BININT2", "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS"),
}


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
        Builtins only; its fields are checked by `classifier.record`.

    Raises
    ------
    ModelFileError
        If the file cannot be read, is empty, too large, truncated, of another format, or names
        anything to import or call.
    """
    try:
        size = path.stat().st_size
        # A pipe or device has no size, and may have no end.
        packed = path.read_bytes() if path.is_file() and size <= MAX_FILE_BYTES else None
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}, a model file was expected; check the path") from error
    if packed is None:
        wrong = f"{size:,} bytes" if path.is_file() else "a folder, pipe or device"
        raise ModelFileError(
            f"{path}: {wrong}, a model file of at most {MAX_FILE_BYTES:,} bytes was expected; check the path"
        )
    return parse(packed, str(path))


def parse(packed: bytes, where: str) -> dict[str, Any]:
    """Turn the bytes of a model file into plain data; raises as `read` does."""
    pickled = unpack(packed, where)
    audit(pickled, where)
    try:
        found = _PlainUnpickler(io.BytesIO(pickled)).load()
    except Exception as error:  # whatever a forged stream makes the unpickler raise
        raise broken(where, error) from error
    if not isinstance(found, dict):
        raise broken(where, f"{type(found).__name__} in place of dict")
    number = found.get("format")
    if number != FORMAT:
        raise ModelFileError(
            f"{where}: model format {number if isinstance(number, int) else 'unknown'}, format {FORMAT} was expected; "
            "train the model again or install the matching release"
        )
    return found


def broken(where: str, wrong: object) -> ModelFileError:
    """Return the error for bytes that are no plain data."""
    return ModelFileError(
        f"{where}: broken data ({wrong!s:.{MAX_QUOTED_CHARS}}), a model was expected; fetch or train it again"
    )


def unpack(packed: bytes, where: str) -> bytes:
    """Undo the compression, within the limit."""
    if not packed:
        raise ModelFileError(f"{where}: the file is empty, a model was expected; fetch or train it again")
    inflate = zlib.decompressobj()
    try:
        pickled = inflate.decompress(packed, MAX_DATA_BYTES + 1)
    except zlib.error as error:
        raise ModelFileError(
            f"{where}: not a model file of ours ({error}), a zlib stream was expected; `classifier train` writes one"
        ) from error
    if len(pickled) > MAX_DATA_BYTES:
        raise ModelFileError(
            f"{where}: more than {MAX_DATA_BYTES:,} bytes unpacked, no model is that large; fetch or train it again"
        )
    if not inflate.eof:
        raise ModelFileError(f"{where}: the file is truncated, a whole model was expected; fetch or train it again")
    if inflate.unused_data:
        raise ModelFileError(
            f"{where}: {len(inflate.unused_data):,} bytes follow the model, none were expected; fetch or train it again"
        )
    return pickled


def audit(pickled: bytes, where: str) -> None:
    """Refuse a pickle that does anything but build builtins, before any of it is built."""
    position: int | None = None
    for opcode, argument, position in opcodes(pickled, where):
        if opcode.name not in OPCODES:
            named = f" {argument[:MAX_QUOTED_CHARS]!r}" if isinstance(argument, str) else ""
            raise ModelFileError(
                f"{where}: opcode {opcode.name}{named} at byte {position}, plain data was expected; "
                "a model file names no class and no function, so this one was refused and nothing in it was run"
            )
    if position != len(pickled) - 1:
        raise broken(where, f"it does not end with opcode {MAX_OPCODES} at most")


def opcodes(pickled: bytes, where: str) -> Iterator[tuple[pickletools.OpcodeInfo, Any, int | None]]:
    """Yield the opcodes of a pickle, as many as a model may have, with their arguments and places."""
    try:
        yield from islice(pickletools.genops(pickled), MAX_OPCODES)
    except Exception as error:  # genops raises whatever a forged argument leads to
        raise broken(where, error) from error


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
        raise ModelFileError(
            f"{path}: {error.strerror or error}, so the model was not written; what stood there before is whole"
        ) from error
