"""``reprise convert``: write workflows in another form."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.cli.display import short_name
from workflows.cli.misuse import UsageError
from workflows.cli.parameters import add_parameters, document_inputs, read_options, read_parameters
from workflows.cli.status import OK
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.graphs.convert import convert_graph
from workflows.graphs.graph import load_graph
from workflows.graphs.writing import WRITTEN
from workflows.running.plan import draft_plan
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_LOAD_OPTIONS = ("representation", "root_dir", "root_module")
_SAVE_OPTIONS = ("representation", "indent")
_TEXTS = {"json_string", "yaml_string"}
_EXAMPLE = """examples:
  reprise convert demo.yaml demo.json -pn save:filename=out.nxs
  reprise convert a.json b.json .yaml              # a.yaml and b.yaml
  reprise convert package.workflows.demo - --dst-format yaml_string --flatten"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    parser.usage = "%(prog)s [options] WORKFLOW [WORKFLOW ...] DESTINATION"
    add_workflows(parser)
    add_parameters(parser)
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "--dst-format",
        type=str.lower,
        choices=[each for each in WRITTEN if each not in ("json_dict", "networkx")],
        metavar="FORMAT",
        help=f"by default what DESTINATION looks like; {' and '.join(sorted(_TEXTS))} are printed",
    )
    group.add_argument("--flatten", action="store_true", help="put the nodes of sub-graphs in their places")
    group.add_argument(
        "--with-requirements", action="store_true", help="note the installed packages, unless some are noted"
    )
    group.add_argument("--exclude-requirements", action="store_true", help="do not: the default")
    group.add_argument(
        "-o",
        "--load-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of reading: {', '.join(_LOAD_OPTIONS)}",
    )
    group.add_argument(
        "-s",
        "--save-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of writing: {', '.join(_SAVE_OPTIONS)}",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write each workflow where it belongs."""
    if len(arguments.workflows) < 2:  # noqa: PLR2004 -- one and where it goes
        raise UsageError("name a WORKFLOW and a DESTINATION: a file, or '.json' or '.yaml' for several")
    destination = arguments.workflows.pop()
    workflows = named_workflows(arguments)
    reading = load_options(arguments) | _known_options("-o", arguments.load_option, _LOAD_OPTIONS)
    saving = _known_options("-s", arguments.save_option, _SAVE_OPTIONS)
    form = arguments.dst_format or saving.get("representation")
    for workflow in workflows:
        where = None if form in _TEXTS else _destination(workflow, destination, alone=len(workflows) == 1)
        written = convert_graph(
            workflow,
            where,
            inputs=_inputs(workflow, arguments, reading),
            representation=form,
            source_representation=reading.get("representation"),
            root_dir=reading.get("root_dir"),
            root_module=reading.get("root_module"),
            flatten=arguments.flatten,
            with_requirements=arguments.with_requirements and not arguments.exclude_requirements,
            indent=saving.get("indent", 2),
        )
        told = written if where is None else f"Converted {short_name(workflow)} -> {written}"
        sys.stdout.write(f"{told.rstrip()}\n")
    return OK


def _inputs(workflow: str, arguments: argparse.Namespace, reading: Mapping[str, Any]) -> list[dict[str, Any]]:
    parameters = read_parameters(arguments)
    if not parameters:
        return []
    graph = load_graph(workflow, **reading)
    return document_inputs(parameters, graph, partial(draft_plan, graph))


def _known_options(option: str, texts: list[str], known: tuple[str, ...]) -> dict[str, Any]:
    options = read_options(option, texts)
    for name in options:
        if name not in known:
            raise UsageError(f"{option} {name}=...: there is no such option{did_you_mean(name, known)}")
    return options


def _destination(workflow: str, destination: str, *, alone: bool) -> str:
    """Return the file for a workflow; an extension, or a name for several, comes after its own name."""
    path = Path(destination)
    stem, extension = path.stem, path.suffix
    if not extension:
        stem, extension = "", path.name if path.name.startswith(".") else f".{path.name}"
    if alone and stem:
        return destination
    return str(path.with_name(f"{Path(workflow).stem}{stem}{extension}"))
