"""A workflow that is offered for reprocessing, with its form."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models

__all__ = ["Pipeline"]


class Pipeline(models.Model):
    """An ewoks graph whose ``graph`` attributes say what it fits and what it asks.

    The attributes are ESRF's descriptor (``processing.pipelines`` lists them). A job keeps its own
    copy of the graph, so a newer version never changes what an older job says it did.
    """

    identifier = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    graph = models.JSONField()
    digest = models.CharField(max_length=64, help_text="sha256 of the graph.")
    queue = models.CharField(max_length=100, default=settings.CELERY_TASK_DEFAULT_QUEUE)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The graph's own attributes."""
        return self.graph["graph"]

    @property
    def input_schema(self) -> Mapping[str, Any]:
        """JSON Schema of the parameters a person may give."""
        return self.attributes["input_schema"]

    @property
    def keywords(self) -> Mapping[str, Any]:
        """What the pipeline fits: instrument, technique, role."""
        return self.attributes.get("keywords", {})
