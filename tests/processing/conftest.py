"""What the tests of processing share: real files, simulated data, a clean slate."""

import os
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

from processing.nexus.guard import confine
from processing.simulation import write_powder_dataset
from processing.techniques.xrpd.integrator import keep_engines_in
from tests.processing.hostile import SECRET, N

REAL_DATA = Path(os.environ.get("REPRISE_TEST_DATA", Path(__file__).parents[2] / "../shared/data")).resolve()


@pytest.fixture(scope="session")
def real_data():
    """Folder of files that were really measured."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"No real data at {REAL_DATA} (set REPRISE_TEST_DATA)")
    return REAL_DATA


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """One simulated exposure of LaB6 on a Pilatus 1M."""
    return write_powder_dataset(tmp_path_factory.mktemp("LaB6"), calibrant="LaB6", seed=7)


@pytest.fixture(autouse=True)
def clean_slate():
    """No test inherits the roots or the engines of another."""
    yield
    confine(None)
    keep_engines_in(None)


@pytest.fixture
def outside(tmp_path):
    """A folder that must not be read, with a secret in HDF5 and in plain bytes."""
    folder = tmp_path / "outside"
    folder.mkdir()
    with h5py.File(folder / "secret.h5", "w") as file:
        file["secret"] = np.full(N, SECRET)
    (folder / "secret.bin").write_bytes(np.full(N, SECRET).tobytes())
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("A small file system cannot be mounted here")
        pytest.skip("Mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
