"""The form of a pipeline, made from its own input schema.

A property becomes a field; a nested object becomes a group of fields with dotted names. What the
form lets through is checked again, by the schema itself, when the job is submitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.jobs.models import Pipeline
from portal.jobs.parameters import choosable_files, prefilled_parameters

__all__ = ["FieldGroup", "SchemaForm", "flat_parameters"]

_GROUP_TITLES = {"basic": "What to compute", "geometry": "Geometry", "advanced": "More options"}


@dataclass(frozen=True)
class FieldGroup:
    """Fields that are shown together; ``is_open`` is whether they show from the start."""

    name: str
    title: str
    fields: list[forms.BoundField]

    @property
    def is_open(self) -> bool:
        """Rarely changed groups are folded, unless something in them is wrong."""
        return self.name != "advanced" or any(field.errors for field in self.fields)


class SchemaForm(forms.Form):
    """The parameters of one pipeline for one dataset."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        pipeline: Pipeline,
        dataset: Dataset,
        data: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self._pipeline = pipeline
        prefilled = flat_parameters(prefilled_parameters(pipeline, dataset))
        super().__init__(data, initial={**prefilled, **(initial or {})})
        for name, spec, required in _leaves(pipeline.input_schema):
            self.fields[name] = _field(spec, dataset, required=required)

    def parameters(self) -> dict[str, Any]:
        """Return the cleaned values as the schema nests them; what was left empty is left out."""
        nested: dict[str, Any] = {}
        for name, spec, _ in _leaves(self._pipeline.input_schema):
            value = self.cleaned_data.get(name)
            if value in (None, ""):
                continue
            *groups, last = name.split(".")
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
            place[last] = value.pk if spec.get("format") == "datafile" else _typed(spec, value)
        return nested

    def show_faults(self, error: InvalidInput) -> None:
        """Put each sentence of a refusal beside its field, or above the form."""
        for name, sentence in error.fields.items():
            self.add_error(name if name in self.fields else None, sentence)
        if not error.fields:
            self.add_error(None, error.message)

    def groups(self) -> list[FieldGroup]:
        """Return the visible fields, grouped and ordered as the pipeline's ``ui_schema`` says."""
        ui = self._pipeline.attributes.get("ui_schema", {})
        names: dict[str, list[str]] = {}
        for name in _ordered([name for name in self.fields if name != "request_key"], ui.get("ui:order", [])):
            top, _, nested = name.partition(".")
            group = ui.get(top, {}).get("ui:group") or ("geometry" if nested else "basic")
            names.setdefault(group, []).append(name)
        return [
            FieldGroup(group, _GROUP_TITLES.get(group, group.capitalize()), [self[name] for name in members])
            for group, members in names.items()
        ]


def _ordered(names: list[str], order: list[str]) -> list[str]:
    places = {name: place for place, name in enumerate(order)}
    last = places.get("*", len(places))
    return sorted(names, key=lambda name: places.get(name.partition(".")[0], last))


def _leaves(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield dotted name, schema and whether it is needed, of each property that holds one value."""
    required = schema.get("required", ())
    for name, spec in schema["properties"].items():
        if spec.get("type") == "object":
            yield from _leaves(spec, f"{prefix}{name}.")
        else:
            yield prefix + name, spec, name in required


def flat_parameters(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters by dotted names, as the form's fields are called."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flat_parameters(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _field(spec: Mapping[str, Any], dataset: Dataset, *, required: bool) -> forms.Field:
    common = {
        "label": spec.get("title", ""),
        "help_text": spec.get("description", ""),
        "required": required,
    }
    if spec.get("format") == "datafile":
        files = choosable_files(dataset, spec)
        field: forms.Field = forms.ModelChoiceField(files, empty_label=None if required else "none", **common)
    elif "enum" in spec:
        shown = spec.get("enumNames", spec["enum"])
        choices = [(str(value), str(label)) for value, label in zip(spec["enum"], shown, strict=True)]
        empty = [] if required or "default" in spec else [("", "none")]
        field = forms.ChoiceField(choices=empty + choices, **common)
    elif spec.get("type") == "boolean":
        field = forms.BooleanField(**{**common, "required": False})
    elif spec.get("type") in ("number", "integer"):
        kind = forms.FloatField if spec["type"] == "number" else forms.IntegerField
        field = kind(widget=forms.NumberInput(attrs=_limits(spec)), **common)
    else:
        field = forms.CharField(max_length=spec.get("maxLength", 500), **common)
    _style(field.widget, spec)
    return field


def _limits(spec: Mapping[str, Any]) -> dict[str, Any]:
    step = 1 if spec["type"] == "integer" else "any"
    limits = {"min": spec.get("minimum"), "max": spec.get("maximum")}
    return {"step": step, **{name: limit for name, limit in limits.items() if limit is not None}}


def _style(widget: forms.Widget, spec: Mapping[str, Any]) -> None:
    is_choice, is_check = isinstance(widget, forms.Select), isinstance(widget, forms.CheckboxInput)
    widget.attrs["class"] = "form-select" if is_choice else "form-check-input" if is_check else "form-control"
    if unit := spec.get("unit"):
        widget.attrs["data-unit"] = unit


def _typed(spec: Mapping[str, Any], value: Any) -> Any:
    """Return a choice as the type that the schema lists it with."""
    return next((known for known in spec.get("enum", ()) if str(known) == value), value)
