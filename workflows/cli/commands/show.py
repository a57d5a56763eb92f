"""``reprise show``: draw a workflow, or list its free inputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.catalog.schemas import workflow_schema
from workflows.cli.misuse import UsageError
from workflows.cli.parameters import add_parameters, placed_inputs, read_options, read_parameters
from workflows.cli.status import OK
from workflows.cli.table import table_lines
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.drawing import draw_svg, draw_text
from workflows.errors import WorkflowError
from workflows.graphs.graph import load_graph
from workflows.keys import node_key, node_name
from workflows.running.plan import draft_plan
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from workflows.cli.parameters import Parameter
    from workflows.graphs.graph import Graph

_LOAD_OPTIONS = ("representation", "root_dir", "root_module")
_COLUMNS = ("node", "input", "type", "required", "value", "unit", "description")
_EXAMPLE = """examples:
  reprise show integrate.json
  reprise show integrate.json -o integrate.svg
  reprise show result.nxs --format table           # the workflow in a result"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    add_workflows(parser)
    add_parameters(parser)
    parser.add_argument(
        "--format",
        choices=("text", "svg", "table"),
        help="text: nodes level by level; table: the free inputs (default: text; svg for such a file)",
    )
    parser.add_argument(
        "-o", "--output", "--load-option", dest="output", action="append", default=[], metavar="FILE",
        help=f"write here; as in ewoks also an option of reading, NAME=VALUE: {', '.join(_LOAD_OPTIONS)}",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Show each workflow."""
    reading, files = _split(arguments.output)
    reading = load_options(arguments) | reading
    workflows = named_workflows(arguments)
    if len(files) > 1 or (files and len(workflows) > 1):
        raise UsageError("-o: write one workflow to one file")
    form = arguments.format or ("svg" if files and files[0].suffix.lower() == ".svg" else "text")
    parameters = read_parameters(arguments)
    for workflow in workflows:
        text = _drawn(load_graph(workflow, **reading), form, parameters)
        if files:
            _write(files[0], text)
        else:
            sys.stdout.write(text)
    return OK


def _drawn(graph: Graph, form: str, parameters: Sequence[Parameter]) -> str:
    if form == "table":
        return "".join(table_lines(_COLUMNS, _rows(graph, parameters)))
    return draw_svg(graph) if form == "svg" else draw_text(graph)


def _rows(graph: Graph, parameters: Sequence[Parameter]) -> Iterator[tuple[str, ...]]:
    """Yield what is known of each input that a user may give."""
    plan = draft_plan(graph)
    for item in placed_inputs(parameters, plan):
        plan.inputs[item["id"]][item["name"]] = item["value"]
    schema = workflow_schema(plan)
    for key, described in schema["properties"].items():
        address = described["address"]
        node_id = node_key(address["id"])
        value = plan.inputs[node_id].get(address["name"], described.get("default"))
        is_known = address["name"] in plan.inputs[node_id] or "default" in described
        yield (
            node_name(node_id),
            address["name"],
            described.get("documented_type") or _type_words(described),
            "yes" if key in schema["required"] else "",
            json.dumps(value, default=str) if is_known else described.get("documented_default", ""),
            described.get("unit", ""),
            described.get("description", ""),
        )


def _type_words(described: dict[str, Any]) -> str:
    if "anyOf" in described:
        return " or ".join(filter(None, map(_type_words, described["anyOf"])))
    if "enum" in described:
        return " or ".join(json.dumps(value) for value in described["enum"])
    return str(described.get("type", ""))


def _split(words: Sequence[str]) -> tuple[dict[str, Any], list[Path]]:
    """Tell load options, ``root_dir=...``, from files."""
    options = [word for word in words if word.partition("=")[0] in _LOAD_OPTIONS and "=" in word]
    for word in words:
        name, sign, _ = word.partition("=")
        if sign and word not in options and not Path(name).suffix:
            raise UsageError(f"-o {word}: there is no such option{did_you_mean(name, _LOAD_OPTIONS)}")
    return read_options("-o", options), [Path(word) for word in words if word not in options]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkflowError(f"cannot write {str(path)!r}: {error.strerror}") from error
