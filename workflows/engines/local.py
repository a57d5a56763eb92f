"""Running a workflow on this machine: in the calling thread, in threads, and in processes."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from workflows.engines.budget import Budget, Queue
from workflows.engines.hints import Hints, checked_place, checked_resources, checked_seconds, read_hints
from workflows.engines.processes import ProcessWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.running.calls import NodeCall
    from workflows.running.results import NodeResult
    from workflows.running.run import Run

    Execute = Callable[[NodeCall], NodeResult]

_USUAL = Hints("thread", {"cpus": 1}, None)


def run_local(
    run: Run,
    *,
    max_workers: int = 1,
    pool: str = "thread",
    resources: Mapping[str, float] | None = None,
    node_timeout: float | None = None,
    start_method: str | None = None,
    grace_s: float = 5.0,
) -> None:
    """Run all nodes, up to ``max_workers`` at the same time.

    With one worker the tasks run in the calling thread, in the order of the
    document as far as the links allow.

    Parameters
    ----------
    pool
        Where nodes run that do not say so in their attribute ``run_in``:
        ``thread`` or ``process``.
    resources
        How much there is for all nodes together of ``cpus`` (by default
        ``max_workers``), ``memory_mb`` and ``gpus`` (by default unlimited). Nodes
        say in their attribute ``resources`` what they need, otherwise one CPU.
        One that needs more than there is runs alone.
    node_timeout
        Seconds for each node that does not have its own ``timeout``. A node that
        takes longer is asked to stop and has failed. Where it does not stop, a
        process is killed; a thread cannot be, so the run waits for it.
    start_method
        How processes are started: ``forkserver`` or ``spawn``.
    grace_s
        Seconds between asking a process to stop and killing it.

    Raises
    ------
    ValueError
        ``max_workers`` is less than one.
    GraphError
        A node, or an option, says something that makes no sense.
    """
    if max_workers < 1:
        raise ValueError(f"max_workers must be at least 1, not {max_workers}")
    limit_s = checked_seconds(node_timeout, "node_timeout")
    hints = read_hints(run, run_in=checked_place(pool, "pool"), time_limit_s=limit_s)
    totals = {"cpus": max_workers, **checked_resources(dict(resources or {}), "resources")}
    plain = all(hint == _USUAL for hint in hints.values())
    if plain and max_workers == 1:
        while call := run.take():
            run.settle(call, call.execute())
        return
    with ProcessWorkers(start_method=start_method, grace_s=grace_s) as processes:

        def execute(call: NodeCall) -> NodeResult:
            hint = hints[call.node.id]
            place = processes.execute if hint.run_in == "process" else type(call).execute
            return place(call, time_limit_s=hint.time_limit_s)

        _run_all(run, execute, Queue(run, hints, Budget(totals), lookahead=max_workers), max_workers)


def _run_all(run: Run, execute: Execute, queue: Queue, max_workers: int) -> None:
    if max_workers == 1:
        while call := queue.next():
            queue.settle(call, execute(call))
        return
    with ThreadPoolExecutor(max_workers, thread_name_prefix="workflow") as pool:
        try:
            _run_in_pool(pool, execute, queue, max_workers)
        except BaseException:
            run.context.token.cancel()  # or leaving the pool would wait for tasks that nobody needs
            raise


def _run_in_pool(pool: ThreadPoolExecutor, execute: Execute, queue: Queue, max_workers: int) -> None:
    running: dict[Future[NodeResult], NodeCall] = {}
    while True:
        while len(running) < max_workers and (call := queue.next()):
            running[pool.submit(execute, call)] = call
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            queue.settle(running.pop(future), future.result())
