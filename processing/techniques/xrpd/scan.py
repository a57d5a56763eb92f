"""Integrate all frames of a scan, in several processes where that pays.

Each process reads, inflates and integrates its own blocks of frames, and only patterns go between them, so
what is in memory does not depend on how many frames there are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple, Protocol, TypeGuard

import numpy as np

from processing.nexus.scans import Scan
from processing.parallel import in_order, usable_cpus
from processing.techniques.xrpd.frames import FrameIntegrator, Patterns
from processing.techniques.xrpd.kernel import WIDTH
from workflows import InputError

__all__ = ["BLOCK", "Factors", "default_processes", "integrate_scan"]

BLOCK = WIDTH
"""Frames in a block: those of one pass of the loop; what is stored together may make it larger."""

Factors = Sequence[float] | Callable[[int, int], Sequence[float]]
"""One divisor for each frame, or a function (first, last) that gives those of some frames."""

_S_PER_PIXEL = 5e-9
"""What reading and integrating costs, about; for the decision on processes only."""
_WORTH_S = 0.2
"""Work below which another process costs more than it saves."""


class Integrates(Protocol):
    """What integrates frames: `FrameIntegrator`, or anything else that is asked frame by frame."""

    def integrate(self, frames: np.ndarray, factors: Sequence[float] | None = None) -> Patterns:
        """Integrate (n, rows, columns), each divided by its factor."""


def integrate_scan(
    scan: Scan,
    integrator: Integrates,
    *,
    on_block: Callable[[int, Patterns], None],
    factors: Factors | None = None,
    n_processes: int | None = None,
    cancel: Callable[[], None] = lambda: None,
) -> None:
    """Integrate the frames of a scan, block by block and in their order.

    Frames that are still to come are followed in this process, as `Scan.blocks` does.

    Parameters
    ----------
    scan : Scan
    integrator : FrameIntegrator, or anything with its ``integrate``
        For frames of this shape.
    on_block : function (number of the first frame, patterns)
    factors : n_frames floats, or function (first, last) -> last - first floats
        Each pattern is divided by its factor, as by a monitor; default 1.
    n_processes : int, optional
        How many processes integrate; default `default_processes`.  Always one where pyFAI integrates: it has
        threads of its own, which do not survive a fork.
    cancel : function
        Called between blocks and at least ten times a second while others integrate; may raise to stop.

    Raises
    ------
    InputError
        A frame is missing or damaged, has another shape, or there are fewer factors than frames; what was
        integrated before has been handed over.
    ChildProcessError
        A process was killed.
    """
    shape = getattr(integrator, "shape", scan.shape)
    if scan.shape != shape:
        raise InputError(f"The frames are {scan.shape}, but they are integrated as {shape}")
    n_processes = default_processes(scan, integrator) if n_processes is None else n_processes
    done = 0
    if _is_forkable(integrator) and n_processes > 1 and not scan.is_growing:
        integrator.load_loop(scan.dtype)
        work = _Work(scan, integrator)
        scan.close()  # each process opens its own files
        tasks = _parts(scan, factors)
        results = in_order(work.by_loop, tasks, n_processes=n_processes, check=cancel)
        with closing(results):
            for part, patterns in results:
                on_block(part.first, work.by_any(part) if patterns is None else patterns)
                done = part.last
    for first, frames in scan.blocks(BLOCK, done):
        cancel()
        divisors = _divisors(factors, first, first + len(frames))
        on_block(first, _integrated(integrator, frames, divisors, cancel))


def default_processes(scan: Scan, integrator: Integrates) -> int:
    """Return how many processes are worth it: one a processor, and none that has little to do."""
    if not _is_forkable(integrator):
        return 1
    work_s = scan.n_frames * scan.shape[0] * scan.shape[1] * _S_PER_PIXEL
    return max(1, min(usable_cpus(), scan.n_frames // BLOCK, int(work_s / _WORTH_S)))


class _Part(NamedTuple):
    """Frames ``first`` to ``last`` (not included), and what their patterns are divided by."""

    first: int
    last: int
    divisors: Sequence[float] | None


class _Work(NamedTuple):
    """What is done with each part."""

    scan: Scan
    integrator: FrameIntegrator

    def by_loop(self, part: _Part) -> tuple[_Part, Patterns | None]:
        """Do what a process does; it gives no patterns where the loop is not exact enough."""
        frames = self.scan.read(part.first, part.last)
        return part, self.integrator.integrate_by_loop(frames, part.divisors)

    def by_any(self, part: _Part) -> Patterns:
        """Integrate a part by whatever is exact, in a process with threads."""
        return self.integrator.integrate(self.scan.read(part.first, part.last), part.divisors)


def _parts(scan: Scan, factors: Factors | None) -> Iterator[_Part]:
    first = 0
    while first < scan.n_frames:
        last = scan.end_of_block(first, BLOCK)
        yield _Part(first, last, _divisors(factors, first, last))
        first = last


def _is_forkable(integrator: Integrates) -> TypeGuard[FrameIntegrator]:
    return isinstance(integrator, FrameIntegrator) and integrator.is_forkable


def _divisors(factors: Factors | None, first: int, last: int) -> Sequence[float] | None:
    if factors is None:
        return None
    divisors = factors(first, last) if callable(factors) else factors[first:last]
    if len(divisors) < last - first:
        raise InputError(f"There are no factors for the frames {first + len(divisors)} to {last - 1}")
    return divisors


def _integrated(
    integrator: Integrates,
    frames: np.ndarray,
    divisors: Sequence[float] | None,
    cancel: Callable[[], None],
) -> Patterns:
    """Integrate frames; where one takes long, look between them whether to stop."""
    if _is_forkable(integrator):
        return integrator.integrate(frames, divisors)
    each = []
    for place in range(len(frames)):
        cancel()
        factor = None if divisors is None else divisors[place : place + 1]
        each.append(integrator.integrate(frames[place : place + 1], factor))
    sigmas = [one.sigma for one in each if one.sigma is not None]
    return Patterns(
        np.concatenate([one.intensity for one in each]), np.concatenate(sigmas) if sigmas else None
    )
