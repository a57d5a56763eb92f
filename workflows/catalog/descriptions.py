"""What a catalogue says of a task."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from workflows.catalog.interfaces import documentation_of, interface_of, model_name
from workflows.catalog.schemas import task_schema


@dataclass(frozen=True, kw_only=True)
class PortDescription:
    """What is known of one input or output; empty where nothing is."""

    name: str
    type: str
    """In the words of the documentation, else as JSON Schema names it."""
    unit: str
    default: str
    """As JSON or as it is documented."""
    description: str


@dataclass(frozen=True, kw_only=True)
class TaskDescription:
    """What a user must know of a task to put it in a graph."""

    task_type: str
    task_identifier: str
    required_input_names: tuple[str, ...]
    optional_input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    n_required_positional_inputs: int = 0
    category: str
    """The package that the task comes from."""
    description: str
    """The whole docstring."""
    input_model: str | None = None
    """Dotted name of the pydantic model."""
    output_model: str | None = None
    package: str = ""
    """The distribution that announces the task."""
    version: str = ""
    """That of the distribution."""
    input_schema: dict[str, Any] = field(default_factory=dict, hash=False)
    output_schema: dict[str, Any] = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the description as JSON knows it."""
        return asdict(self)

    @property
    def inputs(self) -> tuple[PortDescription, ...]:
        """Each input, in the order of the declaration."""
        return _ports(self.input_schema)

    @property
    def outputs(self) -> tuple[PortDescription, ...]:
        """Each output, in the order of the declaration."""
        return _ports(self.output_schema)


def describe_task(
    task: Any, *, task_type: str, task_identifier: str, package: str = "", version: str = ""
) -> TaskDescription:
    """Describe a task class, of ours or of ewokscore, or a function."""
    interface = interface_of(task)
    schema = task_schema(task)
    return TaskDescription(
        task_type=task_type,
        task_identifier=task_identifier,
        required_input_names=interface.required,
        optional_input_names=interface.optional,
        output_names=interface.outputs,
        n_required_positional_inputs=interface.n_positional,
        category=task_identifier.partition(".")[0],
        description=inspect.cleandoc(documentation_of(task)[-1]),
        input_model=model_name(interface.input_model),
        output_model=model_name(interface.output_model),
        package=package,
        version=version,
        input_schema=schema["inputs"],
        output_schema=schema["outputs"],
    )


def _ports(schema: dict[str, Any]) -> tuple[PortDescription, ...]:
    return tuple(_port(name, described) for name, described in schema.get("properties", {}).items())


def _port(name: str, described: dict[str, Any]) -> PortDescription:
    written = described.get("documented_default", "")
    return PortDescription(
        name=name,
        type=described.get("documented_type") or _type_name(described),
        unit=str(described.get("unit", "")),
        default=json.dumps(described["default"]) if "default" in described else written,
        description=described.get("description", ""),
    )


def _type_name(described: dict[str, Any]) -> str:
    if "anyOf" in described:
        return " or ".join(filter(None, map(_type_name, described["anyOf"])))
    if "enum" in described:
        return " or ".join(json.dumps(value) for value in described["enum"])
    reference: str = described.get("$ref", "")
    return str(described.get("type", "")) or reference.rpartition(".")[2]
