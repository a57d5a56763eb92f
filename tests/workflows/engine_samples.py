"""Tasks that try the engines: they die, hang, or handle what cannot leave their process."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from workflows import InputError, Task


class StrictError(InputError):
    """An error that cannot be made from its text alone, as many are."""

    def __init__(self, text, limit):
        super().__init__(text, input_name="a")
        self.limit = limit


class LocalError(Exception):
    """An exception that holds something of its process."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Hold(Task, optional_input_names=["a"], output_names=["lock"]):
    def run(self):
        self.outputs.lock = threading.Lock()


class RaiseStrict(Task, optional_input_names=["a"], output_names=["total"]):
    def run(self):
        raise StrictError("is above 3", 3)


class RaiseLocal(Task, optional_input_names=["a"], output_names=["total"]):
    def run(self):
        raise LocalError("the shutter is closed")


class Die(Task, input_names=["how"], output_names=["total"]):
    def run(self):
        if self.inputs.how == "exit":
            os._exit(3)
        os.kill(os.getpid(), getattr(signal, self.inputs.how))
        time.sleep(20)


class Deaf(Task, optional_input_names=["folder"], output_names=["total"]):
    """Start a process, then hang and hear nothing; both process ids are written to the folder."""

    def run(self):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(self.inputs.folder, "pids").write_text(f"{os.getpid()} {child.pid}")
        self.progress = 1
        while True:
            time.sleep(0.1)


class Patient(Task, optional_input_names=["a"], output_names=["total"]):
    """Wait for its own ``cancel``, or for ten seconds."""

    def cancel(self):
        super().cancel()
        self.asked.set()

    def run(self):
        self.asked = threading.Event()
        self.progress = 50
        self.asked.wait(10)
        self.check_cancelled()


class Overlap(Task, input_names=["folder", "name"], output_names=["others"]):
    """Tell which others of this class were running at the same time."""

    def run(self):
        mine = Path(self.inputs.folder, self.inputs.name)
        mine.touch()
        time.sleep(0.15)
        self.outputs.others = sorted(p.name for p in Path(self.inputs.folder).iterdir() if p != mine)
        mine.unlink()


def process_id():
    return os.getpid()


def variable(name):
    return os.environ.get(name)


def trace(WorkflowException, WorkflowExceptionInstance):  # noqa: N803 -- the names are part of the format
    error = WorkflowExceptionInstance
    return [type(error).__name__, str(error), WorkflowException["traceBack"]]


class Stubborn(Task, optional_input_names=["folder"], output_names=["total"]):
    """Take two seconds and hear nothing meanwhile."""

    def run(self):
        self.progress = 1
        time.sleep(2)
        self.outputs.total = 1
