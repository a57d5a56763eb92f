"""What is installed beside the portal: tasks to build workflows from, and workflows."""

from django.db import models

__all__ = ["InstalledWorkflow", "TaskDescription"]


class TaskDescription(models.Model):
    """A task of an installed package, as ``sync_tasks`` found it.

    Kept in a table so that the web side shows tasks without importing their code.
    """

    identifier = models.CharField(max_length=500, unique=True, help_text="Dotted name, as in a workflow.")
    name = models.CharField(max_length=255, help_text="The last part of the identifier.")
    task_type = models.CharField(max_length=20)
    package = models.CharField(max_length=100, db_index=True, help_text="The distribution it comes from.")
    version = models.CharField(max_length=100, blank=True)
    summary = models.TextField(blank=True, help_text="The first paragraph of the documentation.")
    documentation = models.TextField(blank=True)
    # Lists of name, type, unit, default, description and, of inputs, required.
    inputs = models.JSONField(default=list)
    outputs = models.JSONField(default=list)
    # Everything above in lower case: what a search looks through.
    searched = models.TextField(blank=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.identifier


class InstalledWorkflow(models.Model):
    """A workflow that an installed package announces, whether or not it is offered as a pipeline."""

    name = models.CharField(max_length=500, unique=True, help_text="Dotted: package, folder, file.")
    label = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    keywords = models.JSONField(default=list)
    package = models.CharField(max_length=100)
    version = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
