"""Datasets, their files, and the numbers and plot that a card is drawn from."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.catalogue.models.facility import Technique
from portal.catalogue.models.investigation import Investigation, Sample
from portal.catalogue.search.field import WordsField

__all__ = ["Datafile", "Dataset", "DatasetSummary", "DatasetTally"]


class Dataset(models.Model):
    """A folder (or one file) of data that belong together: measured, or made from measured ones.

    Known by investigation and location, never by name: results are all called alike, and the same
    folder is announced again on purpose.
    """

    class Type(models.TextChoices):
        """How the data came to be."""

        ACQUISITION = "acquisition", "Acquisition"
        PROCESSED = "processed", "Processed"

    investigation = models.ForeignKey(Investigation, on_delete=models.PROTECT, related_name="datasets")
    sample = models.ForeignKey(
        Sample, null=True, blank=True, on_delete=models.SET_NULL, related_name="datasets"
    )
    technique = models.ForeignKey(
        Technique, null=True, blank=True, on_delete=models.PROTECT, related_name="datasets"
    )
    type = models.CharField(max_length=20, choices=Type, default=Type.ACQUISITION)
    name = models.CharField(max_length=255)
    location = models.CharField(
        max_length=1000, help_text="Absolute path of the folder, or of the single file."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The start, or else the registration: what lists sort by, so it is never null.
    sorted_at = models.DateTimeField(default=timezone.now)
    energy_kev = models.FloatField(null=True, blank=True)
    # Counted at registration, so that no list touches the file system.
    file_count = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    # ICAT names to typed values, in the units of portal.catalogue.parameters.
    parameters = models.JSONField(default=dict, blank=True)
    inputs = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="outputs")
    # The newest result made from this dataset; kept here so that a page of cards is one query.
    latest_result = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    registered_at = models.DateTimeField(auto_now_add=True)
    words = WordsField(of="texts")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["investigation", "location"], name="dataset_once_per_location"),
        ]
        indexes = [
            # A page of cards: by sample, newest first; those without a sample come first of all.
            models.Index(
                F("investigation"),
                F("type"),
                Coalesce("sample", 0),
                F("id").desc(),
                name="cards_of_investigation",
            ),
            models.Index(fields=["investigation", "-id"]),
            models.Index(fields=["investigation", "type", "-sorted_at", "-id"]),
            # Newest first of all one may see. The investigation is in them because it decides who may:
            # what others keep for themselves is passed over without a look at its row.
            models.Index(fields=["type", "-sorted_at", "-id", "investigation"], name="datasets_by_date"),
            models.Index(
                fields=["technique", "type", "-sorted_at", "-id", "investigation"],
                name="datasets_by_technique",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def texts(self) -> list[str]:
        """What one finds the dataset by: its own name and those of what it belongs to.

        Kept in the dataset's row, because a condition on several tables at once can use no index.
        """
        technique = [self.technique.acronym] if self.technique else []
        sample = self.sample.texts if self.sample else []
        visit = self.investigation
        return [self.name, *sample, visit.name, visit.title, visit.instrument.name, *technique]


class DatasetTally(models.Model):
    """How many measured datasets an investigation has, by technique (0: none said) and year (UTC).

    Facets count from these rows instead of from a million datasets. Triggers of the database keep
    them (``portal.catalogue.search.structures``), whoever writes datasets.
    """

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="tallies")
    technique_key = models.BigIntegerField()
    year = models.IntegerField()
    n_datasets = models.IntegerField()
    newest_at = models.DateTimeField(help_text="No dataset of them is newer.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["investigation", "technique_key", "year"], name="one_tally_each"),
        ]

    def __str__(self) -> str:
        return f"{self.n_datasets} datasets of {self.year}"


class Datafile(models.Model):
    """One regular file of a dataset."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="datafiles")
    name = models.CharField(max_length=500, help_text="Path below the dataset's folder.")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, help_text="Empty while not yet computed.")
    words = WordsField(of="texts")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="file_name_once_per_dataset")]

    def __str__(self) -> str:
        return self.name

    @property
    def texts(self) -> list[str]:
        """What one finds the file by."""
        return [self.name]


class DatasetSummary(models.Model):
    """Numbers with units and small plot series, computed once when a result is published.

    ``content`` is ``processing.summary.Summary.as_dict()``; ``plot_svg`` is drawn from it, so a page
    of cards opens no HDF5 file and draws nothing.
    """

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, related_name="summary")
    content = models.JSONField(default=dict)
    plot_svg = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "dataset summaries"

    def __str__(self) -> str:
        return f"summary of {self.dataset}"

    @property
    def plot_id(self) -> str:
        """The id of the page element that holds the series."""
        return f"series-{self.pk}"
