"""From what a dataset was made, and what was made from it, over a few generations."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from portal.access.rules import Person, datasets_visible_to, investigations_visible_to
from portal.catalogue.models import Dataset
from portal.jobs.models import Output

__all__ = ["GENERATIONS", "Lineage", "lineage_of"]

GENERATIONS = 3
# Of each generation; the others are behind "more".
WIDTH = 8

_LINKS = Dataset.inputs.through._default_manager


@dataclass(frozen=True)
class Lineage:
    """A piece of the history around ``focus``, of what the visitor sees.

    ``sources`` and ``outcomes`` are the generations before and after it, the nearest first; ``links``
    the pairs (made from, made) between any two of them; ``outputs`` how a dataset was made, by its id,
    where a job here made it; ``more_before`` and ``more_after`` the ids of datasets that have further
    sources or outcomes.
    """

    focus: Dataset
    sources: list[list[Dataset]]
    outcomes: list[list[Dataset]]
    links: list[tuple[int, int]]
    outputs: dict[int, Output]
    more_before: set[int]
    more_after: set[int]

    @property
    def datasets(self) -> dict[int, Dataset]:
        """Every dataset of it by its id, the oldest generation first."""
        generations = [*reversed(self.sources), [self.focus], *self.outcomes]
        return {dataset.pk: dataset for rows in generations for dataset in rows}


@dataclass
class _Walk:
    generations: list[list[Dataset]] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    more: set[int] = field(default_factory=set)


def lineage_of(person: Person, focus: Dataset) -> Lineage:
    """Return three generations before and after a dataset that the person sees.

    The number of queries is bounded whatever was made from what.
    """
    before = _walk(person, focus, near="from_dataset", far="to_dataset")
    after = _walk(person, focus, near="to_dataset", far="from_dataset")
    links = dict.fromkeys([*((far, near) for near, far in before.links), *after.links])
    lineage = Lineage(
        focus=focus,
        sources=before.generations,
        outcomes=after.generations,
        links=list(links),
        outputs={},
        more_before=before.more,
        more_after=after.more,
    )
    lineage.outputs.update(_outputs(person, lineage.datasets))
    return lineage


def _walk(person: Person, focus: Dataset, *, near: str, far: str) -> _Walk:
    """Follow the links from ``near`` to ``far``, one query a generation."""
    walk = _Walk()
    seen, nearest = {focus.pk}, [focus.pk]
    for _ in range(GENERATIONS):
        if not nearest:
            return walk
        rows = list(_links(person, nearest, near=near, far=far)[: WIDTH + 1])
        found: dict[int, Dataset] = {}
        for row in rows[:WIDTH]:
            start, end = getattr(row, f"{near}_id"), getattr(row, far)
            walk.links.append((start, end.pk))
            if end.pk not in seen:
                found[end.pk] = end
        walk.more.update(getattr(row, f"{near}_id") for row in rows[WIDTH:])
        seen.update(found)
        nearest = list(found)
        if found:
            walk.generations.append(list(found.values()))
    if nearest:
        beyond = _links(person, nearest, near=near, far=far).exclude(**{f"{far}__in": seen})
        walk.more.update(beyond.order_by().values_list(f"{near}_id", flat=True).distinct())
    return walk


def _links(person: Person, nearest: Iterable[int], *, near: str, far: str) -> QuerySet:
    links = _LINKS.filter(**{f"{near}__in": nearest, f"{far}__in": datasets_visible_to(person)})
    related = links.select_related(far, f"{far}__sample", f"{far}__investigation__instrument")
    return related.defer(f"{far}__parameters").order_by(f"-{far}_id", "id")


def _outputs(person: Person, datasets: Iterable[int]) -> dict[int, Output]:
    """Return how the datasets were made, as far as the person sees the jobs."""
    outputs = Output.objects.filter(
        dataset__in=list(datasets), job__investigation__in=investigations_visible_to(person)
    )
    related = outputs.select_related("job__pipeline", "job__submitted_by")
    return {
        output.dataset_id: output
        for output in related.defer("record", "job__workflow", "job__parameters", "job__pipeline__graph")
    }
