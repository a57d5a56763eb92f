"""What was noted while measuring: the e-logbook of an investigation."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.catalogue.models.dataset import Dataset
from portal.catalogue.models.investigation import Investigation

__all__ = ["LogbookEvent"]


class LogbookEvent(models.Model):
    """One entry: what the acquisition told, or what a person wrote. Rows are only ever added.

    ``type`` and ``category`` are those of ICAT+'s e-logbook.
    """

    class Type(models.TextChoices):
        """Who writes: a person, or a program."""

        ANNOTATION = "annotation", "Annotation"
        NOTIFICATION = "notification", "Notification"

    class Category(models.TextChoices):
        """What kind of entry."""

        COMMENT = "comment", "Comment"
        INFO = "info", "Info"
        ERROR = "error", "Error"
        DEBUG = "debug", "Debug"
        COMMANDLINE = "commandline", "Command line"

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="logbook_events")
    dataset = models.ForeignKey(
        Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="logbook_events"
    )
    type = models.CharField(max_length=20, choices=Type, default=Type.NOTIFICATION)
    category = models.CharField(max_length=20, choices=Category, default=Category.INFO)
    text = models.TextField(help_text="Plain text, shown as it is.")
    at = models.DateTimeField(default=timezone.now, help_text="When it happened.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    software = models.CharField(max_length=100, blank=True, help_text="The program that told it.")
    registered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["investigation", "-at", "-id"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.text[:60]}"
