"""A graph as SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from workflows.drawing.markup import quoted, short, title
from workflows.drawing.notes import LEAST_WIDTH, note
from workflows.drawing.places import BOX_HEIGHT, BOX_WIDTH, find_places
from workflows.drawing.words import condition_words, link_words, task_words
from workflows.keys import node_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.drawing.places import Places
    from workflows.graphs.elements import Link, Node
    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId

_THEME = (
    "<style>.workflow{color:#1f2328}@media(prefers-color-scheme:dark){.workflow{color:#e6edf3}}</style>\n"
)
_ARROW = (
    '<defs><marker id="workflow-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>\n'
)
_STROKES: Final = {
    "": "",
    "error": ' stroke="#d1495b" stroke-dasharray="7 4"',
    "loop": ' stroke-dasharray="2 4"',
}
_LABEL_LENGTH = 24
_LABEL_WIDTH = 110
_MOST_ON_A_LINE = 27
_LOOP_REACH = 48


def draw_svg(graph: Graph, *, with_theme: bool = True, addresses: Mapping[NodeId, str] | None = None) -> str:
    """Draw a graph as SVG, from top to bottom.

    Error links are dashed, links that close a loop dotted, conditions written
    at their links; what a link hands over, and the whole names, are titles
    (shown under the pointer). Groups have the classes ``node`` and ``link``, and
    ``data-node`` has the id of the node. The time grows as the graph does.

    Parameters
    ----------
    with_theme
        Add a style that makes it dark on light or light on dark as the reader
        prefers. Without, everything has the ``currentColor`` of the page.
    addresses
        Makes the drawing one to be used, as part of a page: a node leads to its
        address, where it has one; a link can be focused by the keyboard, and has a
        group ``link-note`` that tells what it hands over, for the page's style
        sheet to show.
    """
    is_used = addresses is not None
    places = find_places(graph)
    left, width = _extent(places, is_used=is_used)
    size = f"{left:.0f} 0 {width:.0f} {places.height:.0f}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="workflow" role="{"group" if is_used else "img"}"'
        f' viewBox="{size}" width="{width:.0f}" height="{places.height:.0f}"'
        f' font-family="system-ui,sans-serif" font-size="13"'
        f" aria-label={quoted(f'Workflow {graph.label}')}>\n"
    )
    nodes = [_node(node, places, (addresses or {}).get(node.id)) for node in graph.nodes.values()]
    links = [
        _link(graph, link, places, sides=(left, left + width) if is_used else None) for link in graph.links
    ]
    conditions = [_condition(graph, link, places) for link in graph.links if link.conditions]
    drawn = ['<g fill="none" stroke="currentColor">\n', *links, "</g>\n", *conditions]
    # Notes lie above the boxes; in a drawing that is only looked at, lines may run behind them.
    parts = [*nodes, *drawn] if is_used else [*drawn, *nodes]
    return "".join([head, _THEME if with_theme else "", _ARROW, *parts, "</svg>\n"])


def _extent(places: Places, *, is_used: bool) -> tuple[float, float]:
    """Return where the drawing begins on the left, and its width."""
    back = places.levels.back
    width = places.width + (_LOOP_REACH if back else 0)
    width += _LABEL_WIDTH if any(link.conditions for link in back) else 0
    missing = max(LEAST_WIDTH - width, 0) if is_used else 0
    return -missing / 2, width + missing


def _node(node: Node, places: Places, address: str | None) -> str:
    x, y = places.boxes[node.id]
    middle = BOX_WIDTH / 2
    name = node_name(node.id)
    told = f"{name}\n{node.task_type}: {node.task_identifier or ''}"
    box = (
        f'<g class="node" data-node={quoted(name)} transform="translate({x:.1f} {y:.1f})"'
        f' fill="currentColor" text-anchor="middle">{title(told)}'
        f'<rect width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill-opacity="0.07" stroke="currentColor"/>'
        f'<text x="{middle:.0f}" y="20" font-weight="600">{short(node.label, _LABEL_LENGTH)}</text>'
        f'<text x="{middle:.0f}" y="37" font-size="11" opacity="0.75">'
        f"{short(task_words(node), _MOST_ON_A_LINE)}</text></g>"
    )
    if address is None:
        return f"{box}\n"
    return f"<a href={quoted(address)}>{box}</a>\n"


def _link(graph: Graph, link: Link, places: Places, *, sides: tuple[float, float] | None) -> str:
    """Draw a link; with a note that stays between two ``sides``, where they are given."""
    is_back = link in places.levels.back
    kind = "error" if link.on_error else "loop" if is_back else ""
    path = _back_path(link, places) if is_back else _forward_path(link, places)
    words = link_words(link, graph.nodes[link.source])
    line = f'<path d="{path}" marker-end="url(#workflow-arrow)"{_STROKES[kind]}/>'
    if sides is None:
        return f'<g class="link {kind}">{line}{title(chr(10).join(words))}</g>\n'
    x, y = _beside(link, places)
    shown = note(words, x=x, y=y, left=sides[0], right=sides[1], bottom=places.height)
    # A line is thin: the second one is what the pointer meets.
    target = f'<path d="{path}" stroke="transparent" stroke-width="16" pointer-events="stroke"/>'
    return (
        f'<g class="link {kind}" tabindex="0" role="img" aria-label={quoted("; ".join(words))}>'
        f"{line}{target}{shown}</g>\n"
    )


def _condition(graph: Graph, link: Link, places: Places) -> str:
    """Write a condition beside the first piece of its link."""
    x, y = _beside(link, places)
    words = condition_words(link, graph.nodes[link.source])
    return (
        f'<text class="condition" x="{x + 6:.1f}" y="{y:.1f}" font-size="11" fill="currentColor">'
        f"{short(words, _LABEL_LENGTH)}{title(words)}</text>\n"
    )


def _beside(link: Link, places: Places) -> tuple[float, float]:
    """Return the middle of the first piece of a link; of one that leads back, where it begins."""
    if link in places.levels.back:
        (x, y), _ = _sides(link, places)
        return x, y + 16
    (x, y), (next_x, next_y) = list(_stops(link, places))[:2]
    return (x + next_x) / 2, (y + next_y) / 2


def _forward_path(link: Link, places: Places) -> str:
    stops = list(_stops(link, places))
    path = [f"M{stops[0][0]:.1f} {stops[0][1]:.1f}"]
    for number, ((x, y), (next_x, next_y)) in enumerate(pairwise(stops)):
        if number % 2:  # beside the boxes of a row
            path.append(f"V{next_y:.1f}")
        else:
            half = (y + next_y) / 2
            path.append(f"C{x:.1f} {half:.1f} {next_x:.1f} {half:.1f} {next_x:.1f} {next_y:.1f}")
    return "".join(path)


def _stops(link: Link, places: Places) -> Iterator[tuple[float, float]]:
    """Yield the points between which a link bends: out of its box, past each row, into the other box."""
    x, y = places.boxes[link.source]
    yield x + BOX_WIDTH / 2, y + BOX_HEIGHT
    for number, bend in enumerate(places.routes[link], 1):
        top = y + number * places.level_height
        yield bend, top
        yield bend, top + BOX_HEIGHT
    x, y = places.boxes[link.target]
    yield x + BOX_WIDTH / 2, y


def _back_path(link: Link, places: Places) -> str:
    """Lead a link round on the right side; one from a node to itself as well."""
    (x, y), (next_x, next_y) = _sides(link, places)
    reach = max(x, next_x) + min(_LOOP_REACH + abs(y - next_y) / 8, 2 * _LOOP_REACH)
    return f"M{x:.1f} {y:.1f}C{reach:.1f} {y:.1f} {reach:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}"


def _sides(link: Link, places: Places) -> tuple[tuple[float, float], tuple[float, float]]:
    x, y = places.boxes[link.source]
    next_x, next_y = places.boxes[link.target]
    third = BOX_HEIGHT / 3
    return (x + BOX_WIDTH, y + third), (next_x + BOX_WIDTH, next_y + 2 * third)
