"""Checking values with the pydantic models of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from workflows.errors import InputError
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.tasks.interface import Interface


class BaseInputModel(BaseModel, arbitrary_types_allowed=True):
    """A model of inputs whose fields may have any type, such as arrays."""


class BaseOutputModel(BaseModel, arbitrary_types_allowed=True):
    """A model of outputs whose fields may have any type, such as arrays."""


def validated_inputs(interface: Interface, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as the input model reads them, defaults included; nothing without a model.

    Raises
    ------
    InputError
        The model refuses a value; the error names the input.
    """
    if interface.input_model is None:
        return {}
    try:
        return _fields(interface.input_model.model_validate(dict(values)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name, *inside = (str(part) for part in first["loc"] or [""])
        text = f"{'.'.join(inside)}: {first['msg']}" if inside else first["msg"]
        raise InputError(text, input_name=name or None) from error


def validated_outputs(interface: Interface, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs as the output model reads them; nothing without a model.

    Raises
    ------
    pydantic.ValidationError
        The task broke its own promise.
    """
    model = interface.output_model
    return {} if model is None else _fields(model.model_validate(dict(values)))


def _fields(validated: BaseModel) -> dict[str, Any]:
    """Return the values; reading an attribute warns of a deprecated field, which is right if it was given."""
    given, stored = validated.model_fields_set, validated.__dict__
    values = {
        name: getattr(validated, name) if name in given else stored[name]
        for name in type(validated).model_fields
    }
    return {name: value for name, value in values.items() if value is not MISSING_DATA}
