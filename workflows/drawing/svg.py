"""A graph as SVG."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from workflows.drawing.places import BOX_HEIGHT, BOX_WIDTH, find_places
from workflows.drawing.words import condition_words, mapping_words, shortened, task_words
from workflows.keys import node_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.drawing.places import Places
    from workflows.graphs.elements import Link, Node
    from workflows.graphs.graph import Graph

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
_LONGEST_TITLE = 2000
_MOST_ON_A_LINE = 27
_LOOP_REACH = 48
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def draw_svg(graph: Graph, *, with_theme: bool = True) -> str:
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
    """
    places = find_places(graph)
    back = places.levels.back
    width = places.width + (_LOOP_REACH if back else 0)
    width += _LABEL_WIDTH if any(link.conditions for link in back) else 0
    size = f"{width:.0f} {places.height:.0f}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="workflow" role="img" viewBox="0 0 {size}"'
        f' width="{width:.0f}" height="{places.height:.0f}" font-family="system-ui,sans-serif" font-size="13"'
        f" aria-label={quoteattr(_clean(f'Workflow {graph.label}'))}>\n"
    )
    parts = [head, _THEME if with_theme else "", _ARROW, '<g fill="none" stroke="currentColor">\n']
    parts += (_link(graph, link, places) for link in graph.links)
    parts.append("</g>\n")
    parts += (_condition(graph, link, places) for link in graph.links if link.conditions)
    parts += (_node(node, places) for node in graph.nodes.values())
    return "".join([*parts, "</svg>\n"])


def _node(node: Node, places: Places) -> str:
    x, y = places.boxes[node.id]
    middle = BOX_WIDTH / 2
    name = node_name(node.id)
    title = f"{name}\n{node.task_type}: {node.task_identifier or ''}"
    return (
        f'<g class="node" data-node={quoteattr(_clean(name))} transform="translate({x:.1f} {y:.1f})"'
        f' fill="currentColor" text-anchor="middle">{_title(title)}'
        f'<rect width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill-opacity="0.07" stroke="currentColor"/>'
        f'<text x="{middle:.0f}" y="20" font-weight="600">{_short(node.label, _LABEL_LENGTH)}</text>'
        f'<text x="{middle:.0f}" y="37" font-size="11" opacity="0.75">'
        f"{_short(task_words(node), _MOST_ON_A_LINE)}</text></g>\n"
    )


def _link(graph: Graph, link: Link, places: Places) -> str:
    is_back = link in places.levels.back
    kind = "error" if link.on_error else "loop" if is_back else ""
    path = _back_path(link, places) if is_back else _forward_path(link, places)
    node = graph.nodes[link.source]
    condition = condition_words(link, node)
    title = [f"{node_name(link.source)} -> {node_name(link.target)}", *mapping_words(link)]
    title += [f"if {condition}" if link.conditions else condition] if condition else []
    return (
        f'<g class="link {kind}"><path d="{path}" marker-end="url(#workflow-arrow)"{_STROKES[kind]}/>'
        f"{_title(chr(10).join(title))}</g>\n"
    )


def _condition(graph: Graph, link: Link, places: Places) -> str:
    """Write a condition beside the first piece of its link."""
    if link in places.levels.back:
        (x, y), _ = _sides(link, places)
        y += 16
    else:
        (x, y), (next_x, next_y) = list(_stops(link, places))[:2]
        x, y = (x + next_x) / 2, (y + next_y) / 2
    words = condition_words(link, graph.nodes[link.source])
    return (
        f'<text class="condition" x="{x + 6:.1f}" y="{y:.1f}" font-size="11" fill="currentColor">'
        f"{_short(words, _LABEL_LENGTH)}{_title(words)}</text>\n"
    )


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


def _title(text: str) -> str:
    return f"<title>{escape(_clean(shortened(text, _LONGEST_TITLE)))}</title>"


def _short(text: str, length: int) -> str:
    return escape(_clean(shortened(" ".join(text.split()), length)))


def _clean(text: str) -> str:
    """Replace what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
