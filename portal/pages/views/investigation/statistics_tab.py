"""An investigation in charts."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from portal.jobs.statistics import Measured, PipelineHealth, jobs_by_pipeline, measured_by_day
from portal.pages.charts import Series, bar_chart
from portal.pages.views.found import investigation_or_404
from portal.pages.views.investigation.page import investigation_context

__all__ = ["statistics"]

_GIGABYTE = 1e9
_MEGABYTE = 1e6


@require_safe
def statistics(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was measured day by day and how the jobs of each pipeline went."""
    shown = investigation_or_404(request, pk)
    measured, health = measured_by_day(shown), jobs_by_pipeline(shown)
    context = investigation_context(request, shown, "investigation-statistics") | {
        "measured": _charts_of_measured(measured) if measured else [],
        "processed": _charts_of_jobs(health) if health else [],
        "health": health,
    }
    return render(request, "investigation_statistics.html", context)


def _charts_of_measured(measured: Measured) -> list[SafeString]:
    kind, labels = measured.periods.kind, measured.periods.labels
    unit, scale = ("GB", _GIGABYTE) if max(measured.size_bytes) >= _GIGABYTE else ("MB", _MEGABYTE)
    sizes = [size / scale for size in measured.size_bytes]
    return [
        bar_chart(
            title=f"Datasets a {kind}",
            labels=labels,
            series=[Series("", measured.n_datasets)],
            unit="datasets",
        ),
        bar_chart(title=f"Volume a {kind}", labels=labels, series=[Series("", sizes)], unit=unit),
    ]


def _charts_of_jobs(health: Sequence[PipelineHealth]) -> list[SafeString]:
    labels = [row.label for row in health]
    ended = [
        Series("succeeded", [row.n_succeeded for row in health], kind="good"),
        Series("failed", [row.n_failed for row in health], kind="bad"),
        Series("cancelled", [row.n_cancelled for row in health]),
    ]
    times = [
        Series("running", [row.running_s or 0.0 for row in health]),
        Series("waiting", [row.waiting_s or 0.0 for row in health]),
    ]
    return [
        bar_chart(title="Jobs by pipeline", labels=labels, series=ended, unit="jobs"),
        bar_chart(title="Mean time of a job by pipeline", labels=labels, series=times, unit="s"),
    ]
