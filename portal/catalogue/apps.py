"""The catalogue's Django application."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Investigations, samples, datasets, files, parameters."""

    name = "portal.catalogue"
    label = "catalogue"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        """Let search follow what is saved."""
        from portal.catalogue.search.refresh import connect  # noqa: PLC0415 - models are ready only now

        connect(self)
