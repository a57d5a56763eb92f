"""What the tests of processing share: real files, simulated data, a clean slate."""

import os
from pathlib import Path

import pytest

from processing.nexus.guard import confine
from processing.simulation import write_powder_dataset
from processing.techniques.xrpd.integrator import keep_engines_in

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
