"""The catalogue's Django application."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Investigations, samples, datasets, files, parameters."""

    name = "portal.catalogue"
    label = "catalogue"
    verbose_name = "Catalogue"
