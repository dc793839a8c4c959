"""The folders: which files paths name.

Invariant: files come in the order of the paths, a folder's sorted, and each once.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from classifier.entries import Failure, failure, unreadable

STDIN = "-"


def walk(paths: Iterable[str]) -> Iterator[str | Failure]:
    """Yield the files that the paths name, each once."""
    seen: set[str] = set()
    for given in paths:
        path = os.fspath(given).replace(os.sep, "/")
        for found in files_under(path) if path != STDIN and Path(path).is_dir() else [path]:
            place = found if found == STDIN or isinstance(found, Failure) else os.path.realpath(found)
            if isinstance(place, Failure):
                yield place
            elif place not in seen:
                seen.add(place)
                yield found


def files_under(folder: str) -> Iterator[str | Failure]:
    """Yield the files of a folder and of those in it, sorted by name, without recursion."""
    pending, n_files = [(folder, True)], 0
    while pending:
        path, is_folder = pending.pop()
        if not is_folder:
            n_files += 1
            yield path
            continue
        try:
            pending += reversed(visible(path))
        except OSError as error:
            n_files += 1
            yield unreadable(path, error)
    if n_files == 0:
        yield failure(folder, "no file in it that is not hidden, a folder of posts was expected", "check the path")


def visible(folder: str) -> list[tuple[str, bool]]:
    """Return the path of each file and folder in a folder, sorted, and whether it is a folder.

    Links to folders are left out, which rules out loops; so are pipes and devices, which may never end.
    """
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries]
    kept = sorted((name, is_folder) for name, is_folder, is_file in found if is_folder or is_file)
    return [(f"{folder.rstrip('/')}/{name}", is_folder) for name, is_folder in kept if not name.startswith(".")]


def n_bytes(paths: Iterable[str]) -> int | None:
    """Return how many bytes the files have on disk, or None if some are pipes; what is missing counts as 0."""
    total = 0
    for path in walk(paths):
        if path == STDIN:
            return None
        if isinstance(path, Failure) or not Path(path).exists():
            continue
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total
