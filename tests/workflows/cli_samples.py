"""Running the command line: in a process of its own, as somebody at a shell does."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "workflows.cli"]


def save(folder, document, name="pipeline.json"):
    """Write a workflow and return the name of its file."""
    path = folder / name
    path.write_text(json.dumps(document))
    return str(path)


def environment():
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}


def reprise(folder, *arguments, answer=None):
    """Run a command to its end in a folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        input=answer,
        env=environment(),
        cwd=folder,
        check=False,
        timeout=60,
    )


def start_reprise(folder, *arguments, **streams):
    """Start a command, whose output streams are pipes unless they are given."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen(
        [*COMMAND, *arguments], text=True, env=environment(), cwd=folder, start_new_session=True, **streams
    )
