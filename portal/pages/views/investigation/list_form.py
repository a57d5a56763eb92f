"""What a list is narrowed to and sorted by: a form whose values are the address."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from portal.catalogue.models import Investigation, LogbookEvent
from portal.jobs.models import Job
from portal.jobs.processing_state import ProcessingState

__all__ = ["Chip", "DatasetListForm", "JobListForm", "LogbookForm", "ResultListForm"]

Choices = Iterable[tuple[str, str]]

# More samples than these have no investigation that is known; the rest is found by name.
_MOST_SAMPLES = 1000
_EARLIEST, _LATEST = date(1970, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class Chip:
    """A filter that is on, in words, and the address of the list without it."""

    label: str
    address: str


class ListForm(forms.Form):
    """A form in an address. A value that is not among the possible ones is as good as none."""

    use_required_attribute = False

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, label_suffix="")
        self._query = query
        for field in self.fields.values():
            field.required = False
            is_select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_select else "form-control"

    def wanted(self, name: str) -> Any:
        """Return a value that can be used, or ""."""
        self.is_valid()
        return self.cleaned_data.get(name) or ""

    @property
    def chips(self) -> list[Chip]:
        """Return the filters that are on; sorting is none."""
        names = [name for name in self.fields if name != "sort" and self.wanted(name)]
        return [
            Chip(f"{self.fields[name].label}: {self._in_words(name)}", self._without(name)) for name in names
        ]

    def _in_words(self, name: str) -> str:
        value = self.wanted(name)
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(str(value), value))

    def _without(self, name: str) -> str:
        left = self._query.copy()
        for gone in (name, "after"):
            left.pop(gone, None)
        return f"?{left.urlencode()}"


def _choice(label: str, choices: Choices, *, everything: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", everything), *choices])


def _part_of(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=200, widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"})
    )


def _samples_of(investigation: Investigation) -> Choices:
    rows = investigation.samples.order_by("name").values_list("pk", "name")[:_MOST_SAMPLES]
    return [(str(pk), name) for pk, name in rows]


def _pipelines_of(investigation: Investigation) -> Choices:
    names = ("pipeline__identifier", "pipeline__label")
    rows = Job.objects.filter(investigation=investigation).values_list(*names)
    return list(rows.order_by("pipeline__label").distinct())


class DatasetListForm(ListForm):
    """The measured datasets of an investigation."""

    SORTS = {
        "sample": ("sample_key", "-id"),
        "newest": ("-sorted_at", "-id"),
        "oldest": ("sorted_at", "id"),
        "name": ("name", "id"),
    }

    name = _part_of("Name")
    sample = _choice("Sample", (), everything="All samples")
    technique = _choice("Technique", (), everything="All techniques")
    state = _choice("Processing", ProcessingState.choices, everything="Any")
    sort = forms.ChoiceField(
        label="Sort by",
        choices=[("sample", "Sample"), ("newest", "Newest"), ("oldest", "Oldest"), ("name", "Name")],
    )

    def __init__(self, query: QueryDict, investigation: Investigation, techniques: dict[int, str]) -> None:
        super().__init__(query)
        self.fields["sample"].choices = [("", "All samples"), *_samples_of(investigation)]  # type: ignore[attr-defined]
        named = [(str(pk), name) for pk, name in techniques.items()]
        self.fields["technique"].choices = [("", "All techniques"), *named]  # type: ignore[attr-defined]
        if not named:
            del self.fields["technique"]

    @property
    def sort_name(self) -> str:
        """One of ``SORTS``."""
        return self.wanted("sort") or "sample"


class ResultListForm(ListForm):
    """The results of an investigation."""

    pipeline = _choice("Pipeline", (), everything="All pipelines")
    sample = _choice("Sample", (), everything="All samples")

    def __init__(self, query: QueryDict, investigation: Investigation) -> None:
        super().__init__(query)
        self.fields["pipeline"].choices = [("", "All pipelines"), *_pipelines_of(investigation)]  # type: ignore[attr-defined]
        self.fields["sample"].choices = [("", "All samples"), *_samples_of(investigation)]  # type: ignore[attr-defined]


class JobListForm(ListForm):
    """The jobs of an investigation."""

    state = _choice("State", Job.State.choices, everything="Any state")
    pipeline = _choice("Pipeline", (), everything="All pipelines")

    def __init__(self, query: QueryDict, investigation: Investigation) -> None:
        super().__init__(query)
        self.fields["pipeline"].choices = [("", "All pipelines"), *_pipelines_of(investigation)]  # type: ignore[attr-defined]


class LogbookForm(ListForm):
    """The e-logbook of an investigation."""

    text = _part_of("Text")
    category = _choice("Category", LogbookEvent.Category.choices, everything="All categories")
    day = forms.DateField(label="Day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def clean_day(self) -> date | None:
        """Leave days out that no database counts."""
        day = self.cleaned_data["day"]
        return day if day and _EARLIEST <= day <= _LATEST else None
