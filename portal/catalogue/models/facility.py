"""Where and how something is measured: facilities, instruments, techniques."""

from django.conf import settings
from django.db import models

__all__ = ["Facility", "Instrument", "Technique"]


class Facility(models.Model):
    """A light source or laboratory."""

    name = models.CharField(max_length=100, unique=True)
    full_name = models.CharField(max_length=255, blank=True)
    url = models.URLField(blank=True)

    class Meta:
        verbose_name_plural = "facilities"

    def __str__(self) -> str:
        return self.name


class Technique(models.Model):
    """A way of measuring, by its PaNET identifier."""

    pid = models.URLField(unique=True, help_text="The technique's PaNET address.")
    name = models.CharField(max_length=255)
    acronym = models.CharField(
        max_length=50, blank=True, help_text="The short name pipelines ask for, as XRPD."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Instrument(models.Model):
    """A beamline; its scientists see every investigation made on it."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="instruments")
    name = models.CharField(max_length=100, unique=True)
    full_name = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    pid = models.URLField(blank=True, help_text="Persistent identifier of the instrument, where it has one.")
    scientists = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="instruments")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
