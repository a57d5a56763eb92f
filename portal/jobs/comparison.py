"""Results side by side: what each was asked, what came out, and where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from portal.access.rules import Person, datasets_visible_to, investigations_visible_to
from portal.catalogue.models import Dataset, DatasetSummary
from portal.jobs.models import Job, Output
from portal.jobs.parameter_values import GivenValue, file_names, given_values, is_usual, usual_value

__all__ = [
    "ChangedValue",
    "ComparedRow",
    "Result",
    "changed_values",
    "compared_numbers",
    "compared_parameters",
    "output_visible_to",
    "results_made_from",
    "results_visible_to",
    "set_apart",
    "with_outputs",
]

_LONG_DOCUMENTS = ("output_of__record", "output_of__job__pipeline__graph", "parameters")


@dataclass(frozen=True)
class Result:
    """A processed dataset, and the output that it is where the visitor may know of the job."""

    dataset: Dataset
    output: Output | None

    @property
    def job(self) -> Job | None:
        """The job that made it."""
        return self.output.job if self.output else None

    @property
    def summary(self) -> DatasetSummary | None:
        """Its numbers and curves."""
        return getattr(self.dataset, "summary", None)

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of the summary, empty without one."""
        return self.summary.content if self.summary else {}


@dataclass(frozen=True)
class ComparedRow:
    """One quantity of several results, in their order; None where a result has none."""

    label: str
    unit: str
    values: list[object]

    @property
    def differs(self) -> bool:
        """Whether the results are not all alike in it."""
        return any(value != self.values[0] for value in self.values)


@dataclass(frozen=True)
class ChangedValue:
    """A value that is not the one its form starts with."""

    label: str
    unit: str
    value: object
    usual: object


def results_visible_to(person: Person) -> QuerySet[Dataset]:
    """Return the processed datasets that a person sees."""
    rows = datasets_visible_to(person).filter(type=Dataset.Type.PROCESSED)
    return rows.select_related(
        "investigation__instrument",
        "summary",
        "output_of__job__pipeline",
        "output_of__job__submitted_by",
        "output_of__job__dataset",
    ).defer(*_LONG_DOCUMENTS)


def results_made_from(person: Person, source: Dataset) -> QuerySet[Dataset]:
    """Return what has been made of a dataset, here or elsewhere, as far as the person sees it."""
    return results_visible_to(person).filter(inputs=source)


def with_outputs(person: Person, rows: Sequence[Dataset]) -> list[Result]:
    """Return rows of ``results_visible_to`` with those outputs whose jobs the person sees."""
    outputs = {row.pk: row.output_of for row in rows if hasattr(row, "output_of")}
    places = {output.job.investigation_id for output in outputs.values()}
    visible = set(investigations_visible_to(person).filter(pk__in=places).values_list("pk", flat=True))
    return [
        Result(row, output if output and output.job.investigation_id in visible else None)
        for row, output in ((row, outputs.get(row.pk)) for row in rows)
    ]


def output_visible_to(person: Person, dataset: Dataset) -> Output | None:
    """Return how a dataset was made here, where the person may see what it was made from."""
    found = Output.objects.filter(dataset=dataset, job__investigation__in=investigations_visible_to(person))
    return found.select_related("job__pipeline", "job__submitted_by", "job__dataset").first()


def compared_parameters(person: Person, results: Sequence[Result]) -> list[ComparedRow]:
    """Return what the results were asked, value by value."""
    given = [given_values(result.job) if result.job else [] for result in results]
    names = file_names(person, [value for values in given for value in values])
    labels: dict[str, GivenValue] = {}
    for values in given:
        for value in values:
            labels.setdefault(value.path, value)
    shown = [{value.path: value.shown(names) for value in values} for values in given]
    return [
        ComparedRow(first.label, first.unit, [values.get(path) for values in shown])
        for path, first in labels.items()
    ]


def compared_numbers(results: Sequence[Result]) -> list[ComparedRow]:
    """Return the numbers of the results' summaries, by name."""
    numbers = [{str(row["name"]): row for row in result.content.get("numbers", ())} for result in results]
    labels: dict[str, Mapping[str, Any]] = {}
    for rows in numbers:
        for name, row in rows.items():
            labels.setdefault(name, row)
    return [
        ComparedRow(
            str(first.get("label", name)),
            str(first.get("unit", "")),
            [rows[name].get("value") if name in rows else None for rows in numbers],
        )
        for name, first in labels.items()
    ]


def set_apart(rows: Sequence[ComparedRow], place: int) -> list[ComparedRow]:
    """Return, as rows of one value, what the result at ``place`` does not share with most of the others."""
    return [
        ComparedRow(row.label, row.unit, [row.values[place]])
        for row in rows
        if row.values[place] is not None and 2 * row.values.count(row.values[place]) <= len(row.values)
    ]


def changed_values(person: Person, job: Job) -> list[ChangedValue]:
    """Return the values that a job's form did not start with.

    A file that the job could not run without is no change.
    """
    given = given_values(job)
    required = job.workflow["graph"].get("input_schema", {}).get("required", ())
    changed = [
        value
        for value in given
        if not is_usual(value, job.dataset.parameters)
        and not (value.spec.get("format") == "datafile" and value.path in required)
    ]
    names = file_names(person, changed)
    return [
        ChangedValue(value.label, value.unit, value.shown(names), usual_value(value, job.dataset.parameters))
        for value in changed
    ]
