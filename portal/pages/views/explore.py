"""Looking inside an HDF5 file: h5web over a reader process, and the same without scripts."""

import json
from pathlib import PurePath
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL
from csp.decorators import csp_update
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Datafile
from portal.pages.curve import drawn_curve
from portal.pages.paging import page_after, page_size
from portal.pages.views.found import datafile_or_404, dataset_or_404
from portal.storage.explore import ask_file, explorable_files, is_explorable
from processing.reader.client import Answer

__all__ = ["dataset_explore", "explore", "h5", "plain"]

# What h5web asks; see processing/nexus/h5web.py.
_QUESTIONS = {"meta", "attr", "data", "stats", "paths"}
_TABLE_DIMENSIONS = 2


@require_safe
# The arithmetic of h5web's arrays is made with ``new Function``. Nothing else may do that, on no other page.
@csp_update({"script-src": [SELF, UNSAFE_EVAL]})  # type: ignore[arg-type]  # its views have one argument
def explore(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a file in h5web, at ``?path=`` or at the plot that the file itself names."""
    datafile = _explorable_or_refused(request, pk)
    return render(request, "explore.html", _context(datafile, _h5path(request)))


@require_safe
def plain(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one object of a file without scripts: its plot, what is in it, its values."""
    datafile = _explorable_or_refused(request, pk)
    h5path = _h5path(request)
    asked = {"path": [h5path], "frame": [request.GET.get("frame", "")]}
    found, status = _content(ask_file(datafile, "look", asked))
    context = {**_context(datafile, h5path), **found}
    if status == HttpResponse.status_code:
        context |= {"curve": drawn_curve(found["plot"]), "is_table": _is_table(found["entity"])}
        context |= _frames(found["plot"])
    return render(request, "explore_plain.html", context, status=status)


@require_safe
def h5(request: HttpRequest, pk: int, question: str) -> HttpResponseBase:
    """Answer one of the questions of h5web (those of h5grove's servers) about a file.

    ``file`` in the query is ignored: the address says which one.
    """
    datafile = datafile_or_404(request, pk)
    if question not in _QUESTIONS:
        raise Http404
    answer = ask_file(datafile, question, dict(request.GET.lists()))
    if answer.content is None:
        return JsonResponse({"message": answer.message}, status=answer.status)
    return FileResponse(
        answer.content,
        status=answer.status,
        content_type=answer.content_type,
        as_attachment=bool(answer.attachment),
        filename=_saved_as(datafile, request, answer.attachment),
    )


@require_safe
def dataset_explore(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the dataset's only explorable file, or let the visitor choose one."""
    dataset = dataset_or_404(request, pk)
    page = page_after(
        explorable_files(dataset.datafiles.all()),
        order=("name", "pk"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    if page.total == 1 and len(page.rows) == 1:
        return redirect("explore", pk=page.rows[0].pk)
    return render(request, "explore_choose.html", {"dataset": dataset, "page": page})


def _explorable_or_refused(request: HttpRequest, pk: int) -> Datafile:
    datafile = datafile_or_404(request, pk)
    if not is_explorable(datafile):
        raise InvalidInput(f"{datafile.name} is not an HDF5 file; download it to look inside.")
    return datafile


def _h5path(request: HttpRequest) -> str:
    return "/" + request.GET.get("path", "").strip("/")


def _context(datafile: Datafile, h5path: str) -> dict[str, Any]:
    names = [name for name in h5path.split("/") if name]
    crumbs = [(name, "/" + "/".join(names[: place + 1])) for place, name in enumerate(names)]
    return {
        "datafile": datafile,
        "dataset": datafile.dataset,
        "file_name": PurePath(datafile.name).name,
        "h5path": h5path,
        "h5crumbs": [("root", "/"), *crumbs],
    }


def _content(answer: Answer) -> tuple[dict[str, Any], int]:
    """Return what an answer says, or the ``message`` of a refusal, and its status."""
    if answer.content is None:
        return {"message": answer.message}, answer.status
    with answer.content as file:
        return json.loads(file.read()), answer.status


def _frames(plot: dict[str, Any]) -> dict[str, int]:
    """Return the frames beside the one that is shown, and the last; they count from 0."""
    frame = plot.get("frame", 0)
    return {"previous_frame": frame - 1, "next_frame": frame + 1, "last_frame": plot.get("n_frames", 1) - 1}


def _is_table(entity: dict[str, Any]) -> bool:
    """Whether the values can be had as CSV: numbers in one or two dimensions."""
    n_dimensions = len(entity["shape"] or ())
    is_number = str(entity["dtype"]).startswith(("int", "uint", "float", "bool", ">", "<"))
    return entity["kind"] == "dataset" and is_number and 1 <= n_dimensions <= _TABLE_DIMENSIONS


def _saved_as(datafile: Datafile, request: HttpRequest, ending: str) -> str:
    """Return a name for a part of a file: its own, and the last word of the path inside."""
    if not ending:
        return ""
    inside = PurePath(_h5path(request)).name
    return "_".join(filter(None, (PurePath(datafile.name).stem, inside))) + f".{ending}"
