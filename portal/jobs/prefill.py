"""What a dataset says of a pipeline's parameters: the values that a form or a request starts from."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When

from portal.catalogue.models import Datafile, Dataset
from portal.jobs.models import Pipeline
from portal.jobs.schema import Leaf, as_mapping, choices_of, kind_of, leaves, nested

__all__ = ["Source", "choosable_files", "prefilled_for", "prefilled_parameters", "sources_of"]

# A scan's own file lies above those with the frames that it links to.
_IN_FOLDER = Case(When(name__contains="/", then=Value(1)), default=Value(0))
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}


@dataclass(frozen=True)
class Source:
    """Where a prefilled value comes from: the dataset's parameter, and the value as the schema types it."""

    parameter: str
    value: Any


def prefilled_parameters(pipeline: Pipeline, dataset: Dataset) -> dict[str, Any]:
    """Return the values a form starts with: the schema's defaults, then what the dataset says.

    A property with ``populate`` (ESRF's extension) takes the first dataset parameter that is there and
    that fits its type. A file that is needed is the dataset's first fitting one.
    """
    return prefilled_for(pipeline, [dataset])[dataset.pk]


def prefilled_for(pipeline: Pipeline, datasets: Sequence[Dataset]) -> dict[int, dict[str, Any]]:
    """Return the same for each of several datasets, by their keys, in one query for each needed file."""
    asked = leaves(pipeline.input_schema)
    # Guessed only where one must be given: a mask is not every image's neighbour.
    files = {leaf.path: _first_files(datasets, leaf) for leaf in asked if leaf.is_file and leaf.is_required}
    return {
        dataset.pk: nested(
            {**_own_values(asked, dataset), **{path: found[dataset.pk] for path, found in files.items()}}
        )
        for dataset in datasets
    }


def sources_of(asked: Iterable[Leaf], dataset: Dataset) -> dict[str, Source]:
    """Return, by dotted name, which values come from the dataset's own parameters."""
    found = {leaf.name: _source(leaf, dataset) for leaf in asked}
    return {name: source for name, source in found.items() if source is not None}


def choosable_files(datasets: Iterable[Dataset], spec: Mapping[str, Any]) -> QuerySet[Datafile]:
    """Return the files of these datasets whose ending the property accepts, those in folders last."""
    return Datafile.objects.filter(_with_ending(spec), dataset__in=datasets).order_by(
        _IN_FOLDER, "name", "pk"
    )


def _own_values(asked: Iterable[Leaf], dataset: Dataset) -> dict[tuple[str, ...], Any]:
    values: dict[tuple[str, ...], Any] = {}
    for leaf in asked:
        source = _source(leaf, dataset)
        value = source.value if source else leaf.spec.get("default")
        if value is not None and not leaf.is_file:
            values[leaf.path] = value
    return values


def _source(leaf: Leaf, dataset: Dataset) -> Source | None:
    for told in leaf.spec.get("populate") or ():
        name = as_mapping(told).get("value")
        if as_mapping(told).get("type") == "parameter" and name in dataset.parameters:
            value = _fitted(leaf.spec, dataset.parameters[name])
            if value is not None:
                return Source(str(name), value)
    return None


def _first_files(datasets: Sequence[Dataset], leaf: Leaf) -> dict[int, int | None]:
    fitting = Datafile.objects.filter(_with_ending(leaf.spec), dataset=OuterRef("pk"))
    fitting = fitting.order_by(_IN_FOLDER, "name")
    rows = Dataset.objects.filter(pk__in=[dataset.pk for dataset in datasets])
    return dict(rows.annotate(first=Subquery(fitting.values("pk")[:1])).values_list("pk", "first"))


def _with_ending(spec: Mapping[str, Any]) -> Q:
    fits = Q()
    for ending in spec.get("accept") or ():
        fits |= Q(name__iendswith=ending)
    return fits


def _fitted(spec: Mapping[str, Any], value: Any) -> Any:
    """Return a dataset's value as the property wants it; None where it cannot be that."""
    if choices := choices_of(spec):
        # Space groups are written with blanks and without.
        return next((known for known, _ in choices if _bare(known) == _bare(value)), None)
    try:
        return _AS.get(kind_of(spec), lambda _, given: given)(spec, value)
    except (ValueError, TypeError, OverflowError):
        return None


def _bare(value: object) -> str:
    return "".join(str(value).split()).casefold()


def _as_number(_: Mapping[str, Any], value: Any) -> float | int | None:
    number = value if isinstance(value, int) and not isinstance(value, bool) else float(value)
    return number if math.isfinite(number) else None


def _as_integer(_: Mapping[str, Any], value: Any) -> int | None:
    number = float(value)
    return int(number) if number.is_integer() else None


def _as_boolean(_: Mapping[str, Any], value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _as_text(_: Mapping[str, Any], value: Any) -> str | None:
    return None if isinstance(value, list | Mapping) else str(value)


def _as_list(spec: Mapping[str, Any], value: Any) -> list[Any] | None:
    words = value if isinstance(value, list) else [word for word in re.split(r"[\s,;]+", str(value)) if word]
    found = [_fitted(as_mapping(spec.get("items")), word) for word in words]
    return None if None in found else found


def _as_object(_: Mapping[str, Any], value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


_AS = {
    "number": _as_number,
    "integer": _as_integer,
    "boolean": _as_boolean,
    "string": _as_text,
    "array": _as_list,
    "object": _as_object,
}
