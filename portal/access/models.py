"""The record of what people did, and of what they were refused."""

from django.conf import settings
from django.db import models

__all__ = ["AuditEvent"]


class AuditEvent(models.Model):
    """One act: who, what, on which thing, when, from where. Rows are only ever added."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)
    refused = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user or 'system'} {self.action} {self.subject}"
