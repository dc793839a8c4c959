"""The replacement: a file is written beside its place and put there whole, or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and move what was written into place at the end.

    If the block raises, or the disk is full, the old file stays as it was and nothing is left beside it.
    A link stays a link and its target is replaced; a device or pipe is written to as it is.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        os.close(descriptor)
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~current_umask())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def current_umask() -> int:
    """Return the process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
