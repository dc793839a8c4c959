"""The workers: processes that answer portions for this one.

One process is started, is sent the judge, loads what pays in bulk, and then forks into as many as are wanted:
what was loaded is in memory once, whatever the number of jobs, and takes its time once. It is a new process,
and no fork of this one, because here threads may be running (the progress bar's, those of libraries), and
what is forked among threads may hang. Each talks over a socket of its own, in pickles; nothing else can
reach these sockets. Where the system cannot fork, threads of this process do it.

    here     a thread a worker sends a portion, waits for the answer, and so on
    there    receive, answer, send, until the other end is closed, by whatever end this process comes to

Workers are in a session of their own, so that Ctrl-C reaches this process alone, which ends them. One that
ends early, for want of memory or by a signal, closes its socket; that is an error here at once, and no wait.

Invariants: an answer goes to whom has asked; no worker outlives the block that started it, or its next
message if this process was killed.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from classifier.answers import Answer, Crew, Judge
from classifier.entries import Item
from classifier.errors import ClassifierError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# The path first, so that it is this package that is imported, wherever it is run.
PROGRAM = "import sys; n = int(sys.argv[1]); sys.path[:] = sys.argv[2 + n :]; from classifier.workers import serve; serve(sys.argv[2 : 2 + n])"


def crew_opener(judge: Judge, jobs: int) -> Callable[[], AbstractContextManager[Crew]]:
    """Return what starts so many workers."""
    return partial(open_workers if hasattr(os, "fork") else open_threads, judge, jobs)


@contextmanager
def open_threads(judge: Judge, jobs: int) -> Iterator[Crew]:
    """Answer portions in threads of this process, which run side by side only where the lock is let go of."""
    judge.warm_up()
    pool = ThreadPoolExecutor(jobs)
    try:
        yield Crew(lambda: True, lambda portion: pool.submit(judge.answer, portion))
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def open_workers(judge: Judge, jobs: int) -> Iterator[Crew]:
    """Answer portions in processes.

    Raises
    ------
    ClassifierError
        From an answer's future, if its worker ended before it answered.
    """
    idle: SimpleQueue[Connection] = SimpleQueue()

    def answered(portion: Sequence[Item]) -> Answer:
        begun.result()
        connection = idle.get()
        try:
            return asked(connection, portion)
        finally:
            # A broken one, too: whoever comes next must not wait for it.
            idle.put(connection)

    with ExitStack() as stack:
        pool = ThreadPoolExecutor(jobs)
        # Only once the processes are gone is no thread waiting for them any more.
        stack.callback(pool.shutdown, cancel_futures=True)
        connections = stack.enter_context(processes(jobs))
        begun = pool.submit(begin, connections, judge, idle)
        yield Crew(begun.done, lambda portion: pool.submit(answered, portion))


@contextmanager
def processes(jobs: int) -> Iterator[list["Connection"]]:
    """Start processes that serve, and end them."""
    from multiprocessing import Pipe

    pairs = [Pipe() for _ in range(jobs)]
    descriptors = [theirs.fileno() for _, theirs in pairs]
    arguments = [str(jobs), *map(str, descriptors), *map(str, sys.path)]
    leader = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=descriptors,
        start_new_session=True,
    )
    for _, theirs in pairs:
        theirs.close()
    try:
        yield [ours for ours, _ in pairs]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()


def begin(connections: Sequence["Connection"], judge: Judge, idle: "SimpleQueue[Connection]") -> None:
    """Send the judge to the first process, and wait until all are there."""
    with endings():
        connections[0].send(judge)
        for connection in connections:
            connection.recv()
            idle.put(connection)


def asked(connection: "Connection", portion: Sequence[Item]) -> Answer:
    """Send a portion and wait for its answer."""
    with endings():
        connection.send(portion)
        answer: Answer = connection.recv()
    return answer


@contextmanager
def endings() -> Iterator[None]:
    """Say in words that a worker has ended."""
    try:
        yield
    except (EOFError, OSError) as error:
        wrong = "a process that scores ended early (killed, or out of memory), an answer was expected"
        raise ClassifierError(f"worker: {wrong}; free memory, or run with fewer --jobs") from error


# There


def serve(descriptors: Sequence[str]) -> None:
    """Be the first worker: load the judge, fork the others, and answer."""
    from multiprocessing.connection import Connection

    connections = [Connection(int(descriptor)) for descriptor in descriptors]
    judge: Judge | None = received(connections[0])
    if judge is None:
        return
    judge.warm_up()
    own = forked(connections)
    is_heard = sent(own, None)
    # Out of memory is told apart from a mistake in the program: that is printed as such.
    with suppress(MemoryError):
        while is_heard and (portion := received(own)) is not None:
            is_heard = sent(own, judge.answer(portion))


def received(connection: "Connection") -> Any:
    """Wait for what comes next; None if the other end is closed."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        return None


def sent(connection: "Connection", message: object) -> bool:
    """Send a message; return whether there is anyone left to hear it."""
    try:
        connection.send(message)
    except OSError:
        return False
    return True


def forked(connections: Sequence["Connection"]) -> "Connection":
    """Fork a process for each connection but the first; return the one this process keeps, the others closed."""
    own = connections[0]
    for connection in connections[1:]:
        if os.fork() == 0:
            own = connection
            break
    for connection in connections:
        if connection is not own:
            connection.close()
    return own
