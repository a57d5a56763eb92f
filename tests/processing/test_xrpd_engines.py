"""An engine that was kept gives the same bits as one that was built, in any process."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.techniques.xrpd import integrator as module
from processing.techniques.xrpd.array_store import ArrayStore
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.integrator import MAX_IN_PROCESS, keep_engines_in, kept_integrator
from processing.techniques.xrpd.options import read_binning, read_method

SHAPE = (200, 210)
GEOMETRY = read_geometry(
    {
        "dist": 0.1,
        "poni1": 0.01,
        "poni2": 0.011,
        "rot1": 0.01,
        "pixel1": 1e-4,
        "pixel2": 1e-4,
        "wavelength": 1e-10,
    }
)
IMAGE = np.random.default_rng(1).poisson(100, SHAPE).astype("f4")
MASK = np.zeros(SHAPE, dtype=bool)
MASK[50:60] = True
BINNING = read_binning(150, "q_nm^-1", (1.0, 8.0), (-100, 80))
OPTIONS = {"polarization_factor": 0.9, "error_model": "poisson"}
STORED = ["full/csr", "bbox/csr", "no/csr", "full/csc", "bbox/csc", "no/csc"]


def direct(method):
    place = {name: getattr(GEOMETRY, name) for name in ("dist", "poni1", "poni2", "rot1", "wavelength")}
    return AzimuthalIntegrator(**place, detector=GEOMETRY.make_detector(SHAPE)).integrate1d(
        IMAGE, 150, unit="q_nm^-1", method=tuple(read_method(method)), mask=MASK.astype("i1"),
        radial_range=(1.0, 8.0), azimuth_range=(-100, 80), **OPTIONS,
    )  # fmt: skip


def kept(method, mask=MASK, binning=BINNING):
    return kept_integrator(GEOMETRY, SHAPE, mask=mask, method=read_method(method), binning=binning)


def same(one, other):
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("radial", "intensity", "sigma"))


@pytest.mark.parametrize("method", STORED)
def test_an_engine_from_disk_gives_the_bits_of_pyfai(method, tmp_path):
    keep_engines_in(tmp_path)
    built = kept(method)
    assert built.origin == "built"
    assert same(built.integrate(IMAGE, **OPTIONS), direct(method))
    assert same(built.integrate(IMAGE, **OPTIONS), direct(method))

    keep_engines_in(tmp_path)  # as a fresh process does
    restored = kept(method)
    assert restored.origin == "disk"
    before = next(iter(restored.integrator.engines.values())).engine
    assert same(restored.integrate(IMAGE, **OPTIONS), direct(method))
    assert next(iter(restored.integrator.engines.values())).engine is before  # pyFAI has not rebuilt it


@pytest.mark.parametrize("method", ["full/csr", "full/histogram", "bbox/lut"])
def test_without_a_folder_the_numbers_are_the_same(method):
    assert same(kept(method).integrate(IMAGE, **OPTIONS), direct(method))
    assert kept(method) is kept(method)


def test_several_fresh_processes_start_warm(tmp_path):
    """More than one, because pyFAI chooses its checksums anew in each."""
    program = """
import sys; sys.path.insert(0, sys.argv[2])
from tests.processing.test_xrpd_engines import *
keep_engines_in(sys.argv[1])
one = kept("full/csr")
engine = [held.engine for held in one.integrator.engines.values()]
result = one.integrate(IMAGE, **OPTIONS)
is_kept = bool(engine) and next(iter(one.integrator.engines.values())).engine is engine[0]
print(json.dumps([one.origin, is_kept, same(result, direct("full/csr"))]))
"""
    repository = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, str(tmp_path), str(repository)]

    told = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository).stdout)
        for _ in range(4)
    ]

    assert told[0] == ["built", False, True]
    assert told[1:] == [["disk", True, True]] * 3


def test_another_geometry_mask_or_binning_is_another_engine(tmp_path):
    keep_engines_in(tmp_path)
    first = kept("full/csr").integrate(IMAGE, **OPTIONS)

    unmasked = kept("full/csr", mask=None)
    finer = kept("full/csr", binning=read_binning(300, "q_nm^-1"))

    assert unmasked.origin == finer.origin == "built"
    assert not np.array_equal(unmasked.integrate(IMAGE, **OPTIONS).intensity, first.intensity)


@pytest.mark.parametrize("damage", ["cut", "flipped", "no meta", "wrong index"])
def test_a_damaged_engine_is_built_again(damage, tmp_path):
    keep_engines_in(tmp_path)
    kept("full/csr").integrate(IMAGE, **OPTIONS)
    entry = next(path.parent for path in tmp_path.glob("*/indices.npy"))
    indices = entry / "indices.npy"
    match damage:
        case "cut":
            indices.write_bytes(indices.read_bytes()[:-100])
        case "flipped":
            content = bytearray(indices.read_bytes())
            content[-3] ^= 0xFF
            indices.write_bytes(content)
        case "no meta":
            (entry / "meta.json").unlink()
        case "wrong index":
            np.save(indices, np.full_like(np.load(indices), 2**30))

    keep_engines_in(tmp_path)
    rebuilt = kept("full/csr")

    assert rebuilt.origin == "built"
    assert same(rebuilt.integrate(IMAGE, **OPTIONS), direct("full/csr"))
    keep_engines_in(tmp_path)
    assert kept("full/csr").origin == "disk"


def test_the_folder_keeps_to_its_limit_and_forgets_the_longest_unused(tmp_path):
    store = ArrayStore(tmp_path, max_bytes=30_000)
    for name in ("a", "b"):
        store.save(name, {"x": np.zeros(1000)}, {})
    assert store.load("a") is not None  # used again

    store.save("c", {"x": np.zeros(2000)}, {})

    assert store.load("b") is None
    assert store.load("a") is not None
    assert store.load("c") is not None


def test_what_a_killed_process_left_is_removed_after_an_hour(tmp_path):
    store = ArrayStore(tmp_path)
    for name, age in ((".new-old", 7200), (".new-young", 60)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)

    store.save("a", {"x": np.zeros(10)}, {})

    assert {path.name for path in tmp_path.iterdir()} == {"a", ".new-young"}


def test_a_second_writer_of_the_same_entry_does_no_harm(tmp_path):
    store = ArrayStore(tmp_path)
    threads = [
        threading.Thread(target=store.save, args=("a", {"x": np.arange(10_000)}, {"n": 1})) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    arrays, values = store.load("a")
    assert np.array_equal(arrays["x"], np.arange(10_000))
    assert values == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    keep_engines_in(tmp_path / "file")

    one = kept("full/csr")
    for _ in range(2):
        assert same(one.integrate(IMAGE, **OPTIONS), direct("full/csr"))
        assert len(one.integrator.engines) == 1


def test_a_damaged_correction_is_stored_again(tmp_path):
    keep_engines_in(tmp_path)
    kept("full/csr").integrate(IMAGE, **OPTIONS)
    (stored,) = tmp_path.glob("*-solid/array.npy")
    before = stored.read_bytes()
    stored.write_bytes(before[:-8] + bytes(8))

    keep_engines_in(tmp_path)
    assert same(kept("full/csr").integrate(IMAGE, **OPTIONS), direct("full/csr"))
    assert stored.read_bytes() == before


def test_two_threads_share_one_integrator():
    images = [np.full(SHAPE, float(level), dtype="f4") for level in range(1, 9)]
    shared = kept("full/csr")
    found = {}

    def integrate(index):
        found[index] = shared.integrate(images[index], correctSolidAngle=False).intensity

    threads = [threading.Thread(target=integrate, args=(index,)) for index in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for index, intensity in found.items():
        assert intensity[intensity != 0] == pytest.approx(index + 1)


def test_memory_holds_a_few_integrators_only():
    for n_points in range(100, 100 + 2 * MAX_IN_PROCESS):
        kept("no/csr", binning=read_binning(n_points, "2th_deg"))

    assert len(module._Kept.integrators) == MAX_IN_PROCESS
