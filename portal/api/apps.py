"""The Django application of this package."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See the package's own words."""

    name = "portal.api"
    label = "api"
