"""Programs and scripts as tasks (task type ``script``)."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from workflows.errors import GraphError
from workflows.tasks.importing import existing_file
from workflows.tasks.interface import Interface
from workflows.tasks.processes import run_program
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflows.keys import InputKey

_OPTIONS = ("_capture_output", "_merge_err", "_raise_on_error")


class ScriptTask(Task, register=False):
    """A task that runs a program in a process group of its own.

    An input ``n`` becomes ``-n value`` and ``name`` becomes ``--name value``, or
    the flag alone when the value is an empty text; positions follow, in order.
    ``_capture_output`` asks for the outputs ``out`` and ``err``, which are None
    otherwise, ``_merge_err`` puts both into ``out``, and with
    ``_raise_on_error`` a return code other than 0 is a failure.
    """

    interface = Interface(
        optional=_OPTIONS,
        outputs=("return_code", "out", "err"),
        any_name=True,
        any_position=True,
        any_gap=True,
    )
    script: ClassVar[str]
    """A file, or else a command with its first arguments, split at blanks."""
    identifier_path: ClassVar[Path | None]
    """The file, when there was one as the graph was read."""

    def run(self) -> None:
        """Run the program to its end, or stop it with its children when the task is cancelled.

        Raises
        ------
        subprocess.CalledProcessError
            It returned something else than 0, and ``_raise_on_error`` is set.
        """
        path = self.identifier_path or existing_file(self.script)
        command = [*command_of(self.script, path), *arguments_of(self.get_input_values())]
        finished = run_program(
            command,
            capture=bool(self.inputs["_capture_output"]),
            merge_err=bool(self.inputs["_merge_err"]),
            check=self.check_cancelled,
        )
        if self.inputs["_raise_on_error"] and finished.return_code:
            raise subprocess.CalledProcessError(finished.return_code, command, finished.out, finished.err)
        self.outputs.return_code = finished.return_code
        self.outputs.out = finished.out
        self.outputs.err = finished.err


def script_task(script: str) -> type[ScriptTask]:
    """Make a task class of a script or a command.

    Raises
    ------
    GraphError
        The command is empty.
    """
    if not script.strip():
        raise GraphError("a script is a file or a command, not an empty text")
    return _script_task(script, existing_file(script))


@lru_cache(maxsize=4096)
def _script_task(script: str, path: Path | None) -> type[ScriptTask]:
    name = path.name if path else script.split(maxsplit=1)[0]
    return ScriptTask.derived(name, identifier=script, script=script, identifier_path=path)


def command_of(script: str, path: Path | None) -> list[str]:
    """Return the first words of the command line: what runs a script, if it does not run itself."""
    if path is None:
        return script.split()
    with path.open("rb") as file:
        has_shebang = file.read(2) == b"#!"
    if has_shebang:
        return [str(path)]
    return [sys.executable if path.suffix == ".py" else "bash", str(path)]


def arguments_of(inputs: Mapping[InputKey, Any]) -> list[str]:
    """Write inputs as a command line does: the named ones first.

    Examples
    --------
    >>> arguments_of({"n": 3, "all": "", 1: "to", 0: "from"})
    ['-n', '3', '--all', 'from', 'to']
    """
    words: list[str] = []
    positions = {key: str(value) for key, value in inputs.items() if isinstance(key, int)}
    for name, value in inputs.items():
        if isinstance(name, str) and name not in _OPTIONS:
            words.append(f"-{name}" if len(name) == 1 else f"--{name}")
            words += [text] if (text := str(value)) else []
    return words + [positions[position] for position in sorted(positions)]
