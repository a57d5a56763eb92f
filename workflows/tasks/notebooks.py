"""Jupyter notebooks as tasks (task type ``notebook``), by papermill."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from workflows.errors import UnsupportedError
from workflows.tasks.importing import existing_file
from workflows.tasks.interface import Interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from pathlib import Path

_OPTIONS = ("_output_notebook", "_kernel_name", "_execution_timeout")
_TAG = "results"


class NotebookTask(Task, register=False):
    """A task that runs a notebook with its inputs as parameters.

    ``_output_notebook`` is the file for the executed notebook,
    ``_execution_timeout`` the longest time of one cell in seconds. The output
    ``results`` is gathered from the cells that are tagged so. A cell that runs
    cannot be stopped from outside, other than by its time limit.
    """

    interface = Interface(optional=_OPTIONS, outputs=("output_notebook", "results"), any_name=True)
    notebook: ClassVar[str]
    identifier_path: ClassVar[Path | None]
    """The file, when there was one as the graph was read."""

    def run(self) -> None:
        """Execute all cells."""
        import papermill  # noqa: PLC0415 -- heavy, and only a few need it

        inputs = self.get_named_input_values()
        output, kernel, timeout = (inputs.pop(name, None) for name in _OPTIONS)
        executed = papermill.execute_notebook(
            str(self.identifier_path or self.notebook),
            output,
            parameters=inputs,
            kernel_name=kernel,
            execution_timeout=timeout,
            progress_bar=False,
        )
        self.outputs.output_notebook = output
        self.outputs.results = tagged_results(executed.cells)


def notebook_task(notebook: str) -> type[NotebookTask]:
    """Make a task class of a notebook file.

    Raises
    ------
    UnsupportedError
        The package papermill is not installed.
    """
    if importlib.util.find_spec("papermill") is None:
        raise UnsupportedError("notebook tasks need the package 'papermill', which is not installed here")
    return _notebook_task(notebook, existing_file(notebook))


@lru_cache(maxsize=4096)
def _notebook_task(notebook: str, path: Path | None) -> type[NotebookTask]:
    name = path.name if path else notebook
    return NotebookTask.derived(name, identifier=notebook, notebook=notebook, identifier_path=path)


def tagged_results(cells: list[Any]) -> dict[str, Any]:
    """Gather what the tagged cells show.

    A dict gives its items; any other value is named by the last line of its cell.
    """
    results: dict[str, Any] = {}
    for cell in cells:
        if _TAG in cell["metadata"].get("tags", ()):
            shown = [out["data"] for out in cell["outputs"] if out["output_type"] == "execute_result"]
            for data in shown:
                value = _value(data)
                name = cell["source"].strip().rpartition("\n")[2]
                results.update(value if isinstance(value, dict) else {name: value})
    return results


def _value(data: dict[str, Any]) -> Any:
    if data.get("application/json"):
        return data["application/json"]
    text = data.get("text/plain")
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text
