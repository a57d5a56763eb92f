"""Results for tests of pages: real rows, as a worker would have published them."""

from uuid import uuid4

from portal.catalogue.models import Dataset
from portal.catalogue.services import store_summary
from portal.jobs.models import Job, Output
from tests.factories import make_dataset

__all__ = ["content_of", "make_job", "make_result"]


def content_of(*, x_label="2θ", x_unit="°", height=10.0, **values):
    """A summary's content with one peak of this height at x = 2."""
    series = {
        "label": "Pattern",
        "x": [1.0, 2.0, 3.0],
        "y": [1.0, height, 2.0],
        "x_label": x_label,
        "x_unit": x_unit,
        "y_label": "Intensity",
        "y_unit": "counts",
    }
    numbers = [{"name": "max", "label": "Maximum", "value": height, "unit": "counts"}]
    return {"technique": "xrpd", "numbers": numbers, "series": [series], "tables": [], "notes": [], **values}


def make_job(dataset, pipeline, parameters=None, **values):
    """A job on a dataset; energy and image are as its form starts with."""
    usual = {"image": dataset.datafiles.get(name="image.h5").pk, "energy": 12.4, "points": 1000}
    return Job.objects.create(
        dataset=dataset,
        investigation=dataset.investigation,
        pipeline=pipeline,
        request_key=uuid4(),
        workflow=pipeline.graph,
        parameters={**usual, **(parameters or {})},
        recipe_digest="0" * 64,
        **values,
    )


def make_result(source, pipeline, parameters=None, *, content=None, investigation=None, **values):
    """What a job on ``source`` published."""
    job = make_job(source, pipeline, parameters, state=Job.State.SUCCEEDED)
    told = {"name": pipeline.identifier, "type": Dataset.Type.PROCESSED, "inputs": [source], **values}
    result = make_dataset(investigation or source.investigation, **told)
    store_summary(result, content_of() if content is None else content)
    Dataset.objects.filter(pk=source.pk).update(latest_result=result)
    record = {
        "version": "0.1.0",
        "python": "3.11.7",
        "platform": "Linux",
        "workflow": job.workflow,
        "workflow_sha256": "1" * 64,
        "input_files": [{"name": "image.h5", "size_bytes": 1024, "sha256": "2" * 64}],
        "nodes": [{"id": "integrate", "task": "tasks.Integrate", "state": "succeeded"}],
        "environment": ["numpy==2.0"],
    }
    Output.objects.create(job=job, dataset=result, attempt=1, record=record)
    return result
