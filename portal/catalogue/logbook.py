"""The e-logbook: adding an entry, and reading what was noted."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset, Investigation, LogbookEvent

__all__ = ["LONGEST_TEXT", "LogbookEntry", "logbook_of", "store_logbook_event"]

LONGEST_TEXT = 10_000
"""Longest text of an entry, in characters."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks differ.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class LogbookEntry:
    """What somebody or some program has to say. ``at`` is when it happened; None: now."""

    text: str
    type: str = LogbookEvent.Type.ANNOTATION
    category: str = LogbookEvent.Category.COMMENT
    at: datetime | None = None
    dataset_id: int | None = None
    software: str = ""


@transaction.atomic
def store_logbook_event(
    investigation: Investigation, entry: LogbookEntry, *, author_id: int | None
) -> tuple[LogbookEvent, bool]:
    """Add an entry; return it and whether it is new. Who may call is decided by the callers.

    The same entry told again by the same author with the same ``at`` is the one that is there.

    Raises
    ------
    InvalidInput
        The text is empty or too long, the time cannot be, or the dataset is of another investigation.
    """
    _check(investigation, entry)
    # Two tellings of one entry at the same moment wait for each other.
    Investigation.objects.select_for_update().get(pk=investigation.pk)
    values = {
        "investigation": investigation,
        "dataset_id": entry.dataset_id,
        "type": entry.type,
        "category": entry.category,
        "text": entry.text,
        "software": entry.software,
        "author_id": author_id,
    }
    if entry.at is None:
        return LogbookEvent.objects.create(**values), True
    known = LogbookEvent.objects.filter(at=entry.at, **values).first()
    return (known, False) if known else (LogbookEvent.objects.create(at=entry.at, **values), True)


def logbook_of(
    investigation: Investigation, *, category: str = "", text: str = "", day: date | None = None
) -> QuerySet[LogbookEvent]:
    """Return the entries with what a list of them shows, narrowed to what is given.

    ``text`` is looked for anywhere, whatever its case; ``day`` is in local time.
    """
    events = LogbookEvent.objects.filter(investigation=investigation)
    if category:
        events = events.filter(category=category)
    if text:
        events = events.filter(text__icontains=text)
    if day:
        start = timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware
        events = events.filter(at__gte=start, at__lt=start + timedelta(days=1))
    return events.select_related("author", "dataset").defer("dataset__parameters")


def _check(investigation: Investigation, entry: LogbookEntry) -> None:
    faults = {}
    if not entry.text.strip():
        faults["text"] = "must not be empty"
    elif len(entry.text) > LONGEST_TEXT:
        faults["text"] = f"may have at most {LONGEST_TEXT} characters"
    if entry.at and not _EARLIEST <= entry.at <= timezone.now() + _AHEAD:
        faults["at"] = "must be after 1970 and not in the future"
    if entry.dataset_id and not _has(investigation, entry.dataset_id):
        faults["dataset"] = "is not a dataset of this investigation"
    if faults:
        told = "; ".join(f"{name}: {text}" for name, text in faults.items())
        raise InvalidInput(f"The entry cannot be kept. {told}", fields=faults)


def _has(investigation: Investigation, dataset_id: int) -> bool:
    return Dataset.objects.filter(investigation=investigation, pk=dataset_id).exists()
