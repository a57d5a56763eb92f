"""The jobs' Django application."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Pipelines, jobs, events, outputs."""

    name = "portal.jobs"
    label = "jobs"
    verbose_name = "Jobs"
