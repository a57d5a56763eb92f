"""Reading a pipeline's input schema: what values it asks for, and in which form.

Written for the descriptors that are about, not only for ours: types may be missing or several, choices
may be an ``enum`` or a ``oneOf`` of constants, and parts may be references inside the schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Leaf", "as_mapping", "by_name", "choices_of", "kind_of", "leaves", "nested"]

_DEEPEST = 8


@dataclass(frozen=True)
class Leaf:
    """One value that is asked for: its path in the parameters, its schema and its part of ``ui_schema``."""

    path: tuple[str, ...]
    spec: Mapping[str, Any]
    ui: Mapping[str, Any]
    is_required: bool

    @property
    def name(self) -> str:
        """The dotted path, as forms and refusals name the value."""
        return ".".join(self.path)

    @property
    def is_file(self) -> bool:
        """Whether the value is the id of a file of the dataset."""
        return self.spec.get("format") == "datafile"


def leaves(schema: Mapping[str, Any], ui: Mapping[str, Any] | None = None) -> list[Leaf]:
    """Return every single value that a schema asks for, in the order that ``ui:order`` wishes."""
    return list(_leaves(schema, as_mapping(ui), root=schema, path=(), required=True))


def kind_of(spec: Mapping[str, Any]) -> str:
    """Return the type of a value; "" where the schema leaves it open."""
    kind = spec.get("type", "")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "")
    return str(kind)


def choices_of(spec: Mapping[str, Any], ui: Mapping[str, Any] | None = None) -> list[tuple[Any, str]]:
    """Return the values to choose from, each with its label; none where any value will do."""
    if isinstance(spec.get("enum"), list):
        values = spec["enum"]
        labels = as_mapping(ui).get("ui:enumNames") or spec.get("enumNames") or ()
        named = labels if len(labels) == len(values) else values
        return [(value, str(label)) for value, label in zip(values, named, strict=True)]
    for word in ("oneOf", "anyOf"):
        options = [as_mapping(option) for option in spec.get(word, ())]
        if options and all("const" in option for option in options):
            return [(option["const"], str(option.get("title", option["const"]))) for option in options]
    return []


def by_name(asked: Iterable[Leaf], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values by the dotted names of the leaves; what is not there is left out."""
    found = {leaf.name: _at(values, leaf.path) for leaf in asked}
    return {name: value for name, value in found.items() if value is not None}


def nested(values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return values by path as the schema nests them."""
    found: dict[str, Any] = {}
    for (*groups, last), value in values.items():
        place = found
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return found


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _at(values: object, path: tuple[str, ...]) -> Any:
    for name in path:
        values = as_mapping(values).get(name)
    return values


def _leaves(
    schema: Mapping[str, Any],
    ui: Mapping[str, Any],
    *,
    root: Mapping[str, Any],
    path: tuple[str, ...],
    required: bool,
) -> Iterator[Leaf]:
    """Yield the leaves below; one is required only where everything around it is."""
    needed = schema.get("required", ())
    properties = as_mapping(schema.get("properties"))
    for name in _ordered(list(properties), ui.get("ui:order") or []):
        spec = _resolved(as_mapping(properties[name]), root)
        own_ui = as_mapping(ui.get(name))
        place = (*path, name)
        if as_mapping(spec.get("properties")) and len(place) < _DEEPEST:
            yield from _leaves(spec, own_ui, root=root, path=place, required=required and name in needed)
        else:
            yield Leaf(place, spec, own_ui, is_required=required and name in needed)


def _ordered(names: list[str], order: list[str]) -> list[str]:
    places = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: places.get(name, places.get("*", len(places))))


def _resolved(spec: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to another part of the same schema."""
    for _ in range(_DEEPEST):
        reference = spec.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        place: object = root
        for word in reference[2:].split("/"):
            place = as_mapping(place).get(word.replace("~1", "/").replace("~0", "~"))
        spec = {**as_mapping(place), **{name: value for name, value in spec.items() if name != "$ref"}}
    return spec
