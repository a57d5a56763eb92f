"""Results side by side: their patterns on common axes, their parameters and numbers in one table."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from string import ascii_uppercase

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from portal.access.rules import Person
from portal.catalogue.curves import Curve, curves_of, figures_of
from portal.catalogue.errors import NotFound
from portal.catalogue.models import Dataset
from portal.jobs.comparison import (
    ComparedRow,
    Result,
    compared_numbers,
    compared_parameters,
    results_made_from,
    results_visible_to,
    set_apart,
    with_outputs,
)
from portal.jobs.models import Job
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.paging import page_after, page_size
from portal.pages.views.datasets_frame import dataset_frame
from portal.pages.views.found import dataset_or_404

__all__ = ["pattern_csv", "processed"]

# Of curves in one figure: more cannot be told apart.
MOST_COMPARED = 8
_MOST_FAILED = 10
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class _Listed:
    """A row of the list: ``letter`` is its name in figure and tables, "" where it is not compared."""

    result: Result
    letter: str
    apart: list[ComparedRow]


@require_safe
def processed(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the results of a dataset side by side: those chosen by ``?result=``, or the newest."""
    frame = dataset_frame(request, pk, current="dataset-processed")
    page = page_after(
        results_made_from(request.user, frame.source),
        order=("-id",),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    asked = _asked(request)
    chosen = _chosen(request.user, asked) or list(page.rows[:MOST_COMPARED])
    ids = {row.pk for row in chosen}
    results = with_outputs(request.user, [*chosen, *(row for row in page.rows if row.pk not in ids)])
    parameters = compared_parameters(request.user, results)
    compared = results[: len(chosen)]
    curves = [curve for place in range(len(compared)) for curve in _curves(compared, parameters, place)]
    context = {
        **frame.context,
        "page": page,
        "listed": _listed(results, parameters, n_compared=len(compared)),
        "compared": list(zip(ascii_uppercase, compared, strict=False)),
        "figures": figures_of(curves, prefix="compared"),
        "parameters": _compared_only(parameters, len(compared)),
        "numbers": compared_numbers(compared),
        "n_left_out": max(len(asked) - MOST_COMPARED, 0),
        "most": MOST_COMPARED,
        "csv_query": "&".join(f"result={row.pk}" for row in chosen),
        "unfinished": _unfinished(request.user, frame.source),
    }
    return render(request, "dataset_processed.html", context)


@require_safe
def pattern_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the curves of a dataset's summary, or of the results chosen by ``?result=``, as columns.

    They are thinned to 500 points each; the whole pattern is in the result's file.
    """
    shown = dataset_or_404(request, pk)
    if asked := _asked(request):
        results = with_outputs(request.user, _chosen(request.user, asked))
        curves = [curve for place in range(len(results)) for curve in _curves(results, [], place)]
    else:
        curves = curves_of(shown.summary.content) if hasattr(shown, "summary") else []
    if not curves:
        raise NotFound(f"{shown.name} has no curve yet.")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="pattern_{shown.pk}.csv"'
    csv.writer(answer).writerows(_csv_rows(curves))
    return answer


def _asked(request: HttpRequest) -> list[int]:
    """Return the ids of ``?result=``, each once; what cannot be an id is ignored."""
    numbers = [int(text) for text in request.GET.getlist("result") if text.isascii() and text.isdecimal()]
    return [number for number in dict.fromkeys(numbers) if number <= _LARGEST_ID]


def _chosen(person: Person, asked: Sequence[int]) -> list[Dataset]:
    """Return the results with these ids that the person sees, of whatever dataset, in their order."""
    if not asked:
        return []
    found = results_visible_to(person).in_bulk(asked[:MOST_COMPARED])
    return [found[number] for number in asked if number in found]


def _listed(
    results: Sequence[Result], parameters: Sequence[ComparedRow], *, n_compared: int
) -> list[_Listed]:
    return [
        _Listed(result, ascii_uppercase[place] if place < n_compared else "", set_apart(parameters, place))
        for place, result in enumerate(results)
    ]


def _compared_only(rows: Sequence[ComparedRow], n_compared: int) -> list[ComparedRow]:
    narrowed = [ComparedRow(row.label, row.unit, row.values[:n_compared]) for row in rows]
    return [row for row in narrowed if any(value is not None for value in row.values)]


def _curves(results: Sequence[Result], parameters: Sequence[ComparedRow], place: int) -> list[Curve]:
    """Return a result's curves under the name by which the page knows it."""
    result = results[place]
    made = localtime(result.output.published_at if result.output else result.dataset.registered_at)
    what = result.job.pipeline.label if result.job else result.dataset.name
    of = f" of {result.job.dataset.name}" if result.job else ""
    rows = set_apart(_compared_only(parameters, len(results)), place)
    note = ", ".join(f"{row.label} {row.values[0]} {row.unit}".strip() for row in rows[:3])
    name = f"{ascii_uppercase[place]}: {what}{of}, {date_format(made, 'j M Y, H:i')}"
    return curves_of(result.content, name=name, note=note)[:1]


def _unfinished(person: Person, source: Dataset) -> list[Job]:
    """Return the newest jobs that gave no result: failed, or still open."""
    states = [Job.State.FAILED, *Job.OPEN_STATES]
    return list(listed_jobs_visible_to(person).filter(dataset=source, state__in=states)[:_MOST_FAILED])


def _csv_rows(curves: Sequence[Curve]) -> Iterable[Sequence[object]]:
    """Yield a header and the points, two columns for each curve."""
    header: list[object] = []
    for curve in curves:
        x, y = f"{curve.x_label} ({curve.x_unit})", f"{curve.y_label} ({curve.y_unit})"
        header += [_cell(f"{x} of {curve.name}"), _cell(f"{y} of {curve.name}")]
    yield header
    columns = [values for curve in curves for values in (curve.x, curve.y)]
    yield from zip_longest(*columns, fillvalue="")


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
