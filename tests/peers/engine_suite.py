"""The conformance suite and the sample tasks of tests/workflows, for engines that need other packages."""

import importlib
import os
import sys
from pathlib import Path

_SAMPLES = str(Path(__file__).parents[1] / "workflows")
if _SAMPLES not in sys.path:
    sys.path.insert(0, _SAMPLES)

conformance = importlib.import_module("engine_conformance")
engine_samples = importlib.import_module("engine_samples")
samples = importlib.import_module("workflow_samples")


def environment():
    """Return an environment in which another program finds the project and the sample tasks."""
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, _SAMPLES])}
