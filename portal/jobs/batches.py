"""One pipeline on several datasets: what can be run, what was run already, and submitting all at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError

from portal.access.audit import record
from portal.access.rules import Person, investigations_processable_by
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.jobs.models import Job, Output, Pipeline
from portal.jobs.offers import misfits
from portal.jobs.parameters import Asked, parameter_faults
from portal.jobs.recipes import recipe_digests, succeeded_twins
from portal.jobs.services import JobRequest, create_jobs

__all__ = ["AT_MOST", "Candidate", "candidates_for", "exact_twins", "jobs_of_request", "submit_jobs"]

AT_MOST = 500


@dataclass(frozen=True)
class Candidate:
    """One dataset of a request for many.

    ``fault`` says why it cannot be processed at all, ``faults`` what is wrong with single parameters,
    ``twin`` is what the same recipe has given already.
    """

    dataset: Dataset
    parameters: Mapping[str, Any]
    fault: str = ""
    faults: Mapping[str, str] | None = None
    twin: Output | None = None

    @property
    def can_run(self) -> bool:
        """Whether nothing stands against it."""
        return not (self.fault or self.faults)


def candidates_for(
    *,
    user: Person,
    pipeline: Pipeline,
    asked: Sequence[Asked],
    find_twins: Callable[[Pipeline, Sequence[Asked]], Mapping[int, Output]] | None = None,
) -> list[Candidate]:
    """Return what stands against each dataset, and what is computed already, in a few queries.

    ``find_twins`` is asked about those that can run; without it, those with exactly the same recipe
    are found, for which their files are looked at.

    Raises
    ------
    InvalidInput
        The pipeline is switched off, is for one dataset at a time, or there are too many datasets.
    """
    refusals = _refusals(user, pipeline, [dataset for dataset, _ in asked])
    faults = parameter_faults(pipeline, [one for one in asked if one[0].pk not in refusals])
    runnable = [one for one in asked if one[0].pk not in refusals and one[0].pk not in faults]
    twins = (find_twins or exact_twins)(pipeline, runnable)
    return [
        Candidate(
            dataset,
            given,
            refusals.get(dataset.pk, ""),
            faults.get(dataset.pk),
            twins.get(dataset.pk),
        )
        for dataset, given in asked
    ]


def exact_twins(pipeline: Pipeline, asked: Sequence[Asked]) -> dict[int, Output]:
    """Return what exactly the same recipe has given for each dataset, by their keys."""
    digests = recipe_digests(pipeline, asked)
    found = succeeded_twins(list(digests.values()))
    return {pk: found[digest] for pk, digest in digests.items() if digest in found}


def submit_jobs(*, user: Person, pipeline: Pipeline, asked: Sequence[Asked], request_key: UUID) -> list[Job]:
    """Queue one job for each dataset, with one ``batch``; all or none.

    A second call by the same person with the same ``request_key`` returns the jobs of the first one.
    The number of queries does not grow with the number of datasets.

    Raises
    ------
    InvalidInput
        As ``candidates_for``; or a dataset cannot be processed: ``fields`` says of each, by its key, why.
    """
    if repeated := jobs_of_request(user, request_key):
        return repeated
    found = candidates_for(user=user, pipeline=pipeline, asked=asked, find_twins=lambda *_: {})
    if refused := {str(one.dataset.pk): _why(one) for one in found if not one.can_run}:
        record(user, "job.submit", f"datasets {', '.join(refused)}", refused=True)
        raise InvalidInput(f"{len(refused)} of {len(found)} datasets cannot be processed.", fields=refused)
    digests = recipe_digests(pipeline, asked)
    batch = _batch(user, request_key)
    requests = [
        JobRequest(dataset, given, uuid5(batch, str(dataset.pk)), digests[dataset.pk])
        for dataset, given in asked
    ]
    try:
        return create_jobs(user=user, pipeline=pipeline, requests=requests, batch=batch)
    except IntegrityError:
        # The same click, received twice at the same moment.
        return jobs_of_request(user, request_key)


def jobs_of_request(user: Person, request_key: UUID) -> list[Job]:
    """Return the jobs that this person's key has made already, in the order they were asked for."""
    jobs = Job.objects.filter(batch=_batch(user, request_key), submitted_by_id=user.pk)
    return list(jobs.select_related("pipeline").order_by("created_at", "id"))


def _batch(user: Person, request_key: UUID) -> UUID:
    """Return the batch of a person's key; the same key of somebody else makes another one."""
    return uuid5(request_key, f"batch of {user.pk}")


def _refusals(user: Person, pipeline: Pipeline, datasets: Sequence[Dataset]) -> dict[int, str]:
    """Return why the person may not process a dataset, or the pipeline does not fit it."""
    if not pipeline.enabled:
        raise InvalidInput(f"The pipeline {pipeline.label} is switched off.")
    if not 0 < len(datasets) <= AT_MOST or len({dataset.pk for dataset in datasets}) < len(datasets):
        raise InvalidInput(f"Between 1 and {AT_MOST} different datasets can be processed at once.")
    offer = misfits(user, pipeline, datasets)
    if offer.reason and len(offer.faults) < len(datasets):
        raise InvalidInput(f"The pipeline {pipeline.label} is not for this selection. {offer.reason}")
    investigations = {dataset.investigation_id for dataset in datasets}
    allowed = investigations_processable_by(user).filter(pk__in=investigations)
    processable = set(allowed.values_list("pk", flat=True))
    foreign = [dataset.pk for dataset in datasets if dataset.investigation_id not in processable]
    return {**offer.faults, **dict.fromkeys(foreign, "Only its participants may reprocess it.")}


def _why(candidate: Candidate) -> str:
    told = [f"{name}: {text}" for name, text in (candidate.faults or {}).items()]
    return candidate.fault or " ".join(told)
