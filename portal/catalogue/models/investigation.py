"""A visit to an instrument, the people who took part and the samples they brought."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from portal.catalogue.models.facility import Instrument
from portal.catalogue.search.field import WordsField
from portal.catalogue.search.words import formula_words

__all__ = ["BY_DATE", "Investigation", "InvestigationUser", "Sample"]

# What lists of investigations sort by, so it is never null: a visit without a date comes last.
BY_DATE = Coalesce("start_date", Value(datetime(1970, 1, 1, tzinfo=UTC)))


class Investigation(models.Model):
    """One visit: a proposal's session on one instrument.

    Its participants see it from the start; everybody does once ``release_date`` has come. Without a
    release date it never opens by itself.
    """

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="investigations")
    name = models.CharField(max_length=100, help_text="The proposal, for example IM-114.")
    visit_id = models.CharField(max_length=100, default="1", help_text="Which visit of the proposal.")
    title = models.CharField(max_length=500, blank=True)
    summary = models.TextField(blank=True)
    start_date = models.DateTimeField(null=True, blank=True)
    end_date = models.DateTimeField(null=True, blank=True)
    release_date = models.DateTimeField(null=True, blank=True, help_text="When the embargo ends.")
    licence = models.CharField(max_length=100, blank=True, help_text="SPDX name, for example CC-BY-4.0.")
    participants = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="InvestigationUser", related_name="investigations"
    )
    words = WordsField(of="texts")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "name", "visit_id"], name="one_row_per_visit"),
        ]
        indexes = [
            models.Index(BY_DATE.desc(), F("id").desc(), name="investigations_by_date"),
            models.Index(fields=["release_date"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.instrument.name})"

    @property
    def texts(self) -> list[str]:
        """What one finds the investigation by; people are not in it, because visitors search too."""
        return [self.name, self.title, self.instrument.name, self.summary]


class InvestigationUser(models.Model):
    """A person's part in an investigation."""

    class Role(models.TextChoices):
        """What the person is in the investigation."""

        PRINCIPAL_INVESTIGATOR = "principal_investigator", "Principal investigator"
        PARTICIPANT = "participant", "Participant"
        LOCAL_CONTACT = "local_contact", "Local contact"
        OBSERVER = "observer", "Observer (sees, does not process)"

    investigation = models.ForeignKey(
        Investigation, on_delete=models.CASCADE, related_name="investigation_users"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=30, choices=Role, default=Role.PARTICIPANT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["investigation", "user"], name="one_role_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Sample(models.Model):
    """What was put in the beam."""

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="samples")
    name = models.CharField(max_length=255)
    formula = models.CharField(max_length=255, blank=True)
    words = WordsField(of="texts")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["investigation", "name"], name="sample_name_once_per_investigation"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def texts(self) -> list[str]:
        """What one finds the sample by: CeO2 by cerium, oxide and ceria too."""
        return [self.name, self.formula, *formula_words(self.name, self.formula)]
