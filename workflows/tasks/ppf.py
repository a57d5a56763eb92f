"""Functions that pass one dict along the graph (task types ``ppfmethod`` and ``ppfport``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.tasks.functions import FunctionTask, function_interface, task_of_function
from workflows.tasks.interface import Interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

PPF_DICT = "_ppfdict"
"""The input whose items are inputs, and the output whose items are outputs."""

_ANY_ITEM = Interface(optional=(PPF_DICT,), outputs=(PPF_DICT,), any_name=True, nested_output=PPF_DICT)


class PpfTask(FunctionTask, register=False):
    """A task that calls a function with all its inputs as keywords.

    The output is the dict of these inputs, updated with the dict that the
    function returns: data piles up from node to node.
    """

    def run(self) -> None:
        """Call the function.

        Raises
        ------
        TypeError
            The function does not return a dict.
        """
        items = unpacked(self.get_named_input_values())
        returned = self.function(**items)
        if not isinstance(returned, Mapping):
            raise TypeError(f"it must return a dict, not {type(returned).__name__}")
        self.outputs[PPF_DICT] = {**items, **returned}


class PpfPort(Task, register=False):
    """Hands on what it is given: an end of a sub-graph."""

    interface = _ANY_ITEM

    def run(self) -> None:
        """Gather the inputs into the one dict."""
        self.outputs[PPF_DICT] = unpacked(self.get_named_input_values())


def ppf_task(function: Callable[..., Any], identifier: str | None = None) -> type[PpfTask]:
    """Make a task class of a function that takes keywords and returns a dict.

    None of its parameters is required, since any may come in the dict.
    """
    names = function_interface(function).input_names
    interface = Interface(
        optional=(PPF_DICT, *names), outputs=(PPF_DICT,), any_name=True, nested_output=PPF_DICT
    )
    return task_of_function(PpfTask, function, interface, identifier=identifier)


def unpacked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with the items of the dict among them; these win."""
    items = dict(inputs)
    items.update(items.pop(PPF_DICT, None) or {})
    return items
