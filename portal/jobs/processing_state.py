"""How far datasets are with their processing: what runs, what came out, what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, TextChoices

from portal.access.rules import Person
from portal.catalogue.models import Dataset
from portal.jobs.models import Job, Output
from portal.jobs.offers import Offer, offers_for

__all__ = ["Processing", "ProcessingState", "offers_for_each", "processing_of", "with_processing_state"]


class ProcessingState(TextChoices):
    """What a list of datasets can be narrowed to."""

    PROCESSED = "processed", "Processed"
    UNPROCESSED = "unprocessed", "Not processed"
    FAILED = "failed", "Last job failed"


@dataclass
class Processing:
    """What a card says of a dataset: its open jobs, the pipelines whose last job failed, its results."""

    open_jobs: list[Job] = field(default_factory=list)
    failed_jobs: list[Job] = field(default_factory=list)
    n_results: int = 0


def with_processing_state(datasets: QuerySet[Dataset], state: str) -> QuerySet[Dataset]:
    """Return the datasets in a ``ProcessingState``; all of them for ""."""
    if state == ProcessingState.PROCESSED:
        return datasets.filter(latest_result__isnull=False)
    if state == ProcessingState.UNPROCESSED:
        return datasets.filter(latest_result__isnull=True)
    if state == ProcessingState.FAILED:
        newest = Job.objects.filter(dataset=OuterRef("pk")).order_by("-created_at", "-id")
        return datasets.annotate(last_state=Subquery(newest.values("state")[:1])).filter(
            last_state=Job.State.FAILED
        )
    return datasets


def processing_of(datasets: Sequence[Dataset]) -> Mapping[int, Processing]:
    """Return how far each of a page's datasets is, by its primary key; two queries."""
    found = {dataset.pk: Processing() for dataset in datasets}
    newer = Job.objects.filter(
        dataset=OuterRef("dataset"), pipeline=OuterRef("pipeline"), created_at__gt=OuterRef("created_at")
    )
    is_last_failure = Q(state=Job.State.FAILED) & ~Exists(newer)
    jobs = (
        Job.objects.filter(Q(state__in=Job.OPEN_STATES) | is_last_failure, dataset__in=found)
        .select_related("pipeline")
        .only("state", "dataset_id", "error_message", "created_at", "pipeline__label")
    )
    for job in jobs.order_by("-created_at", "-id"):
        place = found[job.dataset_id]
        (place.open_jobs if job.is_open else place.failed_jobs).append(job)
    results = Output.objects.filter(job__dataset__in=found).values("job__dataset").annotate(n=Count("id"))
    for row in results:
        found[row["job__dataset"]].n_results = row["n"]
    return found


def offers_for_each(person: Person, datasets: Sequence[Dataset]) -> Mapping[int, list[Offer]]:
    """Return what is offered for each of a page's datasets alone, by its primary key.

    They come with their investigation, its instrument and their technique.
    """
    offers = offers_for(person, datasets)
    return {dataset.pk: [offer for offer in offers if dataset.pk not in offer.faults] for dataset in datasets}
