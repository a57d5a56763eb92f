"""Looking at processes: who started whom, and who still runs."""

import time
from pathlib import Path

__all__ = ["children", "descendants", "is_running", "still_running"]


def children(pid):
    """Return the ids of the processes that a process has started and that still run."""
    return [child for child, parent in _parents().items() if parent == pid]


def descendants(pid):
    """Return the ids of everything that a process has started, and that those have."""
    parents = _parents()
    found, waiting = [], [pid]
    while waiting:
        started = [child for child, parent in parents.items() if parent == waiting[0]]
        waiting = waiting[1:] + started
        found += started
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def still_running(pids, *, within_s):
    """Return those that have not ended after so long."""
    deadline = time.monotonic() + within_s
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]


def _parents():
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            found[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return found
