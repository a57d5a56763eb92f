"""pynxtools, the NeXus validator of FAIRmat."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from processing.nexus.pattern_writer import FrameAxis, new_patterns, write_cake, write_pattern1d
from processing.nexus.writer import append_process
from tests.processing.test_nexus_writer import INFO, RECORD, WORKFLOW, X, Y

# The definition declares units as an attribute of its own, which pynxtools handles apart; and h5web needs
# the interpretation at the signal to draw a curve.  With these it cannot but say "NOT valid".
WAIVED = re.compile(
    r"/(I|radial_axis|azimuthal_axis)/@units hasn't been supplied|/I/@interpretation has no doc|"
    "Invalid: The entry"
)


@pytest.mark.parametrize("layout", ["pattern", "scan", "cake"])
def test_pynxtools_finds_nothing_but_the_units_it_cannot_see(tmp_path, layout):
    pytest.importorskip("pynxtools", reason="pynxtools is not installed (make test-peers)")
    path = tmp_path / "a.nxs"
    write(path, layout)
    append_process(path, record=RECORD, workflow_json=WORKFLOW)

    command = Path(sys.executable).parent / "pynx"
    run = subprocess.run(
        [command, "validate", str(path)], capture_output=True, text=True, check=False, timeout=300
    )

    findings = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("WARNING")]
    with h5py.File(path) as file:
        data = file["entry/data"]
        assert all(values.attrs["units"] for values in data.values())
    assert findings
    assert [line for line in findings if not WAIVED.search(line)] == []


def write(path, layout):
    axis = {"radial": X, "quantity": "2theta", "unit": "deg", "info": INFO}
    match layout:
        case "pattern":
            write_pattern1d(path, **axis, intensity=Y, errors=np.sqrt(Y))
        case "scan":
            with new_patterns(
                path, **axis, with_errors=True, frame_axis=FrameAxis("elapsed_time", [0.5, 1, 1.5], "s")
            ) as writer:
                for _ in range(3):
                    writer.append(Y[None], np.sqrt(Y)[None], factors=[2.0])
        case "cake":
            write_cake(path, **axis, azimuthal=np.arange(3.0), intensity=np.stack([Y] * 3))
