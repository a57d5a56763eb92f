"""One measurement in a process of its own: ``cell.py '{"kind": "ours", ...}'`` prints one JSON document.

Not measured are the imports and one run over a few frames. CPU is that of all threads and of the child
processes that have ended. Run by the Python of the peer for the peer's kinds.
"""

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
N_CHECKED = 3
"""Frames whose patterns are kept to be compared."""


def main() -> None:
    """Measure what the argument asks for; a package that is missing is the answer ``absent``."""
    asked = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        try:
            answer = KINDS[asked.pop("kind")](folder=Path(folder), **asked)
        except ImportError as error:
            answer = {"absent": error.name or str(error)}
    print(json.dumps(answer))


def timed(action: Callable[[], object]) -> dict[str, float]:
    """Return the seconds of CPU and of the wall."""
    cpu_before, wall_before = cpu_seconds(), time.perf_counter()
    action()
    return {"wall_s": time.perf_counter() - wall_before, "cpu_s": cpu_seconds() - cpu_before}


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> dict[str, float]:
    """Return the largest resident sizes so far, of this process and of the largest of its children."""
    who = {"own_mb": resource.RUSAGE_SELF, "child_mb": resource.RUSAGE_CHILDREN}
    return {name: resource.getrusage(number).ru_maxrss / 1024 for name, number in who.items()}


def ours(
    *,
    folder: Path,
    scan: str,
    poni: str,
    points: list[int],
    engines: str,
    method: str = "full/csr",
    error_model: str | None = None,
    n_processes: int | None = None,
) -> dict[str, Any]:
    """Integrate a scan into a NeXus file; with two numbers of points, into cakes that are thrown away."""
    sys.path.insert(0, str(ROOT))
    from processing.nexus.pattern_writer import new_patterns
    from processing.nexus.scans import open_scan
    from processing.techniques.xrpd.frames import FrameIntegrator
    from processing.techniques.xrpd.geometry import read_geometry
    from processing.techniques.xrpd.integrator import keep_engines_in
    from processing.techniques.xrpd.options import read_binning, read_binning2d, read_method
    from processing.techniques.xrpd.scan import integrate_scan

    keep_engines_in(engines)
    is_cake = len(points) > 1

    def integrator_of(shape: tuple[int, int]) -> FrameIntegrator:
        return FrameIntegrator(
            read_geometry(poni),
            shape,
            method=read_method(method, dimension=len(points)),
            binning=(read_binning2d if is_cake else read_binning)(*points, "2th_deg"),
            corrections={"polarization_factor": 0.99, "error_model": error_model},
        )

    def run() -> None:
        with open_scan(scan) as frames, ExitStack() as stack:
            integrator = integrator_of(frames.shape)
            take = _forget
            if not is_cake:
                writer = new_patterns(
                    folder / "patterns.nxs",
                    radial=integrator.radial,
                    quantity="2theta",
                    unit="deg",
                    with_errors=error_model is not None,
                )
                append = stack.enter_context(writer).append
                take = lambda _, patterns: append(*patterns)  # noqa: E731
            integrate_scan(frames, integrator, on_block=take, n_processes=n_processes)

    with open_scan(scan) as frames:
        first = integrator_of(frames.shape).integrate(frames.read(0, N_CHECKED)).intensity
    return {**timed(run), **peak_mb(), "patterns": [] if is_cake else first.tolist()}


def _forget(_first: int, _patterns: Any) -> None:
    """Take cakes: there is no file of many of them."""


def pyfai(
    *,
    folder: Path,  # noqa: ARG001
    scan: str,
    poni: str,
    points: list[int],
    method: str,
    engines: str,  # noqa: ARG001
    n_frames: int = 6,
) -> dict[str, Any]:
    """Read and integrate frames one by one with pyFAI, its integrator kept; for one frame."""
    sys.path.insert(0, str(ROOT))
    import pyFAI

    from processing.nexus.scans import open_scan

    integrator = pyFAI.load(poni)
    names = (*method.split("/"), "cython")
    call = integrator.integrate1d if len(points) == 1 else integrator.integrate2d
    with open_scan(scan) as frames:

        def one(place: int) -> Any:
            (frame,) = frames.read(place, place + 1)
            return call(frame, *points, unit="2th_deg", method=names, polarization_factor=0.99).intensity

        kept = [one(place).tolist() for place in range(N_CHECKED if len(points) == 1 else 1)]
        measured = timed(lambda: [one(place) for place in range(n_frames)])
    per_frame = {name: value / n_frames for name, value in measured.items()}
    return {**per_frame, "patterns": kept if len(points) == 1 else []}


def ewoksxrpd(
    *, folder: Path, scan: str, short: str, poni: str, points: list[int], method: str, n_read: int = N_CHECKED
) -> dict[str, Any]:
    """Integrate a scan with IntegrateBlissScan, after a short one in the same process."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    warnings.simplefilter("ignore")
    import h5py
    import pyFAI
    from ewoksxrpd.tasks.integrate import IntegrateBlissScan

    geometry = pyFAI.load(poni)
    place = {name: getattr(geometry, name) for name in ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")}
    energy = 12.398419843320026 / (geometry.wavelength * 1e10)

    def run(path: str, to: str) -> None:
        IntegrateBlissScan(
            inputs={
                "filename": path,
                "scan": 1,
                "detector_name": "eiger",
                "output_filename": str(folder / to),
                "geometry": place,
                "detector": geometry.detector.name.replace(" ", ""),
                "energy": energy,
                "integration_options": {
                    "method": (*method.split("/"), "cython"),
                    "nbpt_rad": points[0],
                    "unit": "2th_deg",
                    "polarization_factor": 0.99,
                },
                "retry_timeout": 20,
            }
        ).execute()

    run(short, "short.h5")
    measured = timed(lambda: run(scan, "long.h5"))
    with h5py.File(folder / "long.h5", locking=False) as file:  # noqa: TID251 -- the peer's own file
        patterns = file["1.1/eiger_integrate/integrated/intensity"][:n_read]
    return {**measured, **peak_mb(), "patterns": patterns.tolist()}


KINDS = {"ours": ours, "pyfai": pyfai, "ewoksxrpd": ewoksxrpd}

if __name__ == "__main__":
    main()
