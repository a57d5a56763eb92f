"""Where the boxes and links of a drawing are: levels from top to bottom, linked nodes close to each other.

A link over several levels takes a place of its own in each row between, so
that it passes beside the boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from workflows.drawing.levels import find_levels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.drawing.levels import Levels
    from workflows.graphs.elements import Link
    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId

BOX_WIDTH: Final = 184
BOX_HEIGHT: Final = 46
MARGIN: Final = 24
_GAP = 32
_BEND_WIDTH = 12
_LEVEL_HEIGHT = BOX_HEIGHT + 58
_N_SWEEPS = 4
_MOST_BENDS = 20_000
"""Beyond that, links go straight, behind the boxes: the time must not grow with the square of the graph."""


class _Bend:
    """The place of a link in a row that it passes."""


_Rows = list[list[object]]
"""In each row nodes and bends."""
_Neighbours = dict[object, tuple[list[object], list[object]]]
"""For each node or bend what is linked to it in the row above, and in the row below."""


@dataclass(frozen=True)
class Places:
    """The places of a drawing, in units of SVG; y grows downwards.

    ``boxes`` are the upper left corners. ``routes`` are, for each link that
    does not lead back, the x of its places in the rows that it passes.
    """

    width: float
    height: float
    boxes: Mapping[NodeId, tuple[float, float]]
    routes: Mapping[Link, Sequence[float]]
    levels: Levels
    level_height: float = _LEVEL_HEIGHT


def find_places(graph: Graph) -> Places:
    """Place all nodes and links of a graph."""
    levels = find_levels(graph)
    rows, routes, neighbours = _with_bends(graph, levels)
    _order(rows, neighbours)
    centres = _centres(rows, neighbours)
    leftmost = min((centres[row[0]] - _width(row[0]) / 2 for row in rows), default=0)
    shift = MARGIN - leftmost
    boxes = {
        node_id: (centres[node_id] + shift - BOX_WIDTH / 2, MARGIN + number * _LEVEL_HEIGHT)
        for number, row in enumerate(levels.rows)
        for node_id in row
    }
    rightmost = max((centres[row[-1]] + shift + _width(row[-1]) / 2 for row in rows), default=0)
    return Places(
        width=rightmost + MARGIN,
        height=2 * MARGIN + max(len(rows) * _LEVEL_HEIGHT - (_LEVEL_HEIGHT - BOX_HEIGHT), 0),
        boxes=boxes,
        routes={link: [centres[bend] + shift for bend in bends] for link, bends in routes.items()},
        levels=levels,
    )


def _with_bends(graph: Graph, levels: Levels) -> tuple[_Rows, dict[Link, list[_Bend]], _Neighbours]:
    number = {node_id: level for level, row in enumerate(levels.rows) for node_id in row}
    forward = [link for link in graph.links if link not in levels.back]
    n_bends = sum(number[link.target] - number[link.source] - 1 for link in forward)
    rows: _Rows = [list(row) for row in levels.rows]
    neighbours: _Neighbours = {node_id: ([], []) for node_id in graph.nodes}
    routes: dict[Link, list[_Bend]] = {}
    for link in forward:
        first, last = number[link.source] + 1, number[link.target]
        bends = [_Bend() for _ in range(first, last)] if n_bends <= _MOST_BENDS else []
        for level, bend in enumerate(bends, first):
            rows[level].append(bend)
            neighbours[bend] = ([], [])
        routes[link] = bends
        stops: list[object] = [link.source, *bends, link.target]
        if len(stops) == last - first + 2:
            for upper, lower in pairwise(stops):
                neighbours[upper][1].append(lower)
                neighbours[lower][0].append(upper)
    return rows, routes, neighbours


def _order(rows: _Rows, neighbours: _Neighbours) -> None:
    """Sort each row by where the neighbours are in the row before, to and fro: fewer links cross then."""
    rank = {item: position - len(row) / 2 for row in rows for position, item in enumerate(row)}
    for sweep in range(_N_SWEEPS):
        side = sweep % 2
        for row in reversed(rows) if side else rows:
            wanted = {item: _mean([rank[n] for n in neighbours[item][side]] or [rank[item]]) for item in row}
            row.sort(key=wanted.__getitem__)
            rank.update((item, position - len(row) / 2) for position, item in enumerate(row))


def _centres(rows: _Rows, neighbours: _Neighbours) -> dict[object, float]:
    """Return the x of each place: as close to the mean of its neighbours as those beside it allow."""
    centres: dict[object, float] = {}
    for row in rows:
        centres.update(_packed(row, dict.fromkeys(row, 0.0)))
    for sweep in range(_N_SWEEPS):
        side = sweep % 2
        for row in reversed(rows) if side else rows:
            wanted = {
                item: _mean([centres[n] for n in neighbours[item][side]] or [centres[item]]) for item in row
            }
            centres.update(_packed(row, wanted))
    return centres


def _packed(row: list[object], wanted: Mapping[object, float]) -> dict[object, float]:
    """Keep the distances in a row: half way between pushing everything to the right and to the left."""
    from_left: list[float] = []
    for i, item in enumerate(row):
        least = from_left[-1] + _distance(row[i - 1], item) if i else wanted[item]
        from_left.append(max(wanted[item], least))
    from_right: list[float] = []
    for i, item in enumerate(reversed(row)):
        most = from_right[-1] - _distance(row[-i], item) if i else wanted[item]
        from_right.append(min(wanted[item], most))
    from_right.reverse()
    return {item: (from_left[i] + from_right[i]) / 2 for i, item in enumerate(row)}


def _distance(left: object, right: object) -> float:
    return (_width(left) + _width(right)) / 2 + _GAP


def _width(item: object) -> float:
    return _BEND_WIDTH if isinstance(item, _Bend) else BOX_WIDTH


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
