"""The storage's Django application."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Files: where they are and how they leave."""

    name = "portal.storage"
    label = "storage"
    verbose_name = "Storage"
