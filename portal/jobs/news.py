"""What goes on in investigations: jobs that run, results and measurements of the last days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from portal.catalogue.models import Dataset, DatasetTally, Investigation
from portal.jobs.models import Job

__all__ = ["NEW_DAYS", "News", "new_results", "news_in"]

NEW_DAYS = 7


@dataclass(frozen=True)
class News:
    """Numbers of one investigation: measured datasets, those of the last days, open jobs, new results."""

    n_datasets: int = 0
    n_new_datasets: int = 0
    n_open_jobs: int = 0
    n_new_results: int = 0


def news_in(investigations: Iterable[Investigation]) -> Mapping[int, News]:
    """Return the news by investigation id, in four queries for a page of them."""
    ids = [investigation.pk for investigation in investigations]
    since = timezone.now() - timedelta(days=NEW_DAYS)
    here = {"investigation__in": ids}
    tallied = DatasetTally.objects.filter(**here).values_list("investigation").annotate(n=Sum("n_datasets"))
    measured = Dataset.objects.filter(**here, type=Dataset.Type.ACQUISITION, sorted_at__gte=since)
    jobs = Job.objects.filter(**here)
    counts = [
        dict(tallied),
        _by_investigation(measured),
        _by_investigation(jobs.filter(state__in=Job.OPEN_STATES)),
        _by_investigation(jobs.filter(state=Job.State.SUCCEEDED, created_at__gte=since)),
    ]
    return {pk: News(*(count.get(pk, 0) for count in counts)) for pk in ids}


def new_results(investigations: QuerySet[Investigation]) -> QuerySet[Job]:
    """Return the jobs of the last days that gave a result, newest first, with what a small card shows."""
    since = timezone.now() - timedelta(days=NEW_DAYS)
    jobs = Job.objects.filter(
        investigation__in=investigations, state=Job.State.SUCCEEDED, created_at__gte=since
    )
    related = ("pipeline", "dataset", "investigation", "output__dataset__summary")
    return (
        jobs.select_related(*related)
        .only(
            *("created_at", "pipeline__label", "dataset__name", "investigation__name"),
            *("output__dataset__name", "output__dataset__summary__plot_svg"),
        )
        .order_by("-created_at", "-id")
    )


def _by_investigation(rows: QuerySet[Dataset] | QuerySet[Job]) -> dict[int, int]:
    return dict(rows.values_list("investigation").annotate(n=Count("pk")).order_by())
