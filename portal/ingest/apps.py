"""The Django application of this package."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """See the package's own words."""

    name = "portal.ingest"
    label = "ingest"
