"""Asking for a job, again or not, cancelling it, publishing what it made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.access.audit import record
from portal.access.rules import Person, may_process
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset
from portal.catalogue.services import DatasetContent, FileContent, register_dataset, store_summary
from portal.jobs.announce import announce_jobs
from portal.jobs.lease import end_job
from portal.jobs.models import Job, JobEvent, Output, Pipeline
from portal.jobs.offers import misfits
from portal.jobs.parameters import checked_parameters
from portal.jobs.recipes import recipe_digest
from portal.jobs.schema import as_mapping
from processing.provenance.record import canonical_json, sha256_of

__all__ = [
    "JobRequest",
    "cancel_job",
    "check_pipeline",
    "create_jobs",
    "publish_output",
    "retry_job",
    "submit_job",
    "sync_pipelines",
]


def submit_job(
    *,
    user: Person,
    dataset: Dataset,
    pipeline: Pipeline,
    parameters: Mapping[str, Any],
    request_key: UUID,
    rerun_of: Job | None = None,
) -> Job:
    """Queue one reprocessing of a dataset.

    A second call with the same ``request_key`` returns the job of the first one, so a repeated click
    or a retried request makes no second job. ``rerun_of`` is the job that this one repeats or changes.

    Raises
    ------
    NotAllowed
        ``user`` may see the dataset but not process it, or the key is somebody else's.
    InvalidInput
        A parameter cannot be used, the pipeline does not fit the dataset, or it is switched off.
    """
    if not may_process(user, dataset.investigation):
        record(user, "job.submit", f"dataset {dataset.pk}", refused=True)
        raise NotAllowed(f"You can see {dataset.name}, but only its participants may reprocess it.")
    check_pipeline(user, pipeline, dataset)
    if repeated := Job.objects.filter(request_key=request_key).first():
        return _same_request(repeated, user, dataset)
    values = checked_parameters(pipeline, dataset, parameters)
    asked = JobRequest(dataset, values, request_key, recipe_digest(pipeline, dataset, values), rerun_of)
    try:
        return create_jobs(user=user, pipeline=pipeline, requests=[asked])[0]
    except IntegrityError:
        # The same click, received twice at the same moment.
        return _same_request(Job.objects.get(request_key=request_key), user, dataset)


def check_pipeline(user: Person, pipeline: Pipeline, dataset: Dataset) -> None:
    """Refuse, by InvalidInput, a pipeline that is switched off or not offered for the dataset."""
    if not pipeline.enabled:
        raise InvalidInput(f"The pipeline {pipeline.label} is switched off.")
    if reason := misfits(user, pipeline, [dataset]).reason:
        raise InvalidInput(f"The pipeline {pipeline.label} is not for {dataset.name}. {reason}")


def retry_job(*, user: Person, job: Job) -> Job:
    """Queue a failed or cancelled job again, as a new job with the same values.

    The pipeline runs as it is today. A second call by the same person returns the same new job.

    Raises
    ------
    NotAllowed, InvalidInput
        As ``submit_job``; the job is still open, or has succeeded.
    """
    if job.state not in (Job.State.FAILED, Job.State.CANCELLED):
        what = "is still open" if job.is_open else "has succeeded; run it again with changes instead"
        raise InvalidInput(f"Only a failed or cancelled job can be tried again; this one {what}.")
    return submit_job(
        user=user,
        dataset=job.dataset,
        pipeline=job.pipeline,
        parameters=job.parameters,
        request_key=uuid5(job.pk, f"retry by {user.pk}"),
        rerun_of=job,
    )


@dataclass(frozen=True)
class JobRequest:
    """What is asked of one dataset, with parameters that have been checked."""

    dataset: Dataset
    parameters: Mapping[str, Any]
    request_key: UUID
    recipe_digest: str
    rerun_of: Job | None = None


@transaction.atomic
def create_jobs(
    *, user: Person, pipeline: Pipeline, requests: Sequence[JobRequest], batch: UUID | None = None
) -> list[Job]:
    """Store checked requests as queued jobs, all or none, and announce them after the commit.

    However many there are, the same number of queries.
    """
    jobs = Job.objects.bulk_create(
        Job(
            pipeline=pipeline,
            dataset=asked.dataset,
            investigation_id=asked.dataset.investigation_id,
            submitted_by_id=user.pk,
            request_key=asked.request_key,
            batch=batch,
            rerun_of=asked.rerun_of,
            workflow=pipeline.graph,
            parameters=asked.parameters,
            recipe_digest=asked.recipe_digest,
            announced_at=timezone.now(),
        )
        for asked in requests
    )
    JobEvent.objects.bulk_create(JobEvent(job=job, attempt=0, kind=JobEvent.Kind.SUBMITTED) for job in jobs)
    record(user, "job.submit", f"batch {batch} of {len(jobs)} jobs" if batch else f"job {jobs[0].pk}")
    transaction.on_commit(partial(announce_jobs, jobs))
    return jobs


def _same_request(job: Job, user: Person, dataset: Dataset) -> Job:
    if job.submitted_by_id != user.pk or job.dataset_id != dataset.pk:
        raise NotAllowed("This request key has been used for something else.")
    return job


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
                "description": _description(attributes),
                "graph": document,
                "digest": sha256_of(canonical_json(document)),
            },
        )
    return len(documents)


def _description(attributes: Mapping[str, Any]) -> str:
    """Return what the pipeline says of itself; the descriptors of ESRF say it in the schema of their form."""
    told = attributes.get("description") or as_mapping(attributes.get("input_schema")).get("description")
    return str(told or "")
