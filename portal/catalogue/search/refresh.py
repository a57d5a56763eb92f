"""Keeping the words of datasets right when what they belong to is renamed."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import QuerySet
from django.db.models.signals import post_migrate, post_save

from portal.catalogue.models import Dataset, Investigation, Sample
from portal.catalogue.search.structures import make_structures
from portal.catalogue.search.words import kept_words

__all__ = ["connect", "refresh_words"]

_BATCH = 1000


def connect(sender: object) -> None:
    """Have search follow what is saved, and what ``migrate`` does to the tables of the application."""
    post_save.connect(_of_investigation, sender=Investigation, dispatch_uid="words of its datasets")
    post_save.connect(_of_sample, sender=Sample, dispatch_uid="words of its datasets")
    connection_created.connect(_after_connecting, dispatch_uid="memory of search")
    post_migrate.connect(_after_migrate, sender=sender, dispatch_uid="structures of search")


def refresh_words(datasets: QuerySet[Dataset]) -> int:
    """Take the words of datasets anew from their texts; return how many had others."""
    changed: list[Dataset] = []
    n_changed = 0
    for dataset in _with_texts(datasets).iterator(chunk_size=_BATCH):
        words = kept_words(dataset.texts)
        if words != dataset.words:
            dataset.words = words
            changed.append(dataset)
        if len(changed) == _BATCH:
            n_changed += Dataset.objects.bulk_update(changed, ["words"])
            changed.clear()
    return n_changed + (Dataset.objects.bulk_update(changed, ["words"]) if changed else 0)


def _with_texts(datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
    related = datasets.select_related("investigation__instrument", "sample", "technique")
    return related.defer("parameters", "investigation__summary").order_by("pk")


def _of_investigation(*, instance: Investigation, created: bool, **_: Any) -> None:
    if not created:
        refresh_words(Dataset.objects.filter(investigation=instance))


def _of_sample(*, instance: Sample, created: bool, **_: Any) -> None:
    if not created:
        refresh_words(Dataset.objects.filter(sample=instance))


def _after_connecting(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have room to combine two ranges row by row; with PostgreSQL's own 4 MB it does so page by page."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET work_mem = '32MB'")


def _after_migrate(*, using: str, **_: Any) -> None:
    make_structures(using)
