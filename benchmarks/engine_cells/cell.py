"""One measurement in a process of its own: ``cell.py '{"kind": "run", ...}'`` prints one JSON document.

Not measured are the imports and one run of a graph of the same kind with 10 nodes. CPU is that of all threads
and of the child processes that have ended.
"""

import gc
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engines import count_events, find_engine  # noqa: E402 -- once the root is known
from shapes import make_branches, make_graph, make_loop  # noqa: E402

N_WARM = 10


def main() -> None:
    """Measure what the argument asks for; a package that is missing is the answer ``absent``."""
    asked = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        try:
            answer = KINDS[asked.pop("kind")](folder=Path(folder), **asked)
        except ImportError as error:
            answer = {"absent": error.name or str(error)}
    print(json.dumps(answer))


def timed(action: Callable[[], object], repeats: int = 1) -> dict[str, Any]:
    """Return the medians of the seconds of CPU and of the wall."""
    cpu, wall = [], []
    for _ in range(repeats):
        gc.collect()
        cpu_before, wall_before = cpu_seconds(), time.perf_counter()
        action()
        wall.append(time.perf_counter() - wall_before)
        cpu.append(cpu_seconds() - cpu_before)
    return {"cpu_s": statistics.median(cpu), "wall_s": statistics.median(wall)}


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    """Return the largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(
    *,
    folder: Path,
    engine: str,
    shape: str,
    n: int,
    repeats: int,
    task: str = "function",
    events: str | None = None,
) -> dict[str, Any]:
    """Load and run a graph of no-op tasks."""
    execute = find_engine(engine)
    output = {"return_value" if task == "function" else "value": 1}
    paths = iter(range(repeats + 1))

    def run_once(n_nodes: int) -> None:
        path = folder / f"{next(paths)}.events"
        options: dict[str, Any] = {} if events is None else {"events": (events, str(path))}
        outputs = execute(graphs[n_nodes], **options)
        if outputs != output:
            raise SystemExit(f"{engine} returned {outputs}, not {output}")
        written.append((path, 2 * n_nodes + 4))

    written: list[tuple[Path, int]] = []
    graphs = {size: make_graph(shape, size, task) for size in (N_WARM, n)}
    run_once(N_WARM)
    before = peak_mb()
    measured = timed(lambda: run_once(n), repeats)
    if events == "sqlite":
        measured["events_lost"] = sum(expected - count_events(path) for path, expected in written)
    return {**measured, "peak_mb": peak_mb(), "grown_mb": peak_mb() - before}


def load(*, folder: Path, engine: str, shape: str, n: int, repeats: int) -> dict[str, Any]:  # noqa: ARG001
    """Load and check a graph without running it: here also that every task and input exists."""
    if engine == "ours":
        from workflows import load_graph, make_plan

        def read(document: dict[str, Any]) -> object:
            return make_plan(load_graph(document))
    else:
        from ewokscore import load_graph as read
    read(make_graph(shape, N_WARM))
    graph = make_graph(shape, n)
    return timed(lambda: read(graph), repeats)


def loop(*, folder: Path, engine: str, n: int, repeats: int) -> dict[str, Any]:  # noqa: ARG001
    """Let a node lead to itself ``n`` times."""
    execute = find_engine(engine)
    module = "native_tasks" if engine == "ours" else "ewoks_tasks"
    execute(make_loop(N_WARM, module))
    graph = make_loop(n, module)
    outputs: dict[str, Any] = {}
    measured = timed(lambda: outputs.update(execute(graph)), repeats)
    if outputs["value"] != n + 1:
        raise SystemExit(f"{engine} counted to {outputs['value']}, not to {n + 1}")
    return measured


def cached(*, folder: Path, engine: str, n: int, repeats: int) -> dict[str, Any]:
    """Run a chain again whose results are all stored."""
    execute = find_engine(engine)
    graph = make_graph("chain", n, "class" if engine == "ours" else "ewoks class")
    varinfo = {"root_uri": str(folder), "scheme": "json"}
    first = timed(lambda: execute(graph, varinfo=varinfo))
    return {**timed(lambda: execute(graph, varinfo=varinfo), repeats), "first_cpu_s": first["cpu_s"]}


def branches(*, folder: Path, function: str, run_in: str, repeats: int) -> dict[str, Any]:  # noqa: ARG001
    """Run two nodes of one second at the same time; with processes, two bare ones beside it."""
    import native_tasks

    execute = find_engine("ours")
    graph = make_branches(function, run_in)
    measured = timed(lambda: execute(graph, max_workers=2), repeats)
    if run_in == "process":
        bare = multiprocessing.get_context("spawn")

        def run_bare() -> None:
            both = [bare.Process(target=getattr(native_tasks, function)) for _ in range(2)]
            for process in both:
                process.start()
            for process in both:
                process.join()

        measured["bare_wall_s"] = timed(run_bare, repeats)["wall_s"]
    return measured


def start_up(*, folder: Path, program: str, repeats: int) -> dict[str, Any]:
    """Run a graph of 2 nodes from the command line, with everything that a process costs."""
    path = folder / "two.json"
    path.write_text(json.dumps(make_graph("chain", 2)))
    commands = {
        "python": ["-c", "pass"],
        "reprise": ["-m", "workflows.cli", "execute", str(path)],
        "ewoks": ["-m", "ewoks", "execute", str(path)],
    }
    if program == "ewoks":
        import ewoks  # noqa: F401 -- is it installed?

    def start() -> None:
        subprocess.run([sys.executable, *commands[program]], cwd=ROOT, check=True, capture_output=True)

    start()
    return timed(start, repeats)


KINDS = {"run": run, "load": load, "loop": loop, "cached": cached, "branches": branches, "start_up": start_up}

if __name__ == "__main__":
    main()
