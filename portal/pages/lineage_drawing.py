"""A lineage as SVG: sources on the left, outcomes on the right, every box a link."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from django.urls import reverse

from portal.catalogue.models import Dataset
from portal.jobs.lineage import Lineage
from portal.jobs.models import Output
from workflows import Graph, Link, Node
from workflows.drawing.places import BOX_HEIGHT, BOX_WIDTH, Places, find_places
from workflows.keys import NodeId

__all__ = ["draw_lineage"]

# The engine's layout goes from top to bottom; turned, its rows become columns.
_COLUMN = BOX_WIDTH + 56
_ROW = 0.27
_MARGIN = 6
_LONGEST = 23

_ARROW = (
    '<defs><marker id="lineage-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
)


@dataclass(frozen=True)
class _Box:
    """One box: what stands in it, where it leads, and its class in the style sheet."""

    title: str
    words: str
    address: str
    kind: str


def draw_lineage(lineage: Lineage) -> str:
    """Return the SVG of a lineage; every text in it is escaped."""
    boxes, pairs = _boxes_and_pairs(lineage)
    links = [Link(start, end) for start, end in pairs]
    nodes: dict[NodeId, Node] = {name: _node(name) for name in boxes}
    places = find_places(Graph({"graph": {"id": "lineage"}}, nodes, links))
    corners = {name: _turned(places, x, y) for name, (x, y) in places.boxes.items()}
    width = max(x for x, _ in corners.values()) + BOX_WIDTH + _MARGIN
    height = max(y for _, y in corners.values()) + BOX_HEIGHT + _MARGIN
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg class="lineage" role="group" aria-label="Provenance" {size} font-size="13">',
        _ARROW,
        '<g fill="none" stroke="currentColor" opacity="0.7">',
        *(f'<path d="{_path(link, corners, places)}" marker-end="url(#lineage-arrow)"/>' for link in links),
        "</g>",
        *(_drawn(box, *corners[name]) for name, box in boxes.items()),
        "</svg>",
    ]
    return "".join(parts)


def _boxes_and_pairs(lineage: Lineage) -> tuple[dict[str, _Box], list[tuple[str, str]]]:
    """Return the boxes by name, and which follow which: a job stands before what it made."""
    boxes = {f"dataset-{pk}": _dataset_box(row, lineage) for pk, row in lineage.datasets.items()}
    pairs: dict[tuple[str, str], None] = {}
    for start, end in lineage.links:
        output = lineage.outputs.get(end)
        if output:
            job = f"job-{output.job_id}"
            boxes[job] = _job_box(output)
            pairs |= {(f"dataset-{start}", job): None, (job, f"dataset-{end}"): None}
        else:
            pairs[f"dataset-{start}", f"dataset-{end}"] = None
    for pk in lineage.more_before:
        boxes[f"before-{pk}"] = _more_box("more sources", "dataset-provenance", pk)
        pairs[f"before-{pk}", f"dataset-{pk}"] = None
    for pk in lineage.more_after:
        boxes[f"after-{pk}"] = _more_box("more results", "dataset-processed", pk)
        pairs[f"dataset-{pk}", f"after-{pk}"] = None
    return boxes, list(pairs)


def _dataset_box(dataset: Dataset, lineage: Lineage) -> _Box:
    kind = "measured" if dataset.type == Dataset.Type.ACQUISITION else "result"
    is_focus = dataset.pk == lineage.focus.pk
    words = f"{kind}, #{dataset.pk}{', this one' if is_focus else ''}"
    address = reverse("dataset", args=[dataset.pk])
    return _Box(dataset.name, words, address, f"{kind} focus" if is_focus else kind)


def _job_box(output: Output) -> _Box:
    words = f"job, {output.published_at:%Y-%m-%d %H:%M}"
    return _Box(output.job.pipeline.label, words, reverse("job", args=[output.job_id]), "job")


def _more_box(title: str, route: str, pk: int) -> _Box:
    return _Box(title, "not drawn here", reverse(route, args=[pk]), "more")


def _drawn(box: _Box, x: float, y: float) -> str:
    radius = BOX_HEIGHT / 2 if box.kind == "job" else 6
    middle = BOX_WIDTH / 2
    return (
        f'<a href="{escape(box.address)}" class="{box.kind}">'
        f'<g transform="translate({x:.1f} {y:.1f})" fill="currentColor" text-anchor="middle">'
        f"<title>{_clean(box.title)}</title>"
        f'<rect width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="{radius:.0f}" stroke="currentColor"/>'
        f'<text x="{middle:.0f}" y="20" font-weight="600">{_clean(_short(box.title))}</text> '
        f'<text x="{middle:.0f}" y="37" font-size="11">{_clean(_short(box.words))}</text></g></a>'
    )


def _path(link: Link, corners: Mapping[NodeId, tuple[float, float]], places: Places) -> str:
    """Lead a link from box to box, beside the boxes of the columns that it passes."""
    stops = list(_stops(link, corners, places))
    path = [f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"]
    for number, ((x, y), (next_x, next_y)) in enumerate(pairwise(stops)):
        if number % 2:
            path.append(f"H{next_x:.1f}")
        else:
            half = (x + next_x) / 2
            path.append(f"C{half:.1f} {y:.1f} {half:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
    return "".join(path)


def _stops(
    link: Link, corners: Mapping[NodeId, tuple[float, float]], places: Places
) -> Iterator[tuple[float, float]]:
    x, y = corners[link.source]
    yield x + BOX_WIDTH, y + BOX_HEIGHT / 2
    # A link that leads back, where something was made from itself in the end, has no route.
    for number, bend in enumerate(places.routes.get(link, ()), 1):
        left, middle = x + number * _COLUMN, _turned_middle(places, bend)
        yield left, middle
        yield left + BOX_WIDTH, middle
    x, y = corners[link.target]
    yield x, y + BOX_HEIGHT / 2


def _turned(places: Places, x: float, y: float) -> tuple[float, float]:
    """Return the corner of a box, given where it would be from top to bottom."""
    column = round((y - min(top for _, top in places.boxes.values())) / places.level_height)
    return _MARGIN + column * _COLUMN, _turned_middle(places, x + BOX_WIDTH / 2) - BOX_HEIGHT / 2


def _turned_middle(places: Places, x: float) -> float:
    leftmost = min(left for left, _ in places.boxes.values()) + BOX_WIDTH / 2
    return _MARGIN + BOX_HEIGHT / 2 + max(x - leftmost, -BOX_HEIGHT) * _ROW


def _node(name: str) -> Node:
    return Node(name, label=name, task_type="method", task_identifier=None, attributes={})


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _clean(text: str) -> str:
    """Escape a text; what no page can hold is replaced."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))
