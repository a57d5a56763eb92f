"""A workflow on a page: drawn as SVG, and told in words for those who do not see the drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import mark_safe

from portal.jobs.models import TaskDescription
from workflows.drawing import draw_svg
from workflows.drawing.words import condition_words, mapping_words, task_words
from workflows.errors import GraphError
from workflows.graphs.elements import Link
from workflows.graphs.graph import Graph, load_graph
from workflows.keys import NodeId, node_name

__all__ = ["Drawing", "Handover", "WorkflowStep", "draw_workflow"]

_MOST_DRAWN = 300


@dataclass(frozen=True)
class Handover:
    """A link seen from its source: to which step, what, and when ("" for always)."""

    target: str
    mapping: Sequence[str]
    condition: str


@dataclass(frozen=True)
class WorkflowStep:
    """A node; ``address`` is the page of its task, "" where the task is not installed."""

    label: str
    node_id: str
    task: str
    address: str
    handovers: Sequence[Handover]


@dataclass(frozen=True)
class Drawing:
    """``svg`` is empty where the workflow is too large or, as ``problem`` says, not valid."""

    svg: str = ""
    steps: Sequence[WorkflowStep] = ()
    problem: str = ""


def draw_workflow(document: Mapping[str, Any]) -> Drawing:
    """Draw a stored workflow; no task of it is imported and no file read."""
    try:
        graph = load_graph(document, with_files=False)
    except GraphError as error:
        return Drawing(problem=str(error))
    addresses = _addresses(graph)
    steps = [_step(graph, node_id, addresses) for node_id in graph.nodes]
    if len(steps) > _MOST_DRAWN:
        return Drawing(steps=steps)
    svg = draw_svg(graph, with_theme=False, addresses=addresses)
    # The drawing escapes all text of the workflow.
    return Drawing(mark_safe(svg), steps)  # noqa: S308


def _addresses(graph: Graph) -> dict[NodeId, str]:
    wanted = {node_id: node.task_identifier for node_id, node in graph.nodes.items()}
    known = set(
        TaskDescription.objects.filter(identifier__in=set(filter(None, wanted.values())))
        .order_by()
        .values_list("identifier", flat=True)
    )
    return {node_id: reverse("task", args=[task]) for node_id, task in wanted.items() if task in known}


def _step(graph: Graph, node_id: NodeId, addresses: Mapping[NodeId, str]) -> WorkflowStep:
    node = graph.nodes[node_id]
    return WorkflowStep(
        label=node.label,
        node_id=node_name(node_id),
        task=task_words(node),
        address=addresses.get(node_id, ""),
        handovers=[_handover(graph, link) for link in graph.structure.outgoing[node_id]],
    )


def _handover(graph: Graph, link: Link) -> Handover:
    condition = condition_words(link, graph.nodes[link.source])
    return Handover(
        target=graph.nodes[link.target].label,
        mapping=[words.replace("->", "\N{RIGHTWARDS ARROW}") for words in mapping_words(link)],
        condition=f"if {condition}" if link.conditions else condition,
    )
