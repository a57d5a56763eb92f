"""What templates need beyond Django's own: parameters with units, numbers for people."""

import math
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from portal.access.rules import is_embargoed
from portal.catalogue.cards import Shown, fields_of, shown
from portal.catalogue.models import Datafile, Dataset, DatasetSummary, Investigation
from portal.catalogue.parameters import parameter
from portal.storage.explore import is_explorable

register = template.Library()

_EXPONENT_FROM, _EXPONENT_BELOW = 1e6, 1e-3


@register.filter
def number(value: object) -> str:
    """Show a number with six significant digits at most; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < _EXPONENT_FROM):
        return f"{int(value)}"
    if not math.isfinite(value):
        return "not measurable"
    if abs(value) >= _EXPONENT_FROM or abs(value) < _EXPONENT_BELOW:
        return f"{value:.4g}"
    return f"{value:.6g}"


@register.filter
def duration(seconds: float | None) -> str:
    """Show seconds as a person would say them."""
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


@register.filter
def embargoed(investigation: Investigation) -> bool:
    """Whether only its own people see the investigation today."""
    return is_embargoed(investigation)


@register.filter
def explorable(datafile: Datafile) -> bool:
    """Whether one can look inside the file here."""
    return is_explorable(datafile)


@register.filter
def h5join(path: str, name: str) -> str:
    """Return the path of a child inside an HDF5 file."""
    return f"{path.rstrip('/')}/{name}"


@register.filter
def of(mapping: Mapping[object, object], key: object) -> object:
    """Return what a mapping holds under a key, or None."""
    return mapping.get(key)


@register.filter
def unit_of(attributes: Mapping[str, str]) -> str:
    """Return the unit that a form field was given."""
    return attributes.get("data-unit", "")


@register.simple_tag
def card_parameters(dataset: Dataset) -> list[Shown]:
    """Return the few parameters that a card of this technique shows: label, value, unit."""
    fields = fields_of(dataset.technique.acronym if dataset.technique else "")
    return [row for row in (shown(field, dataset.parameters) for field in fields) if row]


@register.filter
def plot(summary: DatasetSummary | None) -> SafeString:
    """Return the small plot of a summary; its markup is our own, made from numbers alone."""
    return mark_safe(summary.plot_svg if summary else "")  # noqa: S308


def _shown(name: str, value: object) -> dict[str, Any]:
    row = parameter(name)
    return {
        "name": name,
        "label": row.label,
        "value": value,
        "unit": row.unit,
        "description": row.description,
    }
