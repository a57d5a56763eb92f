"""What templates of datasets need: the figures of a summary, and which files a browser can show."""

from django import template

from portal.catalogue.curves import Figure, curves_of, figures_of
from portal.catalogue.models import Datafile, DatasetSummary
from portal.storage.display import is_showable

register = template.Library()


@register.simple_tag
def summary_figures(summary: DatasetSummary) -> list[Figure]:
    """Return the figures of a summary: its curves, those of the same quantities on common axes."""
    return figures_of(curves_of(summary.content), prefix=summary.plot_id)


@register.filter
def viewable(datafile: Datafile) -> bool:
    """Whether a browser shows the file as it is."""
    return is_showable(datafile)
