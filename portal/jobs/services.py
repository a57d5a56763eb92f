"""Asking for a job, cancelling it, publishing what it made."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.access.audit import record
from portal.access.rules import Person, may_process
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset
from portal.catalogue.services import DatasetContent, FileContent, register_dataset, store_summary
from portal.jobs.announce import announce_job
from portal.jobs.lease import end_job
from portal.jobs.models import Job, JobEvent, Output, Pipeline
from portal.jobs.parameters import checked_parameters, file_parameters
from portal.storage.paths import last_written
from processing.provenance.record import canonical_json, sha256_of

__all__ = ["cancel_job", "publish_output", "recipe_digest", "submit_job", "sync_pipelines"]


def submit_job(
    *, user: Person, dataset: Dataset, pipeline: Pipeline, parameters: Mapping[str, Any], request_key: UUID
) -> Job:
    """Queue one reprocessing of a dataset.

    A second call with the same ``request_key`` returns the job of the first one, so a repeated click
    or a retried request makes no second job.

    Raises
    ------
    NotAllowed
        ``user`` may see the dataset but not process it, or the key is somebody else's.
    InvalidInput
        A parameter cannot be used, or the pipeline is switched off.
    """
    if not may_process(user, dataset.investigation):
        record(user, "job.submit", f"dataset {dataset.pk}", refused=True)
        raise NotAllowed(f"You can see {dataset.name}, but only its participants may reprocess it.")
    if not pipeline.enabled:
        raise InvalidInput(f"The pipeline {pipeline.label} is switched off.")
    if repeated := Job.objects.filter(request_key=request_key).first():
        return _same_request(repeated, user, dataset)
    values = checked_parameters(pipeline, dataset, parameters)
    try:
        return _create_job(
            user=user, dataset=dataset, pipeline=pipeline, parameters=values, request_key=request_key
        )
    except IntegrityError:
        # The same click, received twice at the same moment.
        return _same_request(Job.objects.get(request_key=request_key), user, dataset)


@transaction.atomic
def _create_job(
    *, user: Person, dataset: Dataset, pipeline: Pipeline, parameters: dict[str, Any], request_key: UUID
) -> Job:
    job = Job.objects.create(
        pipeline=pipeline,
        dataset=dataset,
        investigation_id=dataset.investigation_id,
        submitted_by_id=user.pk,
        request_key=request_key,
        workflow=pipeline.graph,
        parameters=parameters,
        recipe_digest=recipe_digest(pipeline, dataset, parameters),
        announced_at=timezone.now(),
    )
    JobEvent.objects.create(job=job, attempt=0, kind=JobEvent.Kind.SUBMITTED)
    record(user, "job.submit", f"job {job.pk}")
    transaction.on_commit(partial(announce_job, job))
    return job


def _same_request(job: Job, user: Person, dataset: Dataset) -> Job:
    if job.submitted_by_id != user.pk or job.dataset_id != dataset.pk:
        raise NotAllowed("This request key has been used for something else.")
    return job


def recipe_digest(pipeline: Pipeline, dataset: Dataset, parameters: Mapping[str, Any]) -> str:
    """Return what is the same for two jobs that compute the same.

    Workflow, dataset, parameters, and of each file its size and when it was last written, so that a
    file that was written again counts as another.
    """
    ids = [parameters.get(name) for name, _ in file_parameters(pipeline.input_schema)]
    files = dataset.datafiles.filter(pk__in=[pk for pk in ids if pk is not None]).order_by("pk")
    content = [pipeline.digest, dataset.pk, parameters, [last_written(file) for file in files]]
    return sha256_of(canonical_json(content))


def cancel_job(*, user: Person, job: Job) -> bool:
    """Cancel a queued or running job; False when it had already ended.

    Raises
    ------
    NotAllowed
        ``user`` may see the job but not process its dataset.
    """
    if not may_process(user, job.dataset.investigation):
        record(user, "job.cancel", f"job {job.pk}", refused=True)
        raise NotAllowed("Only those who may process the dataset may cancel its jobs.")
    with transaction.atomic():
        cancelled = Job.objects.filter(pk=job.pk, state__in=Job.OPEN_STATES).update(
            state=Job.State.CANCELLED, finished_at=timezone.now(), lease_expires_at=None
        )
        if cancelled:
            JobEvent.objects.create(job=job, attempt=job.attempt, kind=JobEvent.Kind.CANCELLED)
            record(user, "job.cancel", f"job {job.pk}")
    return bool(cancelled)


@transaction.atomic
def publish_output(job: Job, *, folder: Path, manifest: Mapping[str, Any]) -> Output | None:
    """Make the files in ``folder`` the output of the job, and the job a success, or do neither.

    Parameters
    ----------
    folder
        Where the files are now, for good.
    manifest
        ``files`` (name, size_bytes, sha256), ``record`` and ``summary`` of the run.

    Returns
    -------
    Output or None
        None when the attempt no longer holds the job; the caller then deletes the folder.
    """
    if not end_job(job, Job.State.SUCCEEDED):
        return None
    source = job.dataset
    files = [FileContent(file["name"], file["size_bytes"], file["sha256"]) for file in manifest["files"]]
    dataset, _ = register_dataset(
        source.investigation,
        DatasetContent(
            name=job.pipeline.identifier,
            location=str(folder),
            type=Dataset.Type.PROCESSED,
            sample=source.sample.name if source.sample else "",
            technique=source.technique.pid if source.technique else "",
            started_at=job.started_at,
            ended_at=timezone.now(),
            parameters={
                **source.parameters,
                "Process_program": "reprise",
                "Process_version": manifest["record"]["version"],
            },
            files=files,
            inputs=[source],
        ),
    )
    store_summary(dataset, manifest["summary"])
    Dataset.objects.filter(pk=source.pk).update(latest_result=dataset)
    return Output.objects.create(job=job, dataset=dataset, attempt=job.attempt, record=manifest["record"])


@transaction.atomic
def sync_pipelines(documents: list[dict[str, Any]]) -> int:
    """Store the given pipelines, new or changed; return how many there are.

    What a person set (queue, switched off) stays.
    """
    for document in documents:
        attributes = document["graph"]
        Pipeline.objects.update_or_create(
            identifier=attributes["id"],
            defaults={
                "label": attributes.get("label", attributes["id"]),
                "description": attributes.get("description", ""),
                "graph": document,
                "digest": sha256_of(canonical_json(document)),
            },
        )
    return len(documents)
