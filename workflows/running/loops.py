"""How often a node runs: what the loops of a graph mean for each of its nodes and links.

A loop goes round in rounds. A node of a loop runs once for each round that
reaches it, and so does a node after the loop. Where independent loops meet, or
what follows the end of a loop, a node runs once, after all of them have ended.

The *place* of a node says this: the loops, outermost first, of which it sees
each round. A link leads to the same place, to a deeper one (its value then
holds for every round there), or out of loops (the last value counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workflows.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workflows.graphs.elements import Link
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId

_DEEPEST = 64

Place: TypeAlias = tuple[int, ...]
"""Numbers of loops."""


@dataclass(frozen=True, eq=False)
class Loop:
    """Nodes that lead to each other.

    ``back`` are the links that end a round: what they bring starts the next one.
    Without them the links inside have an order.
    """

    number: int
    place: Place
    """Where the loop as a whole stands."""
    members: tuple[NodeId, ...]
    entering: tuple[Link, ...]
    inside: frozenset[Link]
    back: frozenset[Link]
    n_forward: Mapping[NodeId, int]
    """For each member the number of links that lead to it within a round."""

    @property
    def inner_place(self) -> Place:
        """Where its members stand."""
        return (*self.place, self.number)


class Loops:
    """All loops of a graph, and the place of every node.

    Attributes
    ----------
    place : dict
        The place of every node.
    loop_of : dict
        The innermost loop of those nodes that are in one.
    at_the_top : list
        What runs at most once: nodes, and loops as a whole.
    after : dict
        For each loop, by its number, what sees each of its rounds without being in it: nodes,
        and loops as a whole.
    leaving : dict
        For each loop the links that bring their last value only, when it has ended.
    """

    def __init__(self, structure: Structure, start_nodes: Collection[NodeId]) -> None:
        self._structure = structure
        self._starts = frozenset(start_nodes)
        self.loop_of: dict[NodeId, Loop] = {}
        self.place: dict[NodeId, Place] = {}
        self._ended: dict[NodeId, frozenset[int]] = {}
        found: list[Loop] = []
        for members in structure.groups:
            links = [link for node_id in members for link in structure.incoming[node_id]]
            group = set(members)
            inside = frozenset(link for link in links if link.source in group)
            entering = tuple(link for link in links if link not in inside)
            place, ended = self._combined(entering)
            if inside:
                if len(place) >= _DEEPEST:
                    raise UnsupportedError(f"more than {_DEEPEST} loops follow one another")
                loop = self._loop(len(found), place, members, entering, inside)
                found.append(loop)
                self.loop_of.update(dict.fromkeys(members, loop))
                place = loop.inner_place
            self.place.update(dict.fromkeys(members, place))
            self._ended.update(dict.fromkeys(members, ended))
        self.at_the_top: list[NodeId | Loop] = []
        self.after: dict[int, list[NodeId | Loop]] = {loop.number: [] for loop in found}
        self.leaving: dict[int, list[Link]] = {loop.number: [] for loop in found}
        for unit in (*(node_id for node_id in structure.outgoing if node_id not in self.loop_of), *found):
            place = unit.place if isinstance(unit, Loop) else self.place[unit]
            (self.after[place[-1]] if place else self.at_the_top).append(unit)
        for link in structure.links:
            place, (unit, depth) = self.place[link.source], self.waiting_unit(link)
            if depth < len(place) and not (isinstance(unit, Loop) and link in unit.inside):
                self.leaving[place[depth]].append(link)

    def waiting_unit(self, link: Link) -> tuple[NodeId | Loop, int]:
        """Return what waits for a link, a node or the loop that it is in, and how deep that stands."""
        loop = self.loop_of.get(link.target)
        return (link.target, len(self.place[link.target])) if loop is None else (loop, len(loop.place))

    def _combined(self, links: Iterable[Link]) -> tuple[Place, frozenset[int]]:
        """Find the place of what these links lead to, and the loops that have ended before it."""
        sources = {link.source: self.place[link.source] for link in links}
        ended = frozenset().union(*(self._ended[source] for source in sources))
        places = set(sources.values())
        deepest = max(places, key=len, default=())
        place = deepest if all(deepest[: len(other)] == other for other in places) else _common(places)
        for depth, number in enumerate(place):
            if number in ended:
                place = place[:depth]
                break
        return place, ended | {number for other in places for number in other[len(place) :]}

    def _loop(
        self,
        number: int,
        place: Place,
        members: tuple[NodeId, ...],
        entering: tuple[Link, ...],
        inside: frozenset[Link],
    ) -> Loop:
        entries = {link.target for link in entering} | (self._starts & set(members))
        roots = [node_id for node_id in members if node_id in entries]
        back = _back_links([*roots, *members], inside, self._structure.outgoing)
        n_forward = dict.fromkeys(members, 0)
        for link in inside - back:
            n_forward[link.target] += 1
        return Loop(number, place, members, entering, inside, back, n_forward)


def _common(places: Iterable[Place]) -> Place:
    shortest = min(places, key=len)
    for depth, number in enumerate(shortest):
        if any(other[depth] != number for other in places):
            return shortest[:depth]
    return shortest


def _back_links(
    roots: Iterable[NodeId], inside: frozenset[Link], outgoing: Mapping[NodeId, Iterable[Link]]
) -> frozenset[Link]:
    """Find the links that lead back to a node on the way to them (depth first, without recursion)."""
    back: set[Link] = set()
    done: set[NodeId] = set()
    for root in roots:
        if root in done:
            continue
        on_path = {root}
        path = [(root, iter(outgoing[root]))]
        while path:
            node_id, links = path[-1]
            for link in links:
                if link not in inside:
                    continue
                if link.target in on_path:
                    back.add(link)
                elif link.target not in done:
                    on_path.add(link.target)
                    path.append((link.target, iter(outgoing[link.target])))
                    break
            else:
                path.pop()
                on_path.discard(node_id)
                done.add(node_id)
    return frozenset(back)
