"""Running a workflow in this process."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.running.calls import NodeCall
    from workflows.running.results import NodeResult
    from workflows.running.run import Run


def run_local(run: Run, *, max_workers: int = 1) -> None:
    """Run all nodes, up to ``max_workers`` at the same time.

    With one worker the tasks run in the calling thread, in the order of the
    document as far as the links allow.

    Raises
    ------
    ValueError
        ``max_workers`` is less than one.
    """
    if max_workers < 1:
        raise ValueError(f"max_workers must be at least 1, not {max_workers}")
    if max_workers == 1:
        while call := run.take():
            run.settle(call, call.execute())
        return
    with ThreadPoolExecutor(max_workers, thread_name_prefix="workflow") as pool:
        try:
            _run_in_pool(run, pool, max_workers)
        except BaseException:
            run.context.token.cancel()  # or leaving the pool would wait for tasks that nobody needs
            raise


def _run_in_pool(run: Run, pool: ThreadPoolExecutor, max_workers: int) -> None:
    running: dict[Future[NodeResult], NodeCall] = {}
    while True:
        while len(running) < max_workers and (call := run.take()):
            running[pool.submit(call.execute)] = call
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            run.settle(running.pop(future), future.result())
