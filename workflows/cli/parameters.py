"""Inputs on the command line, and the nodes that they are for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.cli.misuse import UsageError
from workflows.keys import input_key, json_node_id, node_name
from workflows.running.links import fed_inputs
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from workflows.graphs.graph import Graph
    from workflows.keys import InputKey, NodeId
    from workflows.running.plan import Plan

_ATTRIBUTES = {"id": "id", "label": "label", "taskid": "task_identifier"}
_KINDS = {"id": "node", "label": "node with the label", "task_identifier": "node with the task"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One input as it was typed.

    ``selector`` is ``id``, ``label`` or ``task_identifier``, and then ``wanted`` is
    what it must be; else ``start``, ``all``, or ``free`` for every node where the
    input is free.
    """

    text: str
    selector: str
    wanted: str
    name: str
    value: Any

    def item(self) -> dict[str, Any]:
        """Return an execution input as ewoks has it; one that is ``free`` has no such form."""
        selected = {"start": {}, "all": {"all": True}}.get(self.selector, {self.selector: self.wanted})
        return {**selected, "name": self.name, "value": self.value}


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that give inputs."""
    group = parser.add_argument_group(
        "inputs", "The VALUE is JSON, or else a text. A name or a node that does not exist is refused."
    )
    for flags, metavar, text in (
        (
            ("-p", "--parameter"),
            "[NODE:]NAME=VALUE",
            "for every node that has the input free, or for one node",
        ),
        (("-pn", "--parameter-nodeid"), "ID:NAME=VALUE", "for the node with this id"),
        (("-pl", "--parameter-label"), "LABEL:NAME=VALUE", "for the nodes with this label"),
        (("-pt", "--parameter-taskid"), "TASK:NAME=VALUE", "for the nodes whose task ends like this"),
        (("-ps", "--parameter-start"), "NAME=VALUE", "for the start nodes"),
        (("-pa", "--parameter-all"), "NAME=VALUE", "for all nodes that have such an input"),
    ):
        group.add_argument(*flags, action="append", default=[], metavar=metavar, help=text)
    group.add_argument(
        "--inputs",
        action="append",
        default=[],
        choices=("all", "start", *_ATTRIBUTES),
        help="what -p means: NAME=VALUE is for all or the start nodes; NODE is an id, a label or a task",
    )
    group.add_argument(
        "--input-node-id",
        dest="inputs",
        action="append",
        choices=tuple(_ATTRIBUTES),
        help="the same for NODE",
    )


def read_parameters(arguments: argparse.Namespace) -> list[Parameter]:
    """Read all inputs that were typed.

    Raises
    ------
    UsageError
        One has not the form that its option wants.
    """
    bare = next((word for word in reversed(arguments.inputs) if word not in _ATTRIBUTES), "free")
    node = next((word for word in reversed(arguments.inputs) if word in _ATTRIBUTES), "id")
    read = [_read("-p", text, selector=_ATTRIBUTES[node], bare=bare) for text in arguments.parameter]
    for option, texts, selector in (
        ("-pn", arguments.parameter_nodeid, "id"),
        ("-pl", arguments.parameter_label, "label"),
        ("-pt", arguments.parameter_taskid, "task_identifier"),
    ):
        read += [_read(option, text, selector=selector) for text in texts]
    read += [_read("-ps", text, bare="start") for text in arguments.parameter_start]
    read += [_read("-pa", text, bare="all") for text in arguments.parameter_all]
    return read


def read_options(option: str, texts: Iterable[str]) -> dict[str, Any]:
    """Read texts ``NAME=VALUE``; the value is JSON or else a text.

    Raises
    ------
    UsageError
        There is no name or no value.
    """
    options = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"{option} {text}: write NAME=VALUE")
        options[name.replace("-", "_")] = _parsed(value)
    return options


def placed_inputs(parameters: Iterable[Parameter], plan: Plan) -> list[dict[str, Any]]:
    """Return execution inputs for the nodes of a plan, each with the id of its node.

    Raises
    ------
    UsageError
        No such node exists, or none of them takes the input.
    """
    return [
        {"id": node_id, "name": parameter.name, "value": parameter.value}
        for parameter in parameters
        for node_id in _takers(parameter, plan)
    ]


def document_inputs(
    parameters: Iterable[Parameter], graph: Graph, plan: Callable[[], Plan]
) -> list[dict[str, Any]]:
    """Return inputs for a graph whose tasks need not be installed here, as JSON knows them.

    ``plan`` is called for an input that goes to every node where it is free: only the tasks tell where.

    Raises
    ------
    UsageError
        No such node exists, or none takes the input.
    """
    items: list[dict[str, Any]] = []
    for parameter in parameters:
        if parameter.selector == "free":
            placed = placed_inputs([parameter], plan())
        elif parameter.selector == "id":
            placed = [parameter.item() | {"id": node_id} for node_id in _selected(parameter, graph, ())]
        else:
            placed = [parameter.item()]
        items += [item | ({"id": json_node_id(item["id"])} if "id" in item else {}) for item in placed]
    return items


def _read(option: str, text: str, *, selector: str | None = None, bare: str | None = None) -> Parameter:
    address, sign, value = text.partition("=")
    wanted, colon, name = address.rpartition(":")
    form = f"{'[NODE:]' if selector and bare else 'NODE:' if selector else ''}NAME=VALUE"
    chosen = selector if colon else bare
    if not sign or not name or chosen is None or (colon and not wanted):
        written = "NAME=VALUE or NODE:NAME=VALUE" if selector and bare else form
        raise UsageError(f"{option} {text}: write {written}")
    return Parameter(text=f"{option} {text}", selector=chosen, wanted=wanted, name=name, value=_parsed(value))


def _takers(parameter: Parameter, plan: Plan) -> list[NodeId]:
    nodes = _selected(parameter, plan.graph, plan.start_nodes)
    takers = [node_id for node_id in nodes if _takes(plan, node_id, parameter)]
    if not takers:
        known = dict.fromkeys(free for node_id in nodes for free in plan.free_inputs(node_id))
        name = parameter.name
        raise UsageError(f"{parameter.text}: there is no free input {name!r}{did_you_mean(name, known)}")
    return takers


def _selected(parameter: Parameter, graph: Graph, start_nodes: Iterable[NodeId]) -> list[NodeId]:
    if parameter.selector == "start":
        return list(start_nodes)
    if parameter.selector in ("free", "all"):
        return list(graph.nodes)
    texts = _node_texts(graph, parameter.selector)
    fits = str.endswith if parameter.selector == "task_identifier" else str.__eq__
    nodes = [node_id for node_id, text in texts.items() if fits(text, parameter.wanted)]
    if not nodes:
        known = did_you_mean(parameter.wanted, dict.fromkeys(texts.values()))
        kind = _KINDS[parameter.selector]
        raise UsageError(f"{parameter.text}: there is no {kind} {parameter.wanted!r}{known}")
    return nodes


def _node_texts(graph: Graph, selector: str) -> Mapping[NodeId, str]:
    if selector == "id":
        return {node_id: node_name(node_id) for node_id in graph.nodes}
    return {node.id: str(getattr(node, selector)) for node in graph.nodes.values()}


def _takes(plan: Plan, node_id: NodeId, parameter: Parameter) -> bool:
    """Tell whether a node takes an input; one that is not declared must be addressed to its node."""
    if parameter.selector == "free":
        return parameter.name in plan.free_inputs(node_id)
    key = input_key(parameter.name)
    return plan.interface(node_id).accepts(key) and key not in _set_by_links(plan, node_id)


def _set_by_links(plan: Plan, node_id: NodeId) -> set[InputKey]:
    """Return the inputs that links always set; one that comes back in a loop has a first value too."""
    structure, interface = plan.graph.structure, plan.interface(node_id)
    links = [link for link in structure.incoming[node_id] if link in structure.required]
    return {name for link in links for name in fed_inputs(link, plan.interface(link.source), interface)}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        raise UsageError(f"the value {text[:20]}... is nested too deeply") from None
