"""Keeping the tables of installed tasks and workflows equal to what is installed."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from portal.jobs.models import InstalledWorkflow, TaskDescription
from workflows.catalog.descriptions import PortDescription
from workflows.catalog.descriptions import TaskDescription as FoundTask
from workflows.catalog.docstrings import read_docstring
from workflows.catalog.stored_workflows import WorkflowDescription

__all__ = ["store_tasks", "store_workflows"]

_LONGEST = 255


@transaction.atomic
def store_tasks(found: Iterable[FoundTask]) -> int:
    """Make the table hold these tasks and no others; return how many there are.

    A name that is announced as two types of task is kept once, as the first of them.
    """
    rows: dict[str, TaskDescription] = {}
    for task in found:
        row = _task_row(task)
        rows.setdefault(row.identifier, row)
    TaskDescription.objects.all().delete()
    TaskDescription.objects.bulk_create(rows.values(), batch_size=200)
    return len(rows)


@transaction.atomic
def store_workflows(found: Iterable[WorkflowDescription]) -> int:
    """Make the table hold these workflows and no others; return how many there are."""
    rows = {
        workflow.name: InstalledWorkflow(
            name=_clean(workflow.name),
            label=_clean(workflow.label)[:_LONGEST],
            description=_clean(workflow.description),
            keywords=[_clean(word) for word in workflow.keywords],
            package=_clean(workflow.package),
            version=_clean(workflow.version),
        )
        for workflow in found
    }
    InstalledWorkflow.objects.all().delete()
    InstalledWorkflow.objects.bulk_create(rows.values(), batch_size=200)
    return len(rows)


def _task_row(task: FoundTask) -> TaskDescription:
    inputs = [
        _port(port) | {"required": port.name in task.input_schema.get("required", ())} for port in task.inputs
    ]
    outputs = [_port(port) for port in task.outputs]
    summary = _clean(read_docstring(task.description).summary)
    known = [task.task_identifier, task.task_type, task.package or task.category, task.description]
    known += [port[part] for port in (*inputs, *outputs) for part in ("name", "type", "unit", "description")]
    return TaskDescription(
        identifier=_clean(task.task_identifier),
        name=_clean(task.task_identifier.rpartition(".")[2])[:_LONGEST],
        task_type=task.task_type,
        package=_clean(task.package or task.category),
        version=_clean(task.version),
        summary=summary,
        documentation=_clean(task.description),
        inputs=inputs,
        outputs=outputs,
        searched=_clean(" ".join(known)).lower(),
    )


def _port(port: PortDescription) -> dict[str, Any]:
    return {
        "name": _clean(port.name),
        "type": _clean(port.type),
        "unit": _clean(port.unit),
        "default": _clean(port.default),
        "description": _clean(port.description),
    }


def _clean(text: str) -> str:
    """Leave out what PostgreSQL cannot hold."""
    return text.replace("\0", "")
