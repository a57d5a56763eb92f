"""How fast scans and single images become patterns, beside ewoksxrpd and pyFAI on the same frames.

Simulated LaB6 on an Eiger 4M and a Pilatus CdTe 2M, bitshuffle-LZ4, 4096 bins of 2 theta, full pixel
splitting. CPU time of all threads and child processes, because other programs may share the machine; each
cell in a process of its own, imports, engines and the first frames not counted. Every target is checked, and
one that is missed is named before the last line.

    python benchmarks/scan.py [--quick] [--xrpd PYTHON]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 -- once the root is known

from benchmarks.scan_cells.images import running_server, write_recipes  # noqa: E402
from processing.parallel import usable_cpus  # noqa: E402
from processing.simulated_scan import PowderScan, write_powder_scan  # noqa: E402

Cell = dict[str, Any]

CELL = Path(__file__).parent / "scan_cells" / "cell.py"
POINTS, SECTORS = [4096], [1000, 360]
N_SHORT = 2
LIMIT_S = 600
FLOOR = 1e-3
"""Part of the highest bin; what lies below is compared with it, as noise of single precision."""


class Bench:
    """Runs cells and remembers what they brought."""

    def __init__(self, folder: Path, *, quick: bool, xrpd: Path) -> None:
        self.folder, self.quick, self.xrpd = folder, quick, xrpd
        self.engines = folder / "engines"
        self.missed: list[str] = []

    def measure(self, kind: str, scan: PowderScan, **asked: Any) -> Cell:
        """Measure a cell in a process of its own, or say why there is none."""
        python = self.xrpd if kind == "ewoksxrpd" else Path(sys.executable)
        if not python.exists():
            return {"absent": f"ewoksxrpd (no {python}: make test-peers)"}
        asked = {"kind": kind, "scan": str(scan.path), "poni": str(scan.poni), **asked}
        if kind != "ewoksxrpd":
            asked["engines"] = str(self.engines)
        command = [str(python), str(CELL), json.dumps(asked)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        if done.returncode:
            raise SystemExit(f"{asked}: {done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def check(self, name: str, value: float, limit: float, *, at_least: bool = False) -> None:
        """Note whether a figure keeps to its target."""
        if value < limit if at_least else value > limit:
            bound = "at least" if at_least else "at most"
            self.missed.append(f"{name} is {value:.3g}, not {bound} {limit:g}")


def main() -> None:
    """Measure, print the tables and the RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer frames and peers; within a minute")
    parser.add_argument(
        "--xrpd", type=Path, default=ROOT / ".venv-xrpd/bin/python", help="Python of the peer"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder, quick=options.quick, xrpd=options.xrpd)
        n_frames = 24 if bench.quick else 100
        eiger = write_powder_scan(folder / "eiger", n_frames=n_frames, detector="Eiger4M")
        short = write_powder_scan(folder / "short", n_frames=N_SHORT, detector="Eiger4M")
        figures = measure_scan(bench, eiger, short)
        measure_errors(bench, eiger, figures["cpu_ms_per_frame"])
        measure_cakes(bench, eiger)
        if not bench.quick:
            pilatus = write_powder_scan(folder / "pilatus", n_frames=100, detector="Pilatus2MCdTe")
            measure_second(bench, pilatus)
        measure_memory(bench)
        measure_image(bench, eiger)
    for sentence in bench.missed:
        print(f"missed: {sentence}")
    print("RESULT " + " ".join(f"{name}={value:.3g}" for name, value in figures.items()))


def measure_scan(bench: Bench, scan: PowderScan, short: PowderScan) -> dict[str, float]:
    """Integrate a scan into a file; compare the patterns of all ways with those of pyFAI's full/csr."""
    n_frames = len(scan.factors)
    print(f"Eiger 4M, {n_frames} frames to NeXus: CPU (wall) a frame")
    own = bench.measure("ours", scan, points=POINTS, n_processes=1)
    print(f"ours, one process:        {told(own, n_frames)}")
    both = bench.measure("ours", scan, points=POINTS)
    frames_s = n_frames / both["wall_s"]
    print(f"ours, {usable_cpus()} processors:       {told(both, n_frames)} = {frames_s:.0f} frames/s")
    reference = bench.measure("pyfai", scan, points=POINTS, method="full/csr")
    print(f"pyFAI full/csr:           {told(reference, 1, own, n_frames)}")
    csc = bench.measure("pyfai", scan, points=POINTS, method="full/csc")
    print(f"pyFAI full/csc:           {told(csc, 1, own, n_frames)}")
    ratios, differences = {}, [difference(own, reference)]
    for method in ("full/csr",) if bench.quick else ("full/csr", "full/csc"):
        peer = bench.measure("ewoksxrpd", scan, short=str(short.path), points=POINTS, method=method)
        print(f"ewoksxrpd {method}:       {told(peer, n_frames, own, n_frames)}")
        if "cpu_s" in peer:
            ratios[method] = peer["cpu_s"] / own["cpu_s"]
            differences.append(difference(own, peer))
    figures = {
        "ratio_ewoksxrpd": ratios.get("full/csr", float("nan")),
        "cpu_ms_per_frame": own["cpu_s"] / n_frames * 1e3,
        "max_rel_diff": max(differences),
    }
    bench.check("cpu_ms_per_frame", figures["cpu_ms_per_frame"], 60)
    bench.check("frames a second on all processors", frames_s, 25, at_least=True)
    bench.check("max_rel_diff", figures["max_rel_diff"], 1e-6)
    if ratios:
        bench.check("ratio_ewoksxrpd", figures["ratio_ewoksxrpd"], 6, at_least=True)
    print(f"largest relative difference of all these patterns: {figures['max_rel_diff']:.1e}")
    return figures


def measure_errors(bench: Bench, scan: PowderScan, without_ms: float) -> None:
    """Integrate with Poisson errors."""
    n_frames = len(scan.factors)
    cell = bench.measure("ours", scan, points=POINTS, n_processes=1, error_model="poisson")
    ratio = cell["cpu_s"] / n_frames * 1e3 / without_ms
    print(f"ours, with errors:        {told(cell, n_frames)} = x {ratio:.2f} of without")
    bench.check("errors_ratio", ratio, 1.5)


def measure_cakes(bench: Bench, scan: PowderScan) -> None:
    """Integrate into cakes."""
    n_frames = len(scan.factors)
    print("\nCakes of 1000 x 360: CPU (wall) a frame")
    own = bench.measure("ours", scan, points=SECTORS, n_processes=1)
    print(f"ours, one process:        {told(own, n_frames)}")
    bench.check("cake_ms", own["cpu_s"] / n_frames * 1e3, 72)
    for method in () if bench.quick else ("full/csr", "full/csc"):
        peer = bench.measure("pyfai", scan, points=SECTORS, method=method)
        print(f"pyFAI {method}:           {told(peer, 1, own, n_frames)}")


def measure_second(bench: Bench, scan: PowderScan) -> None:
    """Integrate the frames of another detector."""
    n_frames = len(scan.factors)
    print(f"\nPilatus CdTe 2M, {n_frames} frames to NeXus: CPU (wall) a frame")
    own = bench.measure("ours", scan, points=POINTS, n_processes=1)
    print(f"ours, one process:        {told(own, n_frames)}")
    bench.check("pilatus_ms", own["cpu_s"] / n_frames * 1e3, 35)
    for method in ("full/csr", "full/csc"):
        peer = bench.measure("pyfai", scan, points=POINTS, method=method)
        print(f"pyFAI {method}:           {told(peer, 1, own, n_frames)}")


def measure_memory(bench: Bench) -> None:
    """Compare the largest sizes of a short and of a long scan."""
    detector, lengths = ("Pilatus100k", (100, 1000)) if bench.quick else ("Pilatus1M", (100, 1000))
    peaks = []
    for n_frames in lengths:
        scan = write_powder_scan(bench.folder / f"memory{n_frames}", n_frames=n_frames, detector=detector)
        peaks.append(bench.measure("ours", scan, points=POINTS, n_processes=2))
    ratio = max(peaks[1][name] / peaks[0][name] for name in ("own_mb", "child_mb"))
    print(
        f"\nlargest memory, {detector}: {lengths[0]} frames {peaks[0]['own_mb']:.0f} MB, "
        f"{lengths[1]} frames {peaks[1]['own_mb']:.0f} MB = x {ratio:.3f}"
    )
    bench.check("memory_ratio", ratio, 1.05)


def measure_image(bench: Bench, scan: PowderScan) -> None:
    """Run the shipped pipeline for one image, engine on disk: in a warm worker, and from nothing."""
    recipes = write_recipes(bench.folder, scan, engines=bench.engines, n_points=POINTS[0])
    with running_server() as server:
        server.fork_and_wait(next(recipes))
        warm = [server.fork_and_wait(next(recipes)) for _ in range(3 if bench.quick else 7)]
    started = time.perf_counter()
    command = [sys.executable, "-m", "processing.run", str(next(recipes))]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    cold_s = time.perf_counter() - started
    warm_s = statistics.median(warm)
    print(f"\none 4M image to a checked file: warm worker {warm_s:.2f} s, new process {cold_s:.2f} s (wall)")
    bench.check("warm_image_s", warm_s, 0.6)
    bench.check("cold_image_s", cold_s, 4)


def difference(one: Cell, other: Cell) -> float:
    """Return the largest relative difference of the first patterns."""
    ours, theirs = (np.asarray(cell["patterns"]) for cell in (one, other))
    n = min(len(ours), len(theirs))
    scale = np.maximum(np.abs(theirs[:n]), FLOOR * np.abs(theirs[:n]).max())
    return float((np.abs(ours[:n] - theirs[:n]) / scale).max())


def told(cell: Cell, n_frames: int, own: Cell | None = None, n_own: int = 1) -> str:
    """Say what a cell brought, and how many times ours that is."""
    if "absent" in cell:
        return f"skipped, not installed: {cell['absent']}"
    cpu, wall = (cell[name] / n_frames * 1e3 for name in ("cpu_s", "wall_s"))
    ratio = "" if own is None else f" = x {cpu / (own['cpu_s'] / n_own * 1e3):.1f}"
    return f"{cpu:6.1f} ms ({wall:6.1f} ms){ratio}"


if __name__ == "__main__":
    main()
