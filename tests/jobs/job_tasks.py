"""Tasks that behave badly, or tell where they run."""

import ctypes
import fcntl
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from workflows import Task


class Wait(Task, optional_input_names=["seconds"], output_names=["done"]):
    """Give somebody the time to kill something."""

    def run(self):
        time.sleep(self.get_input_value("seconds", 0))
        self.outputs.done = True


class Report(Task, optional_input_names=["reports", "seconds", "filename"], output_names=["done"]):
    """Tell the progress so many times, as one does who integrates frames; then wait."""

    def run(self):
        reports = self.get_input_value("reports", 1000)
        for number in range(reports):
            self.progress = 100 * (number + 1) / reports
        time.sleep(self.get_input_value("seconds", 0))
        if filename := self.get_input_value("filename", None):
            Path(filename).write_text("done")
        self.outputs.done = True


class Flood(Task, optional_input_names=["filename"], output_names=["done"]):
    """Write event lines past everybody, without end, as fast as they are taken."""

    def run(self):
        line = json.dumps({"kind": "step", "step": "it", "type": "progress", "progress": 1.0}) + "\n"
        [events] = [int(link.name) for link in Path("/proc/self/fd").iterdir() if _is_events(link)]
        while True:
            os.write(events, line.encode() * 100)


def _is_events(link):
    """Whether this is the pipe that the event lines go to: the only one that is open for writing."""
    try:
        is_pipe = str(link.readlink()).startswith("pipe:")
    except OSError:
        return False
    descriptor = int(link.name)
    return is_pipe and descriptor > 2 and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


class TellSurroundings(Task, input_names=["filename"], output_names=["filename"]):
    """Write down what a task can see of the process it runs in."""

    def run(self):
        links = [Path(entry.path) for entry in os.scandir("/proc/self/fd")]
        seen = {
            "environment": dict(os.environ),
            "modules": sorted(sys.modules),
            "open": sorted(str(link.readlink()) for link in links if link.is_symlink()),
            "session": os.getsid(0),
            "process": os.getpid(),
        }
        Path(self.inputs.filename).write_text(json.dumps(seen))
        self.outputs.filename = self.inputs.filename


class FindInMemory(Task, input_names=["secret_file"], output_names=["found"]):
    """Look for a text in all memory of this process; fail if it is there.

    The text is read from a file in two halves, so that looking for it does not put it there.
    """

    def run(self):
        first, second = Path(self.inputs.secret_file).read_text().split("\n")
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("r") and not line.endswith(("[vvar]", "[vsyscall]")):
                self._look(span, first.encode(), second.encode())
        self.outputs.found = False

    @staticmethod
    def _look(span, first, second):
        start, end = (int(edge, 16) for edge in span.split("-"))
        with Path("/proc/self/mem").open("rb") as memory:
            memory.seek(start)
            try:
                content = memory.read(end - start)
            except OSError:
                return
        place = content.find(first)
        while place >= 0:
            after = place + len(first)
            if content[after : after + len(second)] == second:
                raise RuntimeError("the secret is in memory")
            place = content.find(first, after)


class Print(Task, optional_input_names=["filename"], output_names=["done"]):
    """Print to the output stream in all ways, event lines among them."""

    def run(self):
        print('{"kind": "staged"}', flush=True)
        os.write(1, b'{"kind": "failed", "code": "internal", "message": "a lie"}\n')
        subprocess.run(["echo", '{"kind": "staged"}'], check=True)
        self.outputs.done = True


class TakeMemory(Task, optional_input_names=["filename"], output_names=["done"]):
    """Ask for 5 GiB, and use none of it."""

    def run(self):
        self.outputs.done = np.empty(5 << 30, np.uint8).size > 0


class StartSleeper(Task, optional_input_names=["filename"], output_names=["done"]):
    """Start a process and print its id; then wait as long as it does."""

    def run(self):
        sleeper = subprocess.Popen(["sleep", "600"])
        print(f"sleeper {sleeper.pid}", flush=True)
        sleeper.wait()


def sleeper_in(log):
    """Return the process id that ``StartSleeper`` has printed; None if it has not yet."""
    found = re.search(r"sleeper (\d+)\n", log.read_text()) if log.exists() else None
    return found and int(found[1])


class LeaveProcess(Task, input_names=["filename"], output_names=["done"]):
    """End, and leave a process behind that keeps open whatever was."""

    def run(self):
        pid = os.fork()
        if pid == 0:
            time.sleep(600)
            os._exit(0)
        Path(self.inputs.filename).write_text(str(pid))
        self.outputs.done = True


class FallSilent(Task, optional_input_names=["filename"], output_names=["done"]):
    """Close everything and go on."""

    def run(self):
        os.closerange(3, 1000)
        time.sleep(600)


class Segfault(Task, optional_input_names=["filename"], output_names=["done"]):
    def run(self):
        ctypes.string_at(0)


class Exit(Task, optional_input_names=["filename"], output_names=["done"]):
    def run(self):
        os._exit(0)


class WriteNothing(Task, optional_input_names=["filename"], output_names=["done"]):
    """Leave no file where one is promised."""

    def run(self):
        self.outputs.done = True
