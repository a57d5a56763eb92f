"""Which jobs a list shows, as its address says: ``?mine=&investigation=&instrument=&dataset=&...``."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from portal.access.rules import Person, datasets_visible_to, investigations_visible_to
from portal.catalogue.errors import NotFound
from portal.catalogue.models import Dataset, Instrument, Investigation
from portal.jobs.models import Job, Pipeline
from portal.jobs.selectors import listed_jobs_visible_to

__all__ = ["STATES", "Chip", "JobsFilter", "jobs_filter"]

STATES = [("open", "Open"), *Job.State.choices]
_LARGEST_ID = 2**63 - 1
_LONGEST_NUMBER = 19


@dataclass(frozen=True)
class Chip:
    """Something that a list is narrowed to by its address; ``without`` is the query that shows all."""

    name: str
    value: str
    label: str
    without: str


@dataclass(frozen=True)
class JobsFilter:
    """What a list of jobs is narrowed to; None and "" narrow nothing."""

    person: Person
    is_mine: bool
    investigation: Investigation | None = None
    instrument: Instrument | None = None
    dataset: Dataset | None = None
    pipeline: Pipeline | None = None
    batch: UUID | None = None
    state: str = ""
    chips: Sequence[Chip] = ()

    def jobs(self) -> QuerySet[Job]:
        """Return the jobs that the person may see and that are asked for, newest first."""
        wanted: dict[str, Any] = {
            "submitted_by_id": self.person.pk if self.is_mine else None,
            "investigation": self.investigation,
            "investigation__instrument": self.instrument,
            "dataset": self.dataset,
            "pipeline": self.pipeline,
            "batch": self.batch,
            "state__in": Job.OPEN_STATES if self.state == "open" else self.state and [self.state],
        }
        return listed_jobs_visible_to(self.person).filter(
            **{name: value for name, value in wanted.items() if value}
        )

    @cached_property
    def instruments(self) -> QuerySet[Instrument]:
        """The instruments to choose from."""
        return _instruments(self.person)

    @cached_property
    def pipelines(self) -> QuerySet[Pipeline]:
        """The pipelines to choose from."""
        return Pipeline.objects.defer("graph")

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more jobs than are shown."""
        named = (self.investigation, self.instrument, self.dataset, self.pipeline, self.batch, self.state)
        return any(named)


def jobs_filter(request: HttpRequest) -> JobsFilter:
    """Read the address; whose jobs, unless it says: mine, but all of an investigation, dataset or batch.

    Raises
    ------
    NotFound
        Something that is named does not exist, or the visitor may not know of it.
    """
    told = {name: request.GET.get(name, "").strip() for name in _NAMED}
    person = request.user
    scoped = any(told[name] for name in ("investigation", "instrument", "dataset", "batch"))
    mine = told["mine"] == "1" or (told["mine"] != "0" and not scoped)
    if told["state"] not in {"", *(state for state, _ in STATES)}:
        raise NotFound(f"There is no state {told['state'][:50]!r} of a job.")
    investigation = _one(investigations_visible_to(person), "investigation", told)
    dataset = _one(datasets_visible_to(person), "dataset", told)
    return JobsFilter(
        person=person,
        is_mine=mine and person.is_authenticated,
        investigation=investigation,
        instrument=_one(_instruments(person), "instrument", told),
        dataset=dataset,
        pipeline=_pipeline(told["pipeline"]),
        batch=_batch(told["batch"]),
        state=told["state"],
        chips=[
            Chip(name, told[name], f"{name.capitalize()} {shown}", _without(request, name))
            for name, shown in (
                ("investigation", investigation),
                ("dataset", dataset),
                ("batch", told["batch"][:8]),
            )
            if shown
        ],
    )


_NAMED = ("mine", "investigation", "instrument", "dataset", "pipeline", "batch", "state")


def _without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    for gone in (name, "after"):
        query.pop(gone, None)
    return query.urlencode()


def _one(visible: QuerySet[Any], name: str, told: dict[str, str]) -> Any:
    text = told[name]
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    found = visible.filter(pk=text).first() if is_number and int(text) <= _LARGEST_ID else None
    if found is None:
        raise NotFound(f"There is no {name} {text[:50]!r}.")
    return found


def _pipeline(identifier: str) -> Pipeline | None:
    if not identifier:
        return None
    known = None if "\0" in identifier else Pipeline.objects.filter(identifier=identifier).first()
    if known is None:
        raise NotFound(f"There is no pipeline {identifier[:50]!r}.")
    return known


def _batch(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound(f"There is no batch {text[:50]!r}.") from None


def _instruments(person: Person) -> QuerySet[Instrument]:
    seen = investigations_visible_to(person).values("instrument")
    return Instrument.objects.filter(pk__in=seen).order_by("name")
