"""The jobs of the demo: results to look at and to compare, and a failure to learn from."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User

from portal.catalogue.models import Dataset, Investigation
from portal.ingest.demo_content import Asked, Visit
from portal.jobs.models import Job, Pipeline
from portal.jobs.parameters import file_parameters, prefilled_parameters
from portal.jobs.services import submit_job

__all__ = ["ensure_jobs"]

# Who reprocesses what was just measured.
AUTOMATIC = Asked("scientist", {})


def ensure_jobs(investigation: Investigation, visit: Visit) -> None:
    """Queue what a visit asks for, once: the key of a request is the dataset's place and its number."""
    pipelines = {pipeline.identifier: pipeline for pipeline in Pipeline.objects.filter(enabled=True)}
    measured = Dataset.objects.filter(investigation=investigation, type=Dataset.Type.ACQUISITION)
    datasets = {dataset.name: dataset for dataset in measured.select_related("sample")}
    for name, number, asked in _asked(visit):
        dataset, pipeline = datasets.get(name), pipelines.get(asked.pipeline)
        if dataset is None or pipeline is None:
            continue
        key = uuid5(NAMESPACE_URL, f"{dataset.location}#{number}" if number else dataset.location)
        if not Job.objects.filter(request_key=key).exists():
            job = submit_job(
                user=User.objects.get(username=asked.by),
                dataset=dataset,
                pipeline=pipeline,
                parameters=_parameters(pipeline, dataset, asked.changed),
                request_key=key,
            )
            if not number:
                # All that was measured on a sample is reprocessed at once.
                batch = uuid5(NAMESPACE_URL, f"{investigation} {dataset.sample}")
                Job.objects.filter(pk=job.pk).update(batch=batch)


def _asked(visit: Visit) -> Iterator[tuple[str, int, Asked]]:
    """Yield the dataset's name, the number of the request and the request; 0 is the automatic one."""
    for sampled in visit.samples:
        for measurement in sampled.measurements:
            if sampled.is_processed:
                yield measurement.name, 0, AUTOMATIC
            for number, asked in enumerate(measurement.asked, start=1):
                yield measurement.name, number, asked


def _parameters(pipeline: Pipeline, dataset: Dataset, changed: Mapping[str, Any]) -> dict[str, Any]:
    values = {**prefilled_parameters(pipeline, dataset), **changed}
    for name, _ in file_parameters(pipeline.input_schema):
        if isinstance(values.get(name), str):
            values[name] = dataset.datafiles.get(name=values[name]).pk
    return values
