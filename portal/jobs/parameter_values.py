"""What a job was asked, value by value, as its form named it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.access.rules import Person, datafiles_visible_to
from portal.jobs.models import Job

__all__ = ["GivenValue", "file_names", "given_values", "is_usual", "usual_value"]


@dataclass(frozen=True)
class GivenValue:
    """One value: ``path`` is dotted where it is nested, ``spec`` its JSON Schema."""

    path: str
    label: str
    unit: str
    value: object
    spec: Mapping[str, Any]

    def shown(self, names: Mapping[int, str]) -> object:
        """Return the value for people: a file by its name of ``names``, a choice by its label."""
        if self.spec.get("format") == "datafile":
            known = names.get(self.value) if isinstance(self.value, int) else None
            return known or "a file that is gone"
        choices = self.spec.get("enum", ())
        if self.value in choices and len(self.spec.get("enumNames", ())) == len(choices):
            return self.spec["enumNames"][choices.index(self.value)]
        return self.value


def given_values(job: Job) -> list[GivenValue]:
    """Return the values of a job in the order of its form; those not given are left out."""
    return list(_given(_mapping(_attributes(job).get("input_schema")), job.parameters, ""))


def file_names(person: Person, values: Iterator[GivenValue] | list[GivenValue]) -> dict[int, str]:
    """Return the names of all files that the values name, by id, in one query."""
    ids = [
        given.value
        for given in values
        if given.spec.get("format") == "datafile" and isinstance(given.value, int)
    ]
    return dict(datafiles_visible_to(person).filter(pk__in=ids).values_list("pk", "name"))


def usual_value(given: GivenValue, measured: Mapping[str, Any]) -> object:
    """Return what the form would have started with, None where it starts empty.

    ``measured`` are the parameters of the dataset that the job ran on.
    """
    for source in given.spec.get("populate", ()):
        if source.get("type") == "parameter" and source.get("value") in measured:
            return measured[source["value"]]
    return given.spec.get("default")


def is_usual(given: GivenValue, measured: Mapping[str, Any]) -> bool:
    """Whether a value is what the form started with."""
    usual = usual_value(given, measured)
    if isinstance(usual, int | float) and isinstance(given.value, int | float):
        return math.isclose(usual, given.value, rel_tol=1e-9)
    return usual == given.value


def _given(schema: Mapping[str, Any], values: Mapping[str, Any], prefix: str) -> Iterator[GivenValue]:
    for name, spec in _mapping(schema.get("properties")).items():
        value = values.get(name)
        if spec.get("type") == "object":
            yield from _given(spec, _mapping(value), f"{prefix}{name}.")
        elif value is not None:
            yield GivenValue(
                path=prefix + name,
                label=str(spec.get("title", name)),
                unit=str(spec.get("unit", "")),
                value=value,
                spec=spec,
            )


def _attributes(job: Job) -> Mapping[str, Any]:
    return _mapping(_mapping(job.workflow).get("graph"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
