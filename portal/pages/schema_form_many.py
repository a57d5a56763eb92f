"""The form of a pipeline for several datasets: what they share is given once.

A value that datasets bring themselves stays each one's own while its field is empty, and is the
same for all once it is filled. A file is named, and looked for in each dataset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms

from portal.catalogue.models import Datafile, Dataset
from portal.jobs.batches import Candidate
from portal.jobs.models import Pipeline
from portal.jobs.parameters import Asked
from portal.jobs.prefill import Source, choosable_files, prefilled_for, sources_of
from portal.jobs.schema import Leaf, by_name, choices_of, nested
from portal.pages.schema_fields import YES_NO, field_for, label_of, schema_value, style
from portal.pages.schema_form import FormField, ParameterForm

__all__ = ["AGAIN", "ManyField", "SchemaFormForMany", "file_names"]

AGAIN = "form-again"
_EACH = "from each dataset"


@dataclass(frozen=True)
class ManyField(FormField):
    """A field with what the datasets say: in words, and of how many it is missing."""

    told: str = ""
    n_missing: int = 0


class SchemaFormForMany(ParameterForm):
    """The parameters of one pipeline for several datasets."""

    def __init__(
        self,
        pipeline: Pipeline,
        datasets: Sequence[Dataset],
        data: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(pipeline, data)
        self.datasets = datasets
        self.prefilled = {
            pk: by_name(self.leaves, values) for pk, values in prefilled_for(pipeline, datasets).items()
        }
        self._sources = {dataset.pk: sources_of(self.leaves, dataset) for dataset in datasets}
        self.own = {name for found in self._sources.values() for name in found}
        defaults = {leaf.name: leaf.spec.get("default") for leaf in self.leaves if leaf.name not in self.own}
        self.initial = {**defaults, **(initial or {})}
        self.fields[AGAIN] = forms.BooleanField(required=False)
        for leaf in self.leaves:
            self.fields[leaf.name] = self._field(leaf)
        self.missing_files: dict[int, dict[str, str]] = {}

    def asked(self) -> list[Asked]:
        """Return each dataset with its parameters: as given, or as the form starts."""
        given = self.cleaned_data if self.is_bound else self.initial
        files = {leaf.name: self._files(leaf, given.get(leaf.name)) for leaf in self.leaves if leaf.is_file}
        return [(dataset, self._parameters(dataset, given, files)) for dataset in self.datasets]

    def with_missing_files(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates, those without a file that was named marked as such."""
        missing = self.missing_files
        return [
            replace(one, faults={**(one.faults or {}), **missing[one.dataset.pk]})
            if one.dataset.pk in missing and not one.fault
            else one
            for one in candidates
        ]

    def show_common_faults(self, candidates: Sequence[Candidate]) -> None:
        """Put beside its field what is wrong for every dataset because it was given here."""
        for leaf in self.leaves:
            told = {(one.faults or {}).get(leaf.name) for one in candidates if not one.fault}
            sentence = next(iter(told)) if len(told) == 1 else None
            if sentence and (leaf.name not in self.own or self.cleaned_data.get(leaf.name) not in (None, "")):
                self.add_error(leaf.name, sentence)

    def varying(self) -> list[Leaf]:
        """Return what differs between the datasets, as far as it is taken from each of them."""
        given = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        return [
            leaf
            for leaf in self.leaves
            if leaf.name in self.own
            and given.get(leaf.name) in (None, "", [])
            and len({str(values.get(leaf.name)) for values in self.prefilled.values()}) > 1
        ]

    def shown(self, leaf: Leaf) -> FormField:
        """Return a field as it is shown, with what the datasets say."""
        unit = str(leaf.spec.get("unit") or "")
        if leaf.name not in self.own:
            return ManyField(self[leaf.name], unit)
        sources = [found.get(leaf.name) for found in self._sources.values()]
        return ManyField(self[leaf.name], unit, told=_told(sources, unit), n_missing=sources.count(None))

    def _field(self, leaf: Leaf) -> forms.Field:
        if leaf.is_file:
            return _file_name_field(leaf)
        is_own = leaf.name in self.own
        field = field_for(leaf, may_hide=is_own or not leaf.is_required or "default" in leaf.spec)
        if not is_own:
            return field
        if isinstance(field, forms.BooleanField):
            field = forms.ChoiceField(choices=YES_NO, label=field.label, help_text=field.help_text)
            style(field)
        field.required = False
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.MultipleChoiceField):
            shown = [(str(value), label) for value, label in choices_of(leaf.spec, leaf.ui)]
            field.choices = [("", _EACH), *(shown or YES_NO)]
        else:
            field.widget.attrs["placeholder"] = _EACH
        return field

    def _files(self, leaf: Leaf, name: Any) -> Mapping[int, int]:
        """Return the file of this name of each dataset; those without one are noted."""
        if not name:
            return {}
        named = choosable_files(self.datasets, leaf.spec).filter(name=name)
        found = dict(named.order_by().values_list("dataset_id", "pk"))
        for dataset in self.datasets:
            if dataset.pk not in found:
                sentence = f"It has no file {name} that can be used as this."
                self.missing_files.setdefault(dataset.pk, {})[leaf.name] = sentence
        return found

    def _parameters(
        self, dataset: Dataset, given: Mapping[str, Any], files: Mapping[str, Mapping[int, int]]
    ) -> dict[str, Any]:
        values: dict[tuple[str, ...], Any] = {}
        for leaf in self.leaves:
            value = given.get(leaf.name)
            if leaf.is_file:
                value = files[leaf.name].get(dataset.pk) or (
                    None if value else self.prefilled[dataset.pk].get(leaf.name)
                )
            elif value in (None, "", []):
                own = self.prefilled[dataset.pk].get(leaf.name)
                value = own if leaf.name in self.own else None
            else:
                value = schema_value(leaf, value)
            if value is not None:
                values[leaf.path] = value
        return nested(values)


def file_names(asked: Sequence[Asked], leaves: Sequence[Leaf]) -> dict[int, str]:
    """Return the names of the files that these parameters name, by their keys."""
    names = [leaf.name for leaf in leaves if leaf.is_file]
    ids = [given[name] for _, given in asked for name in names if name in given]
    return dict(Datafile.objects.filter(pk__in=ids).values_list("pk", "name"))


def _file_name_field(leaf: Leaf) -> forms.Field:
    how = "Empty: the first fitting file of each dataset." if leaf.is_required else "Empty: none."
    told = f"{leaf.spec.get('description') or ''} Name of a file that each dataset has. {how}".strip()
    field = forms.CharField(
        label=label_of(leaf), help_text=told, required=False, max_length=500, widget=forms.TextInput
    )
    field.widget.attrs["placeholder"] = "the first fitting one" if leaf.is_required else "none"
    style(field)
    return field


def _told(sources: Sequence[Source | None], unit: str) -> str:
    """Say what the datasets have: one value, a range, or how many."""
    values = [source.value for source in sources if source]
    if len({str(value) for value in values}) == 1:
        return f"{_short(values[0])} {unit}".strip()
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return f"{_short(min(values))} to {_short(max(values))} {unit}".strip()
    return f"{len({str(value) for value in values})} different values"


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
