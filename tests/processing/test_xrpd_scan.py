"""A scan integrated by several processes gives pyFAI's numbers, in order, and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from processing.nexus.scans import open_scan
from processing.simulated_scan import write_powder_scan
from processing.techniques.xrpd.frames import FrameIntegrator
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import read_binning, read_method
from processing.techniques.xrpd.scan import default_processes, integrate_scan
from tests.processes import children
from tests.processing.scan_files import COLUMNS, ROWS, frames_of
from tests.processing.test_xrpd_frames import assert_close, by_pyfai
from workflows import InputError

N_FRAMES = 43
REPOSITORY = Path(__file__).parents[2]
METHOD, BINNING = read_method("full/csr"), read_binning(300, "2th_deg")


@pytest.fixture(scope="module")
def powder(tmp_path_factory):
    """43 frames of a small detector, ten in each file."""
    folder = tmp_path_factory.mktemp("scan")
    return write_powder_scan(folder, n_frames=N_FRAMES, detector="Pilatus100k", frames_per_file=10)


def integrator_of(powder, shape=(195, 487), **options):
    return FrameIntegrator(read_geometry(powder.poni), shape, binning=BINNING, **options)


def integrate(scan, integrator, **options):
    """Return the patterns of all frames, and check that they came in order."""
    came = []

    def on_block(first, patterns):
        assert first == sum(len(block.intensity) for block in came)
        came.append(patterns)

    integrate_scan(scan, integrator, on_block=on_block, **options)
    sigmas = [patterns.sigma for patterns in came if patterns.sigma is not None]
    return np.concatenate([one.intensity for one in came]), np.concatenate(sigmas) if sigmas else None


@pytest.mark.parametrize("n_processes", [1, 3])
def test_patterns_are_those_of_pyfai_frame_by_frame(powder, n_processes):
    mask = np.zeros((195, 487), bool)
    mask[:, 100:130] = True
    corrections = {"error_model": "poisson", "polarization_factor": 0.99}
    integrator = integrator_of(powder, mask=mask, method=METHOD, corrections=corrections)
    with open_scan(powder.path) as scan:
        monitor = scan.counter("monitor") / 1e4
        intensity, sigma = integrate(scan, integrator, factors=monitor, n_processes=n_processes)
        frames = scan.read(0, N_FRAMES)

    assert intensity.shape == sigma.shape == (N_FRAMES, 300)
    geometry = read_geometry(powder.poni)
    for place in (0, 7, 8, 29, N_FRAMES - 1):
        expected = by_pyfai(
            geometry, frames[place], METHOD, BINNING, mask,
            normalization_factor=monitor[place], **corrections,
        )  # fmt: skip
        assert_close(intensity[place], expected.intensity)
        assert_close(sigma[place], expected.sigma)


def test_the_same_powder_divided_by_the_monitor_is_the_same_pattern(powder):
    with open_scan(powder.path) as scan:
        intensity, _ = integrate(scan, integrator_of(powder), factors=powder.factors.tolist(), n_processes=2)

    assert np.allclose(intensity, intensity[0], rtol=1e-5, atol=1e-5)


def test_factors_may_come_with_the_frames(powder):
    def factors(first, last):
        return powder.factors[first:last]

    with open_scan(powder.path) as scan:
        intensity, _ = integrate(scan, integrator_of(powder), factors=factors, n_processes=2)
    assert np.allclose(intensity, intensity[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_processes", [1, 2])
def test_too_few_factors_and_another_shape_are_refused(powder, n_processes):
    with open_scan(powder.path) as scan:
        with pytest.raises(InputError, match="no factors for the frames 4"):
            integrate(scan, integrator_of(powder), factors=[1.0] * 40, n_processes=n_processes)
        other = FrameIntegrator(read_geometry({**GEOMETRY}), (60, 70), binning=BINNING)
        with pytest.raises(InputError, match="frames are"):
            integrate(scan, other, n_processes=n_processes)


def test_what_pyfai_integrates_stays_in_one_process_and_can_be_cancelled(powder):
    integrator = integrator_of(powder, method=read_method("no/histogram"))
    before = set(children(os.getpid()))
    n_calls = 0

    def cancel():
        nonlocal n_calls
        n_calls += 1
        assert set(children(os.getpid())) == before
        if n_calls == 5:
            raise KeyboardInterrupt

    with open_scan(powder.path) as scan:
        assert default_processes(scan, integrator) == 1
        with pytest.raises(KeyboardInterrupt):
            integrate(scan, integrator, n_processes=2, cancel=cancel)


def test_bins_that_the_loop_leaves_to_pyfai_are_integrated_outside_of_the_processes():
    frames = np.full((20, 60, 70), 7, np.float32)
    frames[11] = np.nan
    frames[11, 30, 40] = 3.0  # a single pixel is left of many bins
    integrator = FrameIntegrator(
        read_geometry(GEOMETRY), (60, 70), binning=read_binning(10, "2th_deg"), method=METHOD
    )
    with open_scan(frames) as scan:
        intensity, _ = integrate(scan, integrator, n_processes=2)
        alone, _ = integrate(scan, integrator, n_processes=1)

    assert np.array_equal(intensity, alone)
    expected = by_pyfai(read_geometry(GEOMETRY), frames[11], METHOD, read_binning(10, "2th_deg"))
    assert_close(intensity[11], expected.intensity)


def test_a_damaged_frame_is_the_error_it_was_after_the_patterns_before_it(powder, tmp_path):
    whole = write_powder_scan(tmp_path, n_frames=40, detector="Pilatus100k", layout="nexus")
    content = bytearray(whole.path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    whole.path.write_bytes(content)
    n_came = 0

    def on_block(first, patterns):
        nonlocal n_came
        n_came = first + len(patterns.intensity)

    with open_scan(whole.path) as scan, pytest.raises(InputError):
        integrate_scan(scan, integrator_of(powder), on_block=on_block, n_processes=2)
    assert 0 < n_came < 40


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_scan_that_grows_is_followed(n_processes, tmp_path):
    geometry = read_geometry(GEOMETRY)
    command = [sys.executable, "-m", "tests.processing.scan_writer", "swmr points", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=REPOSITORY) as writer:
        with open_scan(tmp_path / "scan.h5", wait_s=20) as scan:
            integrator = FrameIntegrator(
                geometry, (ROWS, COLUMNS), binning=read_binning(10, "2th_deg"), method=METHOD
            )
            intensity, _ = integrate(
                scan, integrator, n_processes=n_processes,
                factors=lambda first, last: scan.counter("diode")[first:last] + 1,
            )  # fmt: skip
        writer.stdin.close()

    alone = integrator.integrate(frames_of(9), np.arange(9) + 1)
    assert np.array_equal(intensity, alone.intensity)


def test_memory_is_flat_in_the_number_of_frames(tmp_path):
    """The largest size of a process and of its children for 100 frames, and for 1000 in four files."""
    program = """
import resource, sys
from processing.nexus.scans import open_scan
from processing.techniques.xrpd.frames import FrameIntegrator
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.scan import integrate_scan
with open_scan(sys.argv[1]) as scan:
    integrator = FrameIntegrator(read_geometry(sys.argv[2]), scan.shape)
    integrate_scan(scan, integrator, on_block=lambda first, patterns: None, n_processes=2)
print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""
    told = []
    for n_frames in (100, 1000):
        powder = write_powder_scan(
            tmp_path / str(n_frames), n_frames=n_frames, detector="Pilatus100k", frames_per_file=250
        )
        command = [sys.executable, "-c", program, str(powder.path), str(powder.poni)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        told.append([int(size) for size in done.stdout.split()])

    for few, many in zip(*told, strict=True):
        assert many < 1.05 * few


def test_it_runs_in_a_thread_beside_openmp_and_within_a_limit_of_memory(powder):
    program = f"""
import resource, sys, threading
sys.path.insert(0, {str(REPOSITORY)!r})
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from tests.processing.test_xrpd_scan import *
by_pyfai(read_geometry({str(powder.poni)!r}), np.ones((195, 487)), METHOD, BINNING)  # starts its threads
powder = type("P", (), dict(path={str(powder.path)!r}, poni={str(powder.poni)!r}))
found = []
def run():
    with open_scan(powder.path) as scan:
        found.append(integrate(scan, integrator_of(powder), n_processes=2)[0].shape)
thread = threading.Thread(target=run)
thread.start()
thread.join(60)
print(found)
os._exit(0)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)

    assert done.stdout.strip() == f"[({N_FRAMES}, 300)]"


GEOMETRY = {
    "dist": 0.05,
    "poni1": 0.003,
    "poni2": 0.0035,
    "pixel1": 1e-4,
    "pixel2": 1e-4,
    "wavelength": 1e-10,
}
