"""JSON Schema from pydantic models and from annotations; a type that it cannot describe is any."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, create_model
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from workflows.catalog.json_values import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
    from pydantic_core import core_schema

Schemas = tuple[dict[str, dict[str, Any]], dict[str, Any]]
"""A schema for each name, and the definitions that they refer to."""

_ANY_TYPE = ConfigDict(arbitrary_types_allowed=True)


class _TolerantSchema(GenerateJsonSchema):
    """Describes what it can: an array, say, is anything."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}

    def handle_invalid_for_json_schema(
        self, schema: core_schema.CoreSchema, error_info: str
    ) -> JsonSchemaValue:
        del schema, error_info
        return {}

    def encode_default(self, dft: Any) -> Any:
        """Refuse what pydantic would write although JSON has no word for it, as NaN."""
        is_plain = isinstance(dft, float | list | tuple | dict)
        try:
            return as_json(dft if is_plain else super().encode_default(dft))
        except ValueError as error:
            raise PydanticSerializationError(str(error)) from error


def model_schema(model: type[BaseModel], *, prefix: str, is_output: bool = False) -> Schemas:
    """Describe each field of a model; ``prefix`` goes before the names of definitions."""
    mode: JsonSchemaMode = "serialization" if is_output else "validation"
    try:
        schema = as_json(
            model.model_json_schema(
                by_alias=False, ref_template=_reference(prefix), schema_generator=_TolerantSchema, mode=mode
            )
        )
    except Exception:  # noqa: BLE001 -- models may bring code of others that describes them
        return {name: {} for name in model.model_fields}, {}
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:  # a model that contains itself
        schema = definitions[schema["$ref"].removeprefix("#/$defs/").removeprefix(prefix)]
    return schema.get("properties", {}), {f"{prefix}{name}": each for name, each in definitions.items()}


def annotated_schemas(annotations: Mapping[str, Any], *, owner: Any, prefix: str) -> Schemas:
    """Describe what is annotated; what cannot be described is left out.

    ``owner`` is the function, in whose module annotations in quotes are looked up.
    """
    schemas: dict[str, dict[str, Any]] = {}
    definitions: dict[str, Any] = {}
    for name, annotation in annotations.items():
        try:
            holder = create_model("Holder", __config__=_ANY_TYPE, value=(_evaluated(annotation, owner), ...))
        except Exception:  # noqa: BLE001, S112 -- annotations can be anything, also code of others
            continue
        properties, found = model_schema(holder, prefix=f"{prefix}{name}.")
        definitions |= found
        schemas[name] = {key: value for key, value in properties["value"].items() if key != "title"}
    return schemas, definitions


def _evaluated(annotation: Any, owner: Any) -> Any:
    """Look up an annotation that is a text (``from __future__ import annotations``)."""
    holder = types.SimpleNamespace(__annotations__={"value": annotation})
    scope = getattr(owner, "__globals__", {})
    return typing.get_type_hints(holder, globalns=scope, include_extras=True)["value"]


def _reference(prefix: str) -> str:
    return "#/$defs/" + prefix.replace("{", "{{").replace("}", "}}") + "{model}"
