"""Telling the e-logbook: for the acquisition, and for the people who take part."""

from portal.access.audit import record
from portal.access.rules import Person, may_annotate, may_register
from portal.catalogue.errors import NotAllowed
from portal.catalogue.logbook import LogbookEntry, store_logbook_event
from portal.catalogue.models import Investigation, LogbookEvent

__all__ = ["add_logbook_event"]


def add_logbook_event(
    *, person: Person, investigation: Investigation, entry: LogbookEntry
) -> tuple[LogbookEvent, bool]:
    """Add an entry to an investigation that the person sees; return it and whether it is new.

    Annotations are for those who may process the data, notifications for scientists of the instrument
    and staff, as whom the acquisition comes. The entry itself says who wrote it and when, so only a
    refusal goes into the record of acts.

    Raises
    ------
    NotAllowed
        The person may not write this here.
    InvalidInput
        The entry cannot be kept.
    """
    if not _may_write(person, investigation, entry):
        record(person, "logbook.add", f"investigation {investigation.pk}", refused=True)
        raise NotAllowed(
            f"You can read the logbook of {investigation.name}; participants annotate it, and scientists "
            "of its instrument notify it."
        )
    return store_logbook_event(investigation, entry, author_id=person.pk)


def _may_write(person: Person, investigation: Investigation, entry: LogbookEntry) -> bool:
    if entry.type == LogbookEvent.Type.ANNOTATION:
        return may_annotate(person, investigation)
    return may_register(person, investigation.instrument)
