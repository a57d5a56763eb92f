"""pynxtools, the NeXus validator of FAIRmat."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from processing.nexus.writer import append_process, write_pattern1d
from tests.processing.test_nexus_writer import INFO, RECORD, WORKFLOW, X, Y


def test_pynxtools_finds_nothing_but_the_units_it_cannot_see(tmp_path):
    pytest.importorskip("pynxtools", reason="pynxtools is not installed (make test-peers)")
    pattern = tmp_path / "pattern.nxs"
    errors = np.sqrt(Y)
    write_pattern1d(pattern, radial=X, intensity=Y, errors=errors, quantity="2theta", unit="deg", info=INFO)
    append_process(pattern, record=RECORD, workflow_json=WORKFLOW)

    command = Path(sys.executable).parent / "pynx"
    run = subprocess.run(
        [command, "validate", str(pattern)], capture_output=True, text=True, check=False, timeout=300
    )

    findings = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("WARNING")]
    # The definition declares units as an attribute of its own, which pynxtools handles apart; and h5web
    # needs the interpretation at the signal to draw a curve.  With these it cannot but say "NOT valid".
    waived = re.compile(
        r"/(I|radial_axis)/@units hasn't been supplied|/I/@interpretation has no doc|Invalid: The entry"
    )
    with h5py.File(pattern) as file:
        assert all(file[f"entry/data/{name}"].attrs["units"] for name in ("I", "radial_axis"))
    assert [line for line in findings if not waived.search(line)] == []
