"""The Django application of this package."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """See the package's own words."""

    name = "portal.pages"
    label = "pages"
