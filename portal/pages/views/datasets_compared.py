"""Results side by side: their patterns on common axes, their parameters and numbers in one table."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from math import isnan
from string import ascii_uppercase

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from portal.access.rules import Person
from portal.catalogue.curves import Curve, curves_of, figures_of
from portal.catalogue.errors import NotFound
from portal.catalogue.heat_figures import HeatFigure, heat_figures
from portal.catalogue.heat_maps import HeatMap, maps_of
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
from portal.pages.templatetags.portal_tags import number
from portal.pages.views.datasets_frame import dataset_frame
from portal.pages.views.found import dataset_or_404

__all__ = ["pattern_csv", "processed"]

# Of curves in one figure: more cannot be told apart.
MOST_COMPARED = 8
_MOST_FAILED = 10
# Values that are said in the legend.
_NOTED = 3
# Digits; whatever has no more fits into the database's ids.
_LONGEST_ID = 18


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
    asked_of_them = _compared_only(parameters, len(compared))
    maps = _maps(compared, frame.source)
    context = {
        **frame.context,
        "page": page,
        "listed": _listed(results, parameters, n_compared=len(compared)),
        "compared": list(zip(ascii_uppercase, compared, strict=False)),
        "figures": figures_of(_curves(compared, asked_of_them, frame.source), prefix="compared"),
        "maps": maps,
        "share_colours": all(figure.scales == maps[0].scales for figure in maps),
        "parameters": asked_of_them,
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

    They are thinned to 500 points each; the whole pattern is in the result's file. With ``?map=0`` it is
    the first heat map of the summary, and so on: the first row is its x, the first column its y.
    """
    shown = dataset_or_404(request, pk)
    if "map" in request.GET:
        return _csv(f"map_{shown.pk}.csv", _map_rows(_asked_map(request, shown)))
    if asked := _asked(request):
        curves = _curves(with_outputs(request.user, _chosen(request.user, asked)), [], shown)
    else:
        curves = curves_of(shown.summary.content) if hasattr(shown, "summary") else []
    if not curves:
        raise NotFound(f"{shown.name} has no curve yet.")
    return _csv(f"pattern_{shown.pk}.csv", _csv_rows(curves))


def _csv(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(answer).writerows(rows)
    return answer


def _asked_map(request: HttpRequest, shown: Dataset) -> HeatMap:
    maps = maps_of(shown.summary.content) if hasattr(shown, "summary") else []
    number = request.GET.get("map", "")
    if number not in map(str, range(len(maps))):
        raise NotFound(f"{shown.name} has no such heat map.")
    return maps[int(number)]


def _asked(request: HttpRequest) -> list[int]:
    """Return the ids of ``?result=``, each once; what cannot be an id is ignored."""
    texts = request.GET.getlist("result")
    ids = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID]
    return list(dict.fromkeys(ids))


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


def _curves(results: Sequence[Result], parameters: Sequence[ComparedRow], source: Dataset) -> list[Curve]:
    """Return the first curve of each result under the letter by which the page knows it."""
    curves = []
    for place, result in enumerate(results):
        rows = set_apart(parameters, place)
        apart = (f"{row.label} {number(row.values[0])} {row.unit}".strip() for row in rows)
        name = f"{ascii_uppercase[place]}: {_title(result, source)}"
        note = ", ".join(islice(apart, _NOTED))
        first = curves_of(result.content)[:1]
        curves += [replace(curve, name=name, note=note, style=place + 1) for curve in first]
    return curves


def _maps(results: Sequence[Result], source: Dataset) -> list[HeatFigure]:
    """Return the first heat map of each result; the same colour is the same value in all of them."""
    named = [
        (f"{ascii_uppercase[place]}: {_title(result, source)}", heat_map, result.dataset.pk, 0)
        for place, result in enumerate(results)
        for heat_map in maps_of(result.content)[:1]
    ]
    return heat_figures(named, prefix="compared-map")


def _title(result: Result, source: Dataset) -> str:
    """Say what a result is: its pipeline, its dataset where that is not ``source``, and when it was made."""
    if result.output is None or result.job is None:
        return f"{result.dataset.name} #{result.dataset.pk}"
    made = date_format(localtime(result.output.published_at), "j M Y, H:i")
    of = "" if result.job.dataset_id == source.pk else f" of {result.job.dataset.name}"
    return f"{result.job.pipeline.label}{of}, {made}"


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


def _map_rows(heat_map: HeatMap) -> Iterable[Sequence[object]]:
    """Yield a row for each row of a map; nothing stands where nothing was measured."""
    x, y = f"{heat_map.x_label} ({heat_map.x_unit})", f"{heat_map.y_label} ({heat_map.y_unit})"
    yield [_cell(f"{y} \\ {x}"), *heat_map.x]
    for at, row in zip(heat_map.y, heat_map.values.tolist(), strict=True):
        yield [at, *("" if isnan(value) else value for value in row)]


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
