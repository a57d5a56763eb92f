"""What one run is asked to do: a workflow, its inputs, where to read and write, its limits.

A recipe is a JSON file, so that the same run can be started by the portal's worker, by hand
(``python -m processing.run recipe.json``), in another Python environment or on another machine.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Recipe", "read_recipe", "write_recipe"]


@dataclass(frozen=True)
class Recipe:
    """One attempt of one job.

    Parameters
    ----------
    job_id, attempt
        Which try of which job; written into the outputs.
    workflow
        The graph, as an ewoks document.
    inputs
        Values for its nodes: mappings with ``id``, ``name``, ``value``.
    output_files
        Mappings ``id``, ``name``, ``value``: node and input that receive the path of a file to write,
        and the file's name below ``staging``.
    staging
        Existing folder in which the run writes everything it writes.
    roots
        Folders and files that may be read; links inside HDF5 files that lead elsewhere are refused.
    input_files
        What is read, by the name to show: hashed into the record.
    tasks
        Identifiers of the tasks that may run. None: any (only for runs by hand).
    summary
        Technique whose summary describes the first output file; "" for none.
    engines, engines_limit_bytes
        Folder where integration engines are kept between runs, and how large it may grow.
    memory_limit_bytes
        Address space of the run; 0 for no limit.
    """

    job_id: str
    attempt: int
    workflow: Mapping[str, Any]
    inputs: list[dict[str, Any]]
    staging: str
    output_files: list[dict[str, str]] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    input_files: dict[str, str] = field(default_factory=dict)
    tasks: list[str] | None = None
    summary: str = ""
    engines: str = ""
    engines_limit_bytes: int = 2 * 2**30
    memory_limit_bytes: int = 0

    def all_inputs(self) -> list[dict[str, Any]]:
        """Return the node inputs, those that name output files included, with full paths."""
        files = [
            {"id": file["id"], "name": file["name"], "value": str(Path(self.staging) / file["value"])}
            for file in self.output_files
        ]
        return [*self.inputs, *files]


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as JSON."""
    path.write_text(json.dumps(asdict(recipe), indent=1))


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; unknown keys are an error, because they would be silently ignored."""
    return Recipe(**json.loads(path.read_text()))
