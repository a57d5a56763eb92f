"""Naming workflows on the command line: files, names, patterns."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.cli.misuse import UsageError
from workflows.graphs.sources import REPRESENTATIONS

if TYPE_CHECKING:
    import argparse


def add_workflows(
    parser: argparse.ArgumentParser,
    *,
    formats: tuple[str, ...] = ("--workflow-format", "--src-format"),
) -> None:
    """Add the arguments that say which workflows are meant; ``formats`` are the options for their format."""
    parser.add_argument(
        "workflows",
        nargs="*",
        metavar="WORKFLOW",
        help="a file (JSON, YAML, or a result that has its workflow inside), the dotted name of a workflow "
        "in an installed package, or a text in JSON",
    )
    group = parser.add_argument_group("which workflows")
    group.add_argument(
        "--search",
        action="store_true",
        help="WORKFLOW is a pattern of file names; the oldest file comes first",
    )
    group.add_argument("--workflow-dir", metavar="FOLDER", help="where relative file names start")
    group.add_argument("--workflow-module", metavar="PACKAGE", help="package where relative names start")
    group.add_argument(
        *formats,
        dest="representation",
        type=str.lower,
        choices=REPRESENTATIONS,
        metavar="FORMAT",
        help=f"what WORKFLOW is, by default what it looks like: {', '.join(REPRESENTATIONS)}",
    )
    group.add_argument(
        "--test", action="store_true", help="WORKFLOW is the name of a test graph of ewokscore"
    )


def named_workflows(arguments: argparse.Namespace) -> list[str]:
    """Return the workflows as they are named, with ``--search`` those that are found.

    Raises
    ------
    UsageError
        There are none, or a pattern fits no file.
    """
    names: list[str] = arguments.workflows
    if not names:
        raise UsageError("name a WORKFLOW")
    if not arguments.search or arguments.test:
        return names
    found: dict[str, None] = {}
    for pattern in names:
        paths = glob(str(Path(arguments.workflow_dir or "", pattern)), recursive=True)  # noqa: PTH207 -- absolute ones too
        if not paths:
            raise UsageError(f"--search: no file is named like {pattern!r}")
        found |= dict.fromkeys(
            str(Path(path).absolute()) if arguments.workflow_dir else path for path in paths
        )
    return sorted(found, key=lambda path: Path(path).stat().st_mtime)


def load_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says of reading a workflow, as ``load_graph`` takes it."""
    options = {
        "representation": "test_core" if arguments.test else arguments.representation,
        "root_dir": arguments.workflow_dir,
        "root_module": arguments.workflow_module,
    }
    return {name: value for name, value in options.items() if value}
