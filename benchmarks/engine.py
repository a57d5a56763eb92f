"""What the workflow engine costs on top of the tasks, beside ewokscore, ewoksdask and ewoksppf.

No-op tasks that hand a value on, loading included. CPU time of all threads and child processes, because other
programs may share the machine; each cell in a process of its own, imports and a first small run not counted.
Every target is checked, and one that is missed is named before the last line.

    python benchmarks/engine.py [--quick]
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

Cell = dict[str, Any]

CELL = Path(__file__).parent / "engine_cells" / "cell.py"
PEERS = ("ewokscore", "ewoksdask sequential", "ewoksdask threads", "ewoksppf threads")
SIZES = {10: 50, 100: 30, 1000: 9, 10_000: 3}
"""Nodes, and how often the graph is run in its process."""
LIMIT_S = 180
FIRST = ("cpu_us_per_task", "ratio_best_ewoks", "linear_ratio")
"""The figures that the last line begins with."""


class Bench:
    """Runs cells and remembers what they brought."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.missed: list[str] = []
        self.figures: dict[str, float] = {}

    def measure(self, kind: str, *, rounds: int | None = None, **asked: Any) -> Cell:
        """Measure a cell in several processes; return the medians, or why there are none."""
        found: list[Cell] = []
        for _ in range(rounds or self.rounds):
            command = [sys.executable, str(CELL), json.dumps({"kind": kind, **asked})]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_S)
            except subprocess.TimeoutExpired:
                return {"late": LIMIT_S}
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"{asked}: {error.stderr}") from None
            found.append(json.loads(done.stdout.splitlines()[-1]))
            if "absent" in found[-1]:
                return found[-1]
        return {name: statistics.median(cell[name] for cell in found) for name in found[0]}

    def check(self, name: str, value: float, limit: float, *, at_least: bool = False) -> None:
        """Note a figure of the last line, and whether it keeps to its target."""
        self.figures[name] = value
        if value < limit if at_least else value > limit:
            bound = "at least" if at_least else "at most"
            self.missed.append(f"{name} is {value:.3g}, not {bound} {limit:g}")


def main() -> None:
    """Measure, print the tables and the RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="once each, and few slow peers; within a minute")
    bench = Bench(quick=parser.parse_args().quick)
    ours = measure_sizes(bench, ("chain", "fan", "layers", "independent"))
    compare_engines(bench, ours)
    compare_kinds(bench, ours)
    measure_events(bench)
    measure_loading(bench)
    measure_other(bench)
    for sentence in bench.missed:
        print(f"missed: {sentence}")
    figures = {name: bench.figures.pop(name) for name in FIRST if name in bench.figures} | bench.figures
    print("RESULT " + " ".join(f"{name}={value:.3g}" for name, value in figures.items()))


def measure_sizes(bench: Bench, shapes: tuple[str, ...]) -> dict[tuple[str, int], Cell]:
    """Run graphs of 10 to 10,000 nodes: the cost of a task must not grow with the graph."""
    cells = {
        (shape, n): bench.measure("run", engine="ours", shape=shape, n=n, repeats=repeats)
        for shape in shapes
        for n, repeats in SIZES.items()
    }
    print("Load and run, microseconds of CPU (wall) a task")
    print(f"{'':<14}" + "".join(f"{f'{n} nodes':>18}" for n in SIZES) + f"{'growth':>18}")
    for shape in shapes:
        growth = per_task(cells[shape, 10_000], 10_000) / per_task(cells[shape, 100], 100)
        costs = [(per_task(cells[shape, n], n), per_task(cells[shape, n], n, "wall_s")) for n in SIZES]
        row = [f"{cpu_us:.1f} ({wall_us:.1f})" for cpu_us, wall_us in costs]
        print(f"{shape:<14}" + "".join(f"{text:>18}" for text in (*row, f"x {growth:.2f}")))
        bench.figures["linear_ratio"] = max(growth, bench.figures.get("linear_ratio", 0))
    worst = max(per_task(cells[shape, 1000], 1000) for shape in ("chain", "fan"))
    bench.check("cpu_us_per_task", worst, 50)
    bench.check("linear_ratio", bench.figures["linear_ratio"], 1.3)
    grown = max(cells[shape, 10_000]["grown_mb"] for shape in shapes)
    print(f"memory that a run of 10,000 nodes adds at its peak: {grown:.0f} MB at most")
    bench.figures["memory_10000_mb"] = grown
    return cells


def compare_engines(bench: Bench, ours: dict[tuple[str, int], Cell]) -> None:
    """Run the same graphs in the engines of ewoks, with every link marked as required."""
    print(
        '\nThe engines of ewoks, and how many times our CPU (with "required": true, or they would never end)'
    )
    if bench.quick:
        print("chain of 100: skipped")
    cases = (("chain", 100, 0), ("chain", 1000, 100), ("fan", 1000, 8))[bench.quick :]
    for shape, n, target in cases:
        own_s, found = ours[shape, n]["cpu_s"], {}
        slow = (shape, n) == ("chain", 1000)
        for engine in PEERS:
            label = f"{shape} of {n}, {engine}:"
            if bench.quick and slow and engine != "ewokscore":
                print(f"{label} skipped (about 10 s)")
                continue
            repeats = 1 if slow or bench.quick else 3
            cell = bench.measure("run", engine=engine, shape=shape, n=n, repeats=repeats, rounds=1)
            print(f"{label} {told(cell, n, own_s)}")
            if "cpu_s" in cell:
                found[engine] = cell["cpu_s"] / own_s
        if found and target:
            best = min(found, key=found.__getitem__)
            print(f"the best on the {shape} of {n}: {best}, x {found[best]:.0f}")
            name = "ratio_best_ewoks" if shape == "chain" else f"ratio_best_ewoks_{shape}"
            bench.check(name, found[best], target, at_least=True)


def compare_kinds(bench: Bench, ours: dict[tuple[str, int], Cell]) -> None:
    """Run classes instead of functions, ours and those of ewokscore, and a loop."""
    print("\nOther kinds of tasks")
    chain = {"shape": "chain", "n": 100, "repeats": 9}
    print(f"functions: {told(ours['chain', 100], 100)}")
    print(f"task classes: {told(bench.measure('run', engine='ours', task='class', **chain), 100)}")
    wrapped = bench.measure("run", engine="ours", task="ewoks class", **chain)
    print(f"task classes of ewokscore, here: {told(wrapped, 100)}")
    peer = bench.measure("run", engine="ewokscore", task="ewoks class", **chain)
    print(f"task classes of ewokscore, in ewokscore: {told(peer, 100, wrapped.get('cpu_s'))}")
    print(f"loop of 1,000 rounds: {told(bench.measure('loop', engine='ours', n=1000, repeats=5), 1000)}")
    n = 20 if bench.quick else 200
    peer = bench.measure("loop", engine="ewoksppf processes", n=n, repeats=1, rounds=1)
    print(f"loop of {n} rounds, ewoksppf (processes: with threads it hangs): {told(peer, n)}")


def measure_events(bench: Bench) -> None:
    """Run a chain of 1,000 with events; those in the database are counted."""
    print("\nEvents, chain of 1,000")
    cells = {
        events: bench.measure("run", engine="ours", shape="chain", n=1000, repeats=9, events=events)
        for events in (None, "callback", "jsonl", "sqlite")
    }
    quiet_s = cells[None]["cpu_s"]
    for events, cell in cells.items():
        print(f"{events or 'none'}: {told(cell, 1000)} = x {cell['cpu_s'] / quiet_s:.2f} of none")
    print(f"of the 2n+4 events of each run {cells['sqlite']['events_lost']:.0f} are missing in the database")
    bench.check("events_ratio", cells["sqlite"]["cpu_s"] / quiet_s, 3)
    bench.check("events_lost", cells["sqlite"]["events_lost"], 0)
    chain = {"shape": "chain", "n": 100, "repeats": 3, "rounds": 1}
    peer = bench.measure("run", engine="ewokscore", events="sqlite", **chain)
    print(f"ewokscore, chain of 100, sqlite: {told(peer, 100, cells['sqlite']['cpu_s'] / 10)}")


def measure_loading(bench: Bench) -> None:
    """Load and check graphs without running them; here that includes every task and its inputs."""
    print("\nLoad and check 10,000 nodes")
    worst = 0.0
    for shape in ("chain", "fan", "layers"):
        cell = bench.measure("load", engine="ours", shape=shape, n=10_000, repeats=3)
        worst = max(worst, cell["cpu_s"])
        print(f"{shape}: {told(cell, 10_000)}, {cell['cpu_s']:.2f} s in all")
        if shape == "fan":
            peer = bench.measure("load", engine="ewokscore", shape=shape, n=10_000, repeats=1, rounds=1)
            print(f"fan, ewokscore: {told(peer, 10_000, cell['cpu_s'])} (tasks and inputs not checked)")
    bench.check("load_10000_s", worst, 1)


def measure_other(bench: Bench) -> None:
    """Run branches at the same time, stored results again, and the command line."""
    print("\nTwo independent branches of 1 s, two workers (the limit: 1 s)")
    for function, run_in in (("wait_1_s", "thread"), ("compute_1_s", "process")):
        cell = bench.measure("branches", function=function, run_in=run_in, repeats=1)
        bare = f", two bare processes {cell['bare_wall_s']:.2f} s" if "bare_wall_s" in cell else ""
        print(f"{function} in two of {run_in}: {cell['wall_s']:.2f} s{bare}")
        bench.check(f"branches_{run_in}_ratio", cell["wall_s"] / cell.get("bare_wall_s", 1), 1.3)
    print("\nA chain of 100 run again, all results stored (JSON)")
    own = bench.measure("cached", engine="ours", n=100, repeats=3)
    print(f"ours: {told(own, 100)}; the first time {own['first_cpu_s'] * 1e4:.0f} us")
    peer = bench.measure("cached", engine="ewokscore", n=100, repeats=3, rounds=1)
    print(f"ewokscore: {told(peer, 100, own['cpu_s'])}", end="")
    print(f"; the first time {peer['first_cpu_s'] * 1e4:.0f} us" if "first_cpu_s" in peer else "")
    print("\nFrom the command line, a graph of 2 nodes, the whole process")
    repeats = 1 if bench.quick else 3
    own = bench.measure("start_up", program="reprise", repeats=repeats)
    for program in ("python", "reprise", "ewoks"):
        cell = own if program == "reprise" else bench.measure("start_up", program=program, repeats=repeats)
        print(f"{program}: {told(cell, 1, own['cpu_s'], scale=1e3, unit='ms')}")
        if program == "ewoks" and "cpu_s" in cell:
            bench.figures["ratio_start_up"] = cell["cpu_s"] / own["cpu_s"]


def per_task(cell: Cell, n: int, name: str = "cpu_s") -> float:
    """Return the microseconds a task."""
    return cell[name] / n * 1e6


def told(cell: Cell, n: int, own_s: float | None = None, *, scale: float = 1e6, unit: str = "us") -> str:
    """Say what a cell brought, and how many times that is what ours took."""
    if "absent" in cell:
        return f"{cell['absent']} is not installed (pip install 'reprise[peers]')"
    if "late" in cell:
        return f"had not ended after {cell['late']:.0f} s"
    cpu, wall = (cell[name] / n * scale for name in ("cpu_s", "wall_s"))
    ratio = "" if own_s is None else f" = x {cell['cpu_s'] / own_s:.1f}"
    return f"{cpu:.1f} {unit} of CPU, {wall:.1f} {unit} of wall{ratio}"


if __name__ == "__main__":
    main()
