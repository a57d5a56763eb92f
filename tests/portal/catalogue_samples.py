"""Tasks, workflows and ended jobs for the tests of the catalogue."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from portal.jobs.installed import store_tasks
from portal.jobs.models import Job, Pipeline
from portal.jobs.services import sync_pipelines
from workflows.catalog.descriptions import TaskDescription

HOSTILE = "</text></title><script>alert(1)</script>\"'&"


def found_task(identifier, *, package="alpha", text="", inputs=None, outputs=None, task_type="class"):
    """A task as discovery tells it; ``inputs`` and ``outputs`` are JSON Schemas by name."""
    inputs, outputs = inputs or {}, outputs or {}
    return TaskDescription(
        task_type=task_type,
        task_identifier=identifier,
        required_input_names=(),
        optional_input_names=tuple(inputs),
        output_names=tuple(outputs),
        category=identifier.partition(".")[0],
        description=text,
        package=package,
        version="1.2",
        input_schema={"properties": inputs, "required": list(inputs)[:1]},
        output_schema={"properties": outputs},
    )


def store_some_tasks():
    """One task of each of two packages."""
    pattern = found_task(
        "alpha.tasks.Integrate",
        text="Average along rings.",
        inputs={
            "image": {"type": "string"},
            "distance": {"type": "number", "unit": "m", "default": 0.25, "description": "To the detector."},
        },
        outputs={"pattern": {"type": "array"}},
    )
    store_tasks(
        [pattern, found_task("beta.io.write", package="beta", text="Write a file.", task_type="method")]
    )


def store_pipeline(identifier, *, technique="XRPD", instrument="*", label="", description="", nodes=None):
    """A pipeline of two tasks, the first of which hands ``pattern`` to the second."""
    steps = nodes or [
        {"id": "one", "label": "First", "task_type": "class", "task_identifier": "alpha.tasks.Integrate"},
        {"id": "two", "label": "Second", "task_type": "method", "task_identifier": "beta.io.write"},
    ]
    mapping = [{"source_output": "pattern", "target_input": "data"}]
    links = [{"source": steps[0]["id"], "target": steps[1]["id"], "data_mapping": mapping}]
    energy = {
        "type": "number",
        "title": "Photon energy",
        "unit": "keV",
        "exclusiveMinimum": 0,
        "maximum": 150,
        "default": 12.5,
        "populate": [{"type": "parameter", "value": "InstrumentMonochromator_energy"}],
    }
    header = {
        "id": identifier,
        "label": label or identifier.capitalize(),
        "description": description,
        "keywords": {"definition": [technique], "instrumentName": instrument},
        "input_schema": {"type": "object", "properties": {"energy": energy}, "required": ["energy"]},
        "output_files": [{"id": "two", "name": "path", "value": "pattern.nxs"}],
    }
    sync_pipelines([{"graph": header, "nodes": steps, "links": links}])
    return Pipeline.objects.get(identifier=identifier)


def ended_job(dataset, pipeline, state=Job.State.SUCCEEDED, *, seconds=10, days_ago=0, **values):
    """A job that ran for so long, so many days ago."""
    job = Job.objects.create(
        dataset=dataset,
        investigation=dataset.investigation,
        pipeline=pipeline,
        request_key=uuid4(),
        workflow=pipeline.graph,
        recipe_digest="0" * 64,
        state=state,
        **values,
    )
    asked = timezone.now() - timedelta(days=days_ago)
    Job.objects.filter(pk=job.pk).update(
        created_at=asked, started_at=asked, finished_at=asked + timedelta(seconds=seconds)
    )
    return job
