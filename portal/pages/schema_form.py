"""The form of a pipeline for one dataset, made from its own input schema.

A property becomes a field; a nested object becomes a group of fields with dotted names. What the
form lets through is checked again, by the schema itself, when the job is submitted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django import forms

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.catalogue.parameters import parameter
from portal.jobs.models import Pipeline
from portal.jobs.prefill import Source, choosable_files, prefilled_parameters, sources_of
from portal.jobs.schema import Leaf, by_name, leaves, nested
from portal.pages.schema_fields import field_for, schema_value
from processing.provenance.record import canonical_json

__all__ = ["KEY", "LIKE", "FieldGroup", "FormField", "ParameterForm", "SchemaForm"]

# Names that no parameter has.
KEY, LIKE = "form-key", "form-like"
_WRITTEN_OUT = 1e15
_GROUP_TITLES = {"basic": "What to compute", "geometry": "Geometry", "advanced": "More options"}


@dataclass(frozen=True)
class FormField:
    """A field as it is shown: with its unit, and what the dataset says of it."""

    bound: forms.BoundField
    unit: str = ""
    source: Source | None = None

    @property
    def source_label(self) -> str:
        """The dataset's parameter, as people call it."""
        return parameter(self.source.parameter).label if self.source else ""

    @property
    def reset_to(self) -> Any:
        """What the input holds when it has the dataset's value."""
        value = _plain(self.source.value) if self.source else ""
        if isinstance(value, bool):
            return str(value).lower()
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    @property
    def differs(self) -> bool:
        """Whether the form starts with another value than the dataset's."""
        return self.source is not None and str(_plain(self.bound.value())) not in (
            str(self.source.value),
            str(self.reset_to),
        )


@dataclass(frozen=True)
class FieldGroup:
    """Fields that are shown together; ``is_open`` is whether they show from the start."""

    name: str
    title: str
    fields: list[FormField]

    @property
    def is_open(self) -> bool:
        """Rarely changed groups are folded, unless something in them is wrong or missing."""
        return self.name != "advanced" or any(
            field.bound.errors or (field.bound.field.required and field.bound.value() in (None, ""))
            for field in self.fields
        )


class ParameterForm(forms.Form):
    """What the forms for one dataset and for many have in common: fields by dotted names, in groups."""

    def __init__(self, pipeline: Pipeline, data: Any = None) -> None:
        super().__init__(data)
        self.pipeline = pipeline
        self.leaves = leaves(pipeline.input_schema, pipeline.attributes.get("ui_schema"))
        self.fields[KEY] = forms.UUIDField(widget=forms.HiddenInput)

    def request_key(self, content: object) -> UUID:
        """Return what makes a repeated click the same request, and one with changed values another."""
        return uuid5(self.cleaned_data[KEY], canonical_json(content))

    def show_faults(self, error: InvalidInput) -> None:
        """Put each sentence of a refusal beside its field, or above the form."""
        for name, sentence in error.fields.items():
            known = next((leaf for leaf in self.leaves if leaf.name == name), None)
            self.add_error(name if known else None, sentence if known else f"{name}: {sentence}".lstrip(": "))
        if not error.fields:
            self.add_error(None, error.message)

    def hidden_faults(self) -> list[tuple[str, str]]:
        """Return label and sentence of what is wrong with fields that are not shown."""
        return [
            (str(bound.label), str(error))
            for bound in self.hidden_fields()
            if bound.name in {leaf.name for leaf in self.leaves}
            for error in bound.errors
        ]

    def groups(self) -> list[FieldGroup]:
        """Return the visible fields, grouped as the pipeline's ``ui_schema`` says."""
        groups: dict[str, list[FormField]] = {}
        for leaf in self.leaves:
            if not self[leaf.name].is_hidden:
                groups.setdefault(self._group_of(leaf), []).append(self.shown(leaf))
        return [
            FieldGroup(name, _GROUP_TITLES.get(name) or self._title_of(name), fields)
            for name, fields in groups.items()
        ]

    def shown(self, leaf: Leaf) -> FormField:
        """Return a field as it is shown."""
        return FormField(self[leaf.name], str(leaf.spec.get("unit") or ""))

    def _group_of(self, leaf: Leaf) -> str:
        ui = self.pipeline.attributes.get("ui_schema") or {}
        asked = (ui.get(leaf.path[0]) or {}).get("ui:group")
        return str(asked or (leaf.path[0] if len(leaf.path) > 1 else "basic"))

    def _title_of(self, group: str) -> str:
        spec = self.pipeline.input_schema["properties"].get(group) or {}
        return str(spec.get("title") or group.replace("_", " ").capitalize())


class SchemaForm(ParameterForm):
    """The parameters of one pipeline for one dataset. ``initial`` has values by dotted names."""

    def __init__(
        self,
        pipeline: Pipeline,
        dataset: Dataset,
        data: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(pipeline, data)
        prefilled = by_name(self.leaves, prefilled_parameters(pipeline, dataset))
        self.initial = {name: _plain(value) for name, value in {**prefilled, **(initial or {})}.items()}
        self._sources = sources_of(self.leaves, dataset)
        self.fields[LIKE] = forms.UUIDField(widget=forms.HiddenInput, required=False)
        for leaf in self.leaves:
            files = choosable_files([dataset], leaf.spec) if leaf.is_file else None
            is_missing = leaf.is_required and leaf.name not in self.initial
            self.fields[leaf.name] = field_for(leaf, files=files, may_hide=not is_missing)

    def shown(self, leaf: Leaf) -> FormField:
        """Return a field as it is shown, with where its value comes from."""
        return FormField(self[leaf.name], str(leaf.spec.get("unit") or ""), self._sources.get(leaf.name))

    def parameters(self) -> dict[str, Any]:
        """Return the cleaned values as the schema nests them; what was left empty is left out."""
        return nested(dict(given_values(self.leaves, self.cleaned_data)))

    def initial_parameters(self) -> dict[str, Any]:
        """Return the values that the form starts with, as the schema nests them."""
        return nested(dict(given_values(self.leaves, self.initial)))


def _plain(value: Any) -> Any:
    """Write 60.0 as 60."""
    return (
        int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _WRITTEN_OUT else value
    )


def given_values(asked: Iterable[Leaf], values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and typed value of what is not empty."""
    for leaf in asked:
        value = values.get(leaf.name)
        if value is not None and value not in ("", []):
            yield leaf.path, schema_value(leaf, value)
