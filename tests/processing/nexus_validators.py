"""Run the validators of nexusformat, whose exit code is always 0, and read what they print."""

import re
import subprocess
import sys
from pathlib import Path

UNKNOWN_TO_BASE_CLASSES = {
    "monitor_applied", "normalization_applied", "polarization_applied", "solid_angle_applied",
    "reduction/reference",
}  # fmt: skip
"""Fields that only the application definition knows; nxcheck warns of them."""


def count_faults(program, path):
    """Return the numbers of errors and of warnings, and what was printed."""
    command = Path(sys.executable).parent / program
    printed = subprocess.run(
        [command, str(path)], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    counts = [re.search(rf"Total number of {what}: (\d+)", printed) for what in ("errors", "warnings")]
    assert all(counts), printed
    return tuple(int(count[1]) for count in counts), printed


def assert_valid(path, definition):
    """Both validators find nothing: no error, and no warning but of fields the base classes do not know."""
    counts, printed = count_faults("nxvalidate", path)
    assert definition in printed
    assert counts == (0, 0), printed
    (errors, _), printed = count_faults("nxcheck", path)
    assert errors == 0, printed
    unknown = set(re.findall(r"Field: /entry/(\S+?)\x1b", printed))
    assert unknown <= UNKNOWN_TO_BASE_CLASSES, printed
