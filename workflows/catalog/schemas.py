"""JSON Schema (draft 2020-12) of the inputs and outputs of tasks and workflows.

From the most exact source there is: the pydantic model of the task, else the
annotations of the function, else the docstring, which also adds descriptions,
defaults and units. Two keywords are ours: ``unit``, and ``documented_type``
for a type in words (``array (rows, columns)``) that JSON has no name for.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from workflows.catalog.docstrings import Entry, read_docstring
from workflows.catalog.doctypes import default_value, or_null, type_schema, unit_in_prose
from workflows.catalog.interfaces import documentation_of, function_of, interface_of
from workflows.catalog.json_values import as_json
from workflows.catalog.typed_schemas import annotated_schemas, model_schema
from workflows.keys import json_node_id, node_name
from workflows.tasks.functions import RETURN_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from workflows.keys import NodeId
    from workflows.tasks.interface import Interface

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def task_schema(task: Any, *, definitions: str = "") -> dict[str, Schema]:
    """Describe the ``inputs`` and the ``outputs`` of a task class or a function, one schema each.

    The schema of the inputs is of an object whose keys are their names; the
    key of an input that has only a position is that number. ``positional``
    lists the keys by position. ``definitions`` goes before the names of shared
    definitions, to keep those of several tasks apart.
    """
    interface = interface_of(task)
    inputs, outputs = _documented(task)
    return {
        "inputs": _inputs_schema(task, interface, inputs, definitions),
        "outputs": _outputs_schema(task, interface, outputs, definitions),
    }


def workflow_schema(plan: Any) -> Schema:
    """Describe the free inputs of a ``Plan``: those that no link sets.

    The keys are addresses, ``node:input`` (nodes of sub-graphs with more
    colons); ``address`` in each has the ``id`` of the node and the ``name`` of
    the input, as an execution input wants them. A value that the graph gives
    is the default; an input without one is required if its task requires it.
    """
    properties: Schema = {}
    required: list[str] = []
    definitions: Schema = {}
    schemas = {
        task: task_schema(task, definitions=f"task{i}.")["inputs"]
        for i, task in enumerate(dict.fromkeys(plan.tasks.values()))
    }
    for node_id, task in plan.tasks.items():
        schema = schemas[task]
        definitions |= schema.get("$defs", {})
        for name in plan.free_inputs(node_id):
            described = dict(schema["properties"].get(name, {}))
            key = _address(node_id, name, taken=properties)
            if name in plan.inputs[node_id]:
                _set_default(described, plan.inputs[node_id][name])
            elif name in schema["required"]:
                required.append(key)
            properties[key] = described | {"address": {"id": json_node_id(node_id), "name": name}}
    title = str(getattr(plan.graph, "label", None) or getattr(plan.graph, "id", ""))
    return _object_schema(properties, required, definitions) | {"title": title}


def _inputs_schema(task: Any, interface: Interface, entries: Mapping[str, Entry], prefix: str) -> Schema:
    function = function_of(task)
    typed, defaults, definitions = _typed_inputs(function, interface, prefix)
    positions = [str(i) for i in range(interface.n_positional)]
    keys = dict.fromkeys((*positions, *interface.input_names, *typed))
    properties = {}
    for key in keys:
        is_optional = key not in interface.required and key not in positions
        properties[key] = _property(key, typed.get(key), entries.get(key), is_optional=is_optional)
        if key in defaults:
            _set_default(properties[key], defaults[key])
    schema = _object_schema(properties, [*positions, *interface.required], definitions)
    schema["additionalProperties"] = interface.any_name
    if interface.any_position:
        schema["patternProperties"] = {"^[0-9]+$": {}}
    named = interface.positional_names
    if named:
        schema["positional"] = [n if n in interface.input_names else str(i) for i, n in enumerate(named)]
    return schema


def _typed_inputs(
    function: Callable[..., Any] | None, interface: Interface, prefix: str
) -> tuple[dict[str, Schema], dict[str, Any], Schema]:
    """Return what types say of each input, the defaults of a signature, and shared definitions."""
    if interface.input_model is not None:
        properties, definitions = model_schema(interface.input_model, prefix=f"{prefix}inputs.")
        return properties, {}, definitions
    try:
        parameters = inspect.signature(function).parameters if function else {}
    except (TypeError, ValueError):
        parameters = {}
    names = dict(enumerate(interface.positional_names))
    keys = {n: str(i) for i, n in names.items() if n not in interface.input_names}
    known = [(keys.get(n, n), p) for n, p in parameters.items() if n in keys or n in interface.input_names]
    hints = {key: p.annotation for key, p in known if p.annotation is not p.empty}
    typed, definitions = annotated_schemas(hints, owner=function, prefix=f"{prefix}inputs.")
    defaults = {key: p.default for key, p in known if p.default is not p.empty}
    typed = {key: or_null(s) if defaults.get(key, 0) is None else s for key, s in typed.items()}
    return {key: {} for key in keys.values()} | typed, defaults, definitions


def _outputs_schema(task: Any, interface: Interface, entries: Mapping[str, Entry], prefix: str) -> Schema:
    function = function_of(task)
    typed: dict[str, Schema] = {}
    definitions: Schema = {}
    if interface.output_model is not None:
        typed, definitions = model_schema(interface.output_model, prefix=f"{prefix}outputs.", is_output=True)
    elif function is not None:
        hint = getattr(function, "__annotations__", {}).get("return", inspect.Parameter.empty)
        hints = {} if hint is inspect.Parameter.empty else {RETURN_VALUE: hint}
        typed, definitions = annotated_schemas(hints, owner=function, prefix=f"{prefix}outputs.")
    properties = {n: _property(n, typed.get(n), entries.get(n)) for n in interface.outputs}
    return _object_schema(properties, [], definitions)


def _property(key: str, typed: Schema | None, entry: Entry | None, *, is_optional: bool = False) -> Schema:
    entry = entry or Entry()
    documented = type_schema(entry.type)
    if typed:
        schema = dict(typed)
    else:
        schema = dict(or_null(documented) if is_optional else documented)
        if entry.default is not None:
            _set_written_default(schema, entry.default, documented)
    schema.setdefault("title", key.replace("_", " ").strip().title())
    unit = entry.unit or unit_in_prose(entry.description, documented)
    known = {"description": entry.description, "unit": unit, "documented_type": entry.type}
    for keyword, text in known.items():
        if text:
            schema.setdefault(keyword, text)
    return schema


def _set_written_default(schema: Schema, written: str, documented: Schema) -> None:
    try:
        schema["default"] = default_value(written, documented)
    except ValueError:
        schema["documented_default"] = written


def _set_default(schema: Schema, value: Any) -> None:
    try:
        schema["default"] = as_json(value)
    except ValueError:  # an array, say: there is a default, but JSON cannot tell it
        schema.pop("default", None)


def _object_schema(properties: Schema, required: Iterable[str], definitions: Schema) -> Schema:
    schema: Schema = {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return schema | ({"$defs": definitions} if definitions else {})


def _documented(task: Any) -> tuple[dict[str, Entry], dict[str, Entry]]:
    inputs: dict[str, Entry] = {}
    outputs: dict[str, Entry] = {}
    for text in documentation_of(task):
        read = read_docstring(text)
        inputs |= {name: entry for entry in read.inputs for name in entry.names}
        outputs |= {name: entry for entry in read.outputs for name in entry.names}
        if len(read.outputs) == 1:
            outputs.setdefault(RETURN_VALUE, read.outputs[0])
    return inputs, outputs


def _address(node_id: NodeId, name: str, *, taken: Container[str]) -> str:
    """Write ``node:input``; as JSON does where two nodes would be written alike."""
    plain = f"{node_name(node_id)}:{name}"
    return plain if plain not in taken else f"{json.dumps(json_node_id(node_id))}:{name}"
