"""A real Celery worker on a broker that is a folder."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from tests.peers.engine_suite import environment

_SETTINGS = """
broker_url = "filesystem://"
broker_transport_options = {{
    "data_folder_in": {messages!r}, "data_folder_out": {messages!r}, "control_folder": {control!r}
}}
result_backend = "file://{results}"
worker_hijack_root_logger = False
"""


def write_settings(folder):
    """Write the settings of a broker and a result backend in a folder, and return the file."""
    folders = {name: str(folder / name) for name in ("messages", "control", "results")}
    for path in folders.values():
        Path(path).mkdir()
    path = folder / "celery_settings.py"
    path.write_text(_SETTINGS.format(**folders))
    return path


@contextmanager
def running_worker(settings, *, policy="any", arguments=()):
    """Start a worker and wait until it is ready; it has its own process group."""
    log = settings.parent / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "workflows.service.app", "worker"]
    options = ["-c", "2", "--without-gossip", "--without-mingle", "-l", "INFO", *arguments]
    variables = environment() | {"EWOKS_CONFIG_URI": str(settings), "REPRISE_POLICY": policy}
    with log.open("w") as output:
        worker = subprocess.Popen(
            [*command, *options], env=variables, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + 60
    while " ready." not in log.read_text():
        assert worker.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGQUIT)
        try:
            worker.wait(timeout=10)
        except subprocess.TimeoutExpired:  # Celery now and then waits for its idle pool
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
