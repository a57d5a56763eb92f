"""Why jobs fail, in words, and what helps."""

from dataclasses import dataclass

__all__ = ["Fault", "fault"]


@dataclass(frozen=True)
class Fault:
    """One way to fail: what the person can do about it, and whether trying again may help."""

    code: str
    remedy: str
    may_heal: bool = False


_FAULTS = {
    known.code: known
    for known in (
        Fault("bad_input", "Change the value named above and start again."),
        Fault("bad_graph", "The pipeline itself is not valid; tell the instrument's staff."),
        Fault("not_allowed", "The pipeline asks for a task that this portal does not run; tell the staff."),
        Fault("task_failed", "If the input looks right, tell the instrument's staff, who see the log."),
        Fault(
            "bad_output", "The result was not published because it could not be read back; tell the staff."
        ),
        Fault("out_of_memory", "The data need more memory than a job may have; tell the staff."),
        Fault("time_limit", "The job took longer than a job may; use fewer points or tell the staff."),
        Fault("disk_full", "The portal's disk is full; try again when the staff made room.", may_heal=True),
        Fault("storage_error", "The portal's storage did not answer; tell the staff.", may_heal=True),
        Fault("internal", "This is a fault of the portal; tell the staff.", may_heal=True),
        Fault("crashed", "A library crashed on these data; tell the staff which dataset.", may_heal=True),
        Fault("worker_died", "Start it again; if it happens again, tell the staff.", may_heal=True),
        Fault("data_missing", "The data are not where they were registered; tell the staff."),
    )
}


def fault(code: str) -> Fault:
    """Return what is known of an error code."""
    return _FAULTS.get(code, Fault(code, "Tell the instrument's staff."))
