"""Events for the tests of what handles them."""

from workflows.events import EventStream

JOB_ID = "7a1c6f0e-9a1b-4a53-a0a5-1c3f6d5b2e10"

URIS = [{"name": "image", "value": "file:///data/image.json"}, {"name": "mask", "value": None}]

TELLING_EVENTS = [
    {"context": "job", "type": "start"},
    {"context": "workflow", "type": "start", "label": "Azimuthal integration"},
    {
        "context": "node",
        "type": "start",
        "node_id": "integrate",
        "label": "integrate",
        "task_identifier": "processing.Integrate",
        "task_uri": "file:///data/task.json",
        "input_uris": URIS,
        "output_uris": [{"name": "pattern", "value": None}],
    },
    {
        "context": "node",
        "type": "progress",
        "node_id": "integrate",
        "label": "integrate",
        "task_identifier": "processing.Integrate",
        "progress": 12.5,
    },
    {
        "context": "node",
        "type": "end",
        "node_id": "integrate",
        "label": "integrate",
        "task_identifier": "processing.Integrate",
        "state": "cached",
    },
    {
        "context": "node",
        "type": "start",
        "node_id": ("sub", ("deep", "fit")),
        "label": "Fit the peaks",
        "task_identifier": "processing.Fit",
    },
    {
        "context": "node",
        "type": "end",
        "node_id": ("sub", ("deep", "fit")),
        "label": "Fit the peaks",
        "task_identifier": "processing.Fit",
        "state": "failed",
        "error_code": "task_failed",
        "error_message": 'no peak, it\'s "flat"\n',
        "error_traceback": "Traceback: ...",
    },
    {
        "context": "node",
        "type": "end",
        "node_id": "report",
        "label": "report",
        "task_identifier": "processing.Report",
        "state": "skipped",
    },
    {
        "context": "node",
        "type": "end",
        "node_id": "plot",
        "label": "plot",
        "task_identifier": "processing.Plot",
        "state": "cancelled",
    },
    {
        "context": "workflow",
        "type": "end",
        "label": "Azimuthal integration",
        "state": "failed",
        "error_code": "task_failed",
        "error_message": "node 'fit' failed",
        "error_traceback": "Traceback: ...",
    },
    {
        "context": "job",
        "type": "end",
        "state": "failed",
        "error_code": "task_failed",
        "error_message": "node 'fit' failed",
        "error_traceback": "Traceback: ...",
    },
]
"""A run in which everything happens that an event can tell."""


def emit_all(handlers, described=TELLING_EVENTS, *, job_id=JOB_ID, workflow_id="azint"):
    """Emit events, and return them."""
    events = []
    with EventStream(
        [events.append, *handlers], workflow_id=workflow_id, job_id=job_id, engine="local"
    ) as stream:
        for fields in described:
            stream.emit(**fields)
    return events


def emit_nodes(handlers, count, *, job_id=JOB_ID):
    """Emit the starts of so many nodes, and return the events."""
    starts = [
        {"context": "node", "type": "start", "node_id": f"n{i}", "label": f"n{i}"} for i in range(count)
    ]
    return emit_all(handlers, starts, job_id=job_id)
