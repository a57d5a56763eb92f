"""JSON Schema from pydantic models and from annotations; a type that it cannot describe is any."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict  # pydantic comes with it, and wants this one before Python 3.12

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
    from pydantic_core import core_schema

Schemas = tuple[dict[str, dict[str, Any]], dict[str, Any]]
"""A schema for each name, and the definitions that they refer to."""


class _TolerantSchema(GenerateJsonSchema):
    """Describes what it can: an array, say, is anything."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}

    def handle_invalid_for_json_schema(
        self, schema: core_schema.CoreSchema, error_info: str
    ) -> JsonSchemaValue:
        del schema, error_info
        return {}


def model_schema(model: type[BaseModel], *, prefix: str, is_output: bool = False) -> Schemas:
    """Describe each field of a model."""
    mode: JsonSchemaMode = "serialization" if is_output else "validation"
    try:
        schema = model.model_json_schema(
            by_alias=False, ref_template=_reference(prefix), schema_generator=_TolerantSchema, mode=mode
        )
    except Exception:  # noqa: BLE001 -- models may bring code of others that describes them
        return dict.fromkeys(model.model_fields, {}), {}
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
        mark = f"{prefix}{name}."
        try:
            schema = _described(_evaluated(annotation, owner), mark)
        except Exception:  # noqa: BLE001, S112 -- annotations can be anything, also code of others
            continue
        found = schema.pop("$defs", {})
        definitions |= {f"{mark}{each}": described for each, described in found.items()}
        schemas[name] = {key: value for key, value in schema["properties"]["value"].items() if key != "title"}
    return schemas, definitions


def _described(hint: Any, prefix: str) -> dict[str, Any]:
    holder = TypedDict("Holder", {"value": hint})  # type: ignore[misc] # the type is known only now
    holder.__pydantic_config__ = {"arbitrary_types_allowed": True}  # type: ignore[attr-defined]
    adapter: TypeAdapter[Any] = TypeAdapter(holder)
    return adapter.json_schema(ref_template=_reference(prefix), schema_generator=_TolerantSchema)


def _evaluated(annotation: Any, owner: Any) -> Any:
    """Look up an annotation that is a text (``from __future__ import annotations``)."""
    holder = types.SimpleNamespace(__annotations__={"value": annotation})
    scope = getattr(owner, "__globals__", {})
    return typing.get_type_hints(holder, globalns=scope, include_extras=True)["value"]


def _reference(prefix: str) -> str:
    return "#/$defs/" + prefix.replace("{", "{{").replace("}", "}}") + "{model}"
