"""What templates of datasets need: the figures and maps of a summary, and which files a browser can show."""

from django import template

from portal.catalogue.curves import Figure, curves_of, figures_of
from portal.catalogue.heat_figures import HeatFigure, heat_figures
from portal.catalogue.heat_maps import maps_of
from portal.catalogue.models import Datafile, Dataset, DatasetSummary
from portal.storage.display import is_showable

register = template.Library()

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_LOOKED_AT, _MOST_PICTURES = 100, 4


@register.simple_tag
def summary_figures(summary: DatasetSummary) -> list[Figure]:
    """Return the figures of a summary: its curves, those of the same quantities on common axes."""
    return figures_of(curves_of(summary.content), prefix=summary.plot_id)


@register.simple_tag
def summary_maps(summary: DatasetSummary) -> list[HeatFigure]:
    """Return the heat maps of a summary as they are drawn."""
    maps = enumerate(maps_of(summary.content))
    named = [(heat_map.label, heat_map, summary.dataset_id, number) for number, heat_map in maps]
    return heat_figures(named, prefix=f"map-{summary.pk}")


@register.simple_tag
def result_pictures(summary: DatasetSummary) -> list[Datafile]:
    """Return the pictures that a pipeline left beside its result, as of rings drawn over an image."""
    if summary.dataset.type != Dataset.Type.PROCESSED:
        return []
    beside = summary.dataset.datafiles.exclude(name__contains="/").order_by("name")[:_LOOKED_AT]
    pictures = (file for file in beside if file.name.lower().endswith(_PICTURES))
    return [file for file in pictures if is_showable(file)][:_MOST_PICTURES]


@register.filter
def viewable(datafile: Datafile) -> bool:
    """Whether a browser shows the file as it is."""
    return is_showable(datafile)
