"""Do the same work for many items in forked processes, and have the results in order.

A fork has everything at once: what was imported, compiled and mapped into memory is there, and its pages
are shared. It has none of the threads, though, and a lock that one of them held stays locked. So ``work`` may
use what has been used before in the calling thread, HDF5 (h5py takes its lock around a fork), numpy and
compiled loops, but nothing with threads of its own (OpenMP) and nothing that is still to be imported.
"""

import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from workflows.errors import describe_exception

__all__ = ["in_order", "usable_cpus"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOK_S = 0.1
_AHEAD = 2
"""Items that a process has at a time: one in work, one that waits."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_processes: int,
    check: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """Yield ``work(item)`` for each item, in the order of the items.

    To be closed, or read to its end, in the thread that began it: that kills the processes. They also die
    with their parent. No more than two items a process are in work or waiting to be yielded.

    Parameters
    ----------
    work : function of one item
        Item and result go through a pipe.
    items : iterable
        Taken when they are needed.
    check : function
        Called between results, and at least ten times a second; may raise to end everything.

    Raises
    ------
    Exception
        What ``work`` raised, at the place of its item.
    ChildProcessError
        A process was killed.
    """
    workers: list[_Worker[Item, Result]] = []
    try:
        for _ in range(n_processes):
            workers.append(_Worker(work, [worker.connection for worker in workers]))
        yield from _deal(workers, enumerate(items), check)
    finally:
        for worker in workers:
            worker.kill()


def _deal(
    workers: "list[_Worker[Item, Result]]", items: Iterator[tuple[int, Item]], check: Callable[[], None]
) -> Iterator[Result]:
    """Hand out items and put the results into order."""
    done: dict[int, Callable[[], Result]] = {}
    n_yielded = n_given = 0
    is_more = True
    while True:
        while is_more and n_given - n_yielded < _AHEAD * len(workers):
            worker = min(workers, key=lambda one: len(one.numbers))
            if len(worker.numbers) == _AHEAD:
                break
            try:
                number, item = next(items)
            except StopIteration:
                is_more = False
            else:
                worker.give(number, item)
                n_given = number + 1
        if n_yielded in done:
            yield done.pop(n_yielded)()
            n_yielded += 1
        elif n_yielded == n_given and not is_more:
            return
        check()
        done |= _collect(workers, timeout_s=0 if n_yielded in done else _LOOK_S)


def _collect(workers: "list[_Worker[Item, Result]]", timeout_s: float) -> dict[int, Callable[[], Result]]:
    """Return what has come; a process that has ended without being told to is an error."""
    ready = wait([worker.connection for worker in workers], timeout_s)
    return dict(worker.take() for worker in workers if worker.connection in ready)


class _Worker(Generic[Item, Result]):
    """The near side of one forked process; ``numbers`` are those of the items it has."""

    def __init__(self, work: Callable[[Item], Result], others: list[Connection]) -> None:
        self.connection, theirs = Pipe()
        self.numbers: deque[int] = deque()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for inherited in (self.connection, *others):
                    inherited.close()
                _die_with(parent)
                _serve(work, theirs)
            finally:
                os._exit(1)
        theirs.close()

    def give(self, number: int, item: Item) -> None:
        """Hand over an item."""
        self.numbers.append(number)
        with suppress(OSError):  # a process that has died is noticed when it is read from
            self.connection.send(item)

    def take(self) -> tuple[int, Callable[[], Result]]:
        """Read a result: the number of its item, and what returns or raises it."""
        try:
            result, error = self.connection.recv()
        except (EOFError, OSError):
            raise ChildProcessError(self._obituary()) from None

        def outcome() -> Result:
            if error is not None:
                raise error
            return result

        return self.numbers.popleft(), outcome

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.connection.close()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._wait()

    def _obituary(self) -> str:
        code = self._wait()
        if code < 0:
            name = signal.Signals(-code).name
            why = "; perhaps the machine is out of memory" if -code == signal.SIGKILL else ""
            return f"A process of this task was killed by {name}{why}"
        return f"A process of this task ended by itself, with code {code}"

    def _wait(self) -> int:
        pid, self.pid = self.pid, 0
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:  # somebody else has reaped it
            return 1


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, it also goes to the parent, who decides
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _serve(work: Callable[[Item], Result], connection: Connection) -> None:
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[Any, BaseException | None] = (work(item), None)
        except BaseException as error:  # noqa: BLE001 -- it is the parent's to handle
            answer = (None, _sendable(error))
        connection.send(answer)


def _sendable(error: BaseException) -> BaseException:
    """Return an error that arrives as it is, or what can be said of one that does not."""
    try:
        copy: Any = ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:  # noqa: BLE001 -- an error may do anything when it is pickled
        return RuntimeError(describe_exception(error))
    return error if type(copy) is type(error) else RuntimeError(describe_exception(error))
