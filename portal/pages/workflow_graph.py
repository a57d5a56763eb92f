"""A workflow drawn for a page, with the state of each node written and coloured into its box."""

import re
from collections.abc import Mapping
from html import escape, unescape

from django.utils.safestring import SafeString, mark_safe

from portal.jobs.selectors import Step
from workflows.drawing import draw_svg
from workflows.errors import WorkflowError
from workflows.graphs.graph import load_graph

__all__ = ["workflow_svg"]

# Beyond that a drawing helps nobody, and takes long to make.
_MOST_NODES = 60
_MARKS = {"succeeded": "✓", "failed": "✗", "running": "…", "skipped": "-", "cancelled": "-"}
_NODE = re.compile(r'<g class="node" data-node=("[^"]*"|\'[^\']*\')([^>]*)>')


def workflow_svg(document: Mapping[str, object], steps: Mapping[str, Step] | None = None) -> SafeString:
    """Return the graph as inline SVG; "" where it cannot be drawn or is too large.

    Everything that people wrote in it is escaped. With ``steps`` each node has the class of its state
    and a mark, so that the colour is not all that tells it.
    """
    nodes = document.get("nodes")
    if not isinstance(nodes, list) or not 0 < len(nodes) <= _MOST_NODES:
        return SafeString()
    try:
        svg = draw_svg(load_graph(document, with_files=False), with_theme=False)
    except WorkflowError:
        return SafeString()
    known = steps or {}
    return mark_safe(_NODE.sub(lambda found: _marked(found, known), svg))  # noqa: S308 - drawn by us, escaped


def _marked(found: re.Match[str], steps: Mapping[str, Step]) -> str:
    step = steps.get(unescape(found[1][1:-1]))
    if step is None:
        return found[0]
    state = escape(step.state)
    mark = _MARKS.get(step.state, "")
    return (
        f'<g class="node node-{state}" data-node={found[1]}{found[2]}>'
        f'<text class="node-mark" x="176" y="-5" font-size="14">{mark}</text>'
    )
