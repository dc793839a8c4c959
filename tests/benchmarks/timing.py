"""The timing: what calls and whole processes take of the clock, of processors and of memory, taken by turns.

On a shared machine the clock also counts what others do. Processor time does not, and is the same as the clock
for one thread on an idle machine; so both are kept.
"""

import os
import re
import resource
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")

# Every library that starts threads of its own is told by one of these to start none.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
# Between two looks at the memory of a process; each look costs it a few milliseconds.
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """What something took.

    Attributes
    ----------
    wall, cpu : float
        Seconds on the clock; seconds of processors, of all threads and ended child processes.
    """

    wall: float
    cpu: float


def one_thread() -> dict[str, str]:
    """Return this process's environment with every library held to one thread."""
    return dict(os.environ) | dict.fromkeys(THREAD_VARIABLES, "1")


def used(call: Callable[[], object]) -> Usage:
    """Return what a call took in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    call()
    return Usage(time.perf_counter() - began, time.process_time() - cpu)


def used_at_least(call: Callable[[], object], seconds: float) -> Usage:
    """Return what a call took at the median, called again until so many seconds have gone by."""
    found = [used(call)]
    while sum(usage.wall for usage in found) < seconds:
        found.append(used(call))
    return median_usage(found)


def median_usage(found: Iterable[Usage]) -> Usage:
    """Return the medians of some usages."""
    kept = list(found)
    return Usage(median(usage.wall for usage in kept), median(usage.cpu for usage in kept))


def by_turns(calls: Mapping[str, Callable[[], T]], n_rounds: int) -> dict[str, list[T]]:
    """Call each in turn, for so many rounds: A B C, A B C, so that a busy minute of the machine falls on all.

    Examples
    --------
    >>> by_turns({"a": lambda: 1, "b": lambda: 2}, n_rounds=2)
    {'a': [1, 1], 'b': [2, 2]}
    """
    found: dict[str, list[T]] = {name: [] for name in calls}
    for _ in range(n_rounds):
        for name, call in calls.items():
            found[name].append(call())
    return found


def run(command: Sequence[str]) -> Usage:
    """Run a process to its end, each library of it in one thread."""
    return watched(command, lambda pid: None)


def run_with_peak(command: Sequence[str]) -> tuple[Usage, int]:
    """Run a process to its end, and return also the most bytes that it and its children held at one time."""
    peaks = [0]
    usage = watched(command, lambda pid: peaks.append(tree_bytes(pid)))
    return usage, max(peaks) or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def watched(command: Sequence[str], look: Callable[[int], object]) -> Usage:
    """Run a process to its end, and look at it from time to time.

    Raises
    ------
    CalledProcessError
        If it fails.
    """
    began, before = time.perf_counter(), children_cpu()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=one_thread()) as process:
        while True:
            try:
                _, complaint = process.communicate(timeout=LOOK_S)
                break
            except subprocess.TimeoutExpired:
                look(process.pid)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command), stderr=complaint)
    return Usage(time.perf_counter() - began, children_cpu() - before)


def children_cpu() -> float:
    """Return the processor time of all ended child processes and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """Return the most memory this process has held."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    # A process takes over the `ru_maxrss` of the one that started it, but not its `VmHWM`.
    return field_bytes(status.read_text(encoding="utf-8"), "VmHWM")


def tree_bytes(pid: int) -> int:
    """Return the memory a process and its children hold now, shared pages counted once; 0 where `/proc` is not there."""
    return sum(proportional_bytes(member) for member in family(pid, parents()))


def family(pid: int, parent_of: Mapping[int, int]) -> list[int]:
    """Return a process and all that it and its children started.

    Examples
    --------
    >>> family(2, {1: 0, 2: 1, 3: 2, 4: 3, 5: 1})
    [2, 3, 4]
    """
    children = [child for child, parent in parent_of.items() if parent == pid]
    return [pid, *(member for child in children for member in family(child, parent_of))]


def parents() -> dict[int, int]:
    """Return who started each process that runs."""
    tables = {int(path.parent.name): proc_text(path) for path in Path("/proc").glob("[0-9]*/stat")}
    # The name, which may hold anything, stands in brackets before the state and the parent.
    return {pid: int(table.rpartition(")")[2].split()[1]) for pid, table in tables.items() if table}


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process, of a page shared by n processes an nth; 0 where it has ended."""
    return field_bytes(proc_text(Path(f"/proc/{pid}/smaps_rollup")), "Pss")


def proc_text(path: Path) -> str:
    """Read a file of `/proc`; it is empty where the process has ended."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def field_bytes(table: str, name: str) -> int:
    """Return a number of kilobytes out of a table of `/proc`, in bytes; 0 where it does not stand there.

    Examples
    --------
    >>> field_bytes("VmPeak:  20 kB\\nVmHWM:  12 kB\\n", "VmHWM")
    12288
    """
    found = re.search(rf"^{name}:\s*(\d+) kB", table, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
