"""What the pages of an investigation need of their own."""

from django import template

from portal.catalogue.cards import EXPOSURE, Shown, shown
from portal.catalogue.models import Dataset

register = template.Library()


@register.simple_tag
def exposure_of(dataset: Dataset) -> Shown | None:
    """Return how long one exposure was, with its unit, where that is known."""
    return shown(EXPOSURE, dataset.parameters)
