"""From what a dataset was made, what was made from it, and exactly how."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from portal.jobs.lineage import lineage_of
from portal.pages.lineage_drawing import draw_lineage
from portal.pages.views.datasets_frame import dataset_frame
from workflows import WorkflowError, load_graph
from workflows.drawing import draw_svg

__all__ = ["provenance"]


@require_safe
def provenance(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw what was made from what around a dataset, and show the record of the run that made it."""
    frame = dataset_frame(request, pk, current="dataset-provenance")
    lineage = lineage_of(request.user, frame.dataset)
    record = frame.output.record if frame.output else {}
    context = {
        **frame.context,
        "lineage": lineage,
        "drawing": mark_safe(draw_lineage(lineage)),  # noqa: S308 - escaped there
        "record": record,
        "workflow_drawing": _workflow_drawing(record.get("workflow")),
        "workflow_text": json.dumps(record["workflow"], indent=1) if "workflow" in record else "",
    }
    return render(request, "dataset_provenance.html", context)


def _workflow_drawing(document: Mapping[str, Any] | None) -> str:
    """Return the SVG of a workflow, "" where there is none that can be drawn."""
    if document is None:
        return ""
    try:
        graph = load_graph(document, representation="json_dict", with_files=False)
    except WorkflowError:
        return ""
    return mark_safe(draw_svg(graph, with_theme=False))  # noqa: S308 - escaped there
