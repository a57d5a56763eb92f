"""The access rules' Django application."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Rules and audit."""

    name = "portal.access"
    label = "access"
    verbose_name = "Access"
