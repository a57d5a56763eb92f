"""The form of a pipeline as a table: what it asks for, before anybody has chosen a dataset."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.catalogue.parameters import parameter

__all__ = ["FormField", "form_fields"]

_TYPES = {"number": "number", "integer": "whole number", "boolean": "yes or no", "string": "text"}
_LIMITS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


@dataclass(frozen=True)
class FormField:
    """One field; ``sources`` are the dataset parameters that fill it, the first that is there."""

    name: str
    label: str
    type: str
    unit: str
    default: str
    limits: str
    choices: Sequence[str]
    sources: Sequence[str]
    description: str
    is_required: bool


def form_fields(schema: Mapping[str, Any], *, prefix: str = "") -> Iterator[FormField]:
    """Yield the fields of an ``input_schema`` in its order, those of a nested object with dotted names."""
    required = schema.get("required", ())
    for name, spec in _mapping(schema.get("properties")).items():
        if spec.get("type") == "object":
            yield from form_fields(spec, prefix=f"{prefix}{name}.")
        else:
            yield _field(f"{prefix}{name}", spec, is_required=name in required)


def _field(name: str, spec: Mapping[str, Any], *, is_required: bool) -> FormField:
    values = spec.get("enum", ())
    shown = spec.get("enumNames", values)
    default = spec.get("default")
    names = dict(zip(map(repr, values), shown, strict=False))
    return FormField(
        name=name,
        label=str(spec.get("title", name)),
        type=_type(spec),
        unit=str(spec.get("unit", "")),
        default="" if default is None else str(names.get(repr(default), _plain(default))),
        limits=_range(spec),
        choices=[str(choice) for choice in shown],
        sources=[_source(each) for each in spec.get("populate", ()) if isinstance(each, Mapping)],
        description=str(spec.get("description", "")),
        is_required=is_required,
    )


def _type(spec: Mapping[str, Any]) -> str:
    if spec.get("format") == "datafile":
        endings = ", ".join(map(str, spec.get("accept", ())))
        return f"file of the dataset ({endings})" if endings else "file of the dataset"
    if "enum" in spec:
        return "choice"
    return _TYPES.get(str(spec.get("type")), str(spec.get("type", "any")))


def _range(spec: Mapping[str, Any]) -> str:
    if "minimum" in spec and "maximum" in spec:
        return f"{spec['minimum']} to {spec['maximum']}"
    return ", ".join(f"{sign} {spec[limit]}" for limit, sign in _LIMITS if limit in spec)


def _source(populate: Mapping[str, Any]) -> str:
    name = str(populate.get("value", ""))
    return parameter(name).label if populate.get("type") == "parameter" else name


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
