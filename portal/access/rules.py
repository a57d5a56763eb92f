"""The only access rules. Pages, API, files, plots, jobs and counts all start from here.

A person sees an investigation who took part in it, who is a scientist of its instrument, who is
staff, or, once its release date has come, anybody at all, logged in or not. The end of an embargo is
part of the query, so nobody waits for a nightly task. Seeing is not processing: open data are seen by
all, and reprocessed only by its participants (observers apart), its instrument's scientists and staff.
"""

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.catalogue.models import Datafile, Dataset, Instrument, Investigation, InvestigationUser

__all__ = [
    "Person",
    "datafiles_visible_to",
    "datasets_visible_to",
    "investigations_processable_by",
    "investigations_visible_to",
    "is_embargoed",
    "may_administer",
    "may_annotate",
    "may_process",
    "may_register",
    "may_see_health",
    "may_see_logs",
    "parts_in",
]

Person = User | AnonymousUser

_PROCESSING_ROLES = (
    InvestigationUser.Role.PRINCIPAL_INVESTIGATOR,
    InvestigationUser.Role.PARTICIPANT,
    InvestigationUser.Role.LOCAL_CONTACT,
)


def investigations_visible_to(person: Person) -> QuerySet[Investigation]:
    """Return the investigations a person may know of."""
    if _is_staff(person):
        return Investigation.objects.all()
    is_open = Q(release_date__lte=timezone.now())
    return Investigation.objects.filter(is_open | _has_part(person) | _is_instrument_scientist(person))


def investigations_processable_by(person: Person) -> QuerySet[Investigation]:
    """Return the investigations whose datasets a person may reprocess."""
    if _is_staff(person):
        return Investigation.objects.all()
    has_part = _has_part(person, role__in=_PROCESSING_ROLES)
    return Investigation.objects.filter(has_part | _is_instrument_scientist(person))


def datasets_visible_to(person: Person) -> QuerySet[Dataset]:
    """Return the datasets a person may know of: all those of the investigations they see."""
    return Dataset.objects.filter(investigation__in=investigations_visible_to(person))


def datafiles_visible_to(person: Person) -> QuerySet[Datafile]:
    """Return the files a person may download: all those of the datasets they see."""
    return Datafile.objects.filter(dataset__investigation__in=investigations_visible_to(person))


def may_process(person: Person, investigation: Investigation) -> bool:
    """Whether a person may start and cancel jobs on an investigation's datasets."""
    return investigations_processable_by(person).filter(pk=investigation.pk).exists()


def may_annotate(person: Person, investigation: Investigation) -> bool:
    """Whether a person may write into an investigation's e-logbook: those who may process its data."""
    return may_process(person, investigation)


def may_register(person: Person, instrument: Instrument) -> bool:
    """Whether a person may announce what was measured on an instrument: its scientists and staff."""
    if _is_staff(person):
        return True
    return person.is_authenticated and instrument.scientists.filter(pk=person.pk).exists()


def may_administer(person: Person) -> bool:
    """Whether a person switches pipelines and sees workers, queues and refusals: staff."""
    return _is_staff(person)


def may_see_health(person: Person, instrument: Instrument) -> bool:
    """Whether a person sees how the jobs of an instrument fare: its scientists and staff.

    Others would learn from the counts that somebody works under embargo.
    """
    return may_register(person, instrument)


def may_see_logs(person: Person, investigation: Investigation) -> bool:
    """Whether a person sees what a job printed: the instrument's scientists and staff.

    A log names folders and lines of code, which help those who repair and nobody else.
    """
    if _is_staff(person):
        return True
    return Investigation.objects.filter(_is_instrument_scientist(person), pk=investigation.pk).exists()


def parts_in(person: Person, investigations: Collection[Investigation]) -> dict[int, set[str]]:
    """Return what a person is in each of these investigations, by their keys.

    Their role as an ``InvestigationUser``, ``instrument_scientist`` and ``staff``; an empty set for
    somebody without a part.
    """
    parts: dict[int, set[str]] = {one.pk: {"staff"} if _is_staff(person) else set() for one in investigations}
    if person.is_authenticated:
        rows = InvestigationUser.objects.filter(investigation__in=investigations, user=person)
        for investigation_id, role in rows.values_list("investigation_id", "role"):
            parts[investigation_id].add(role)
        own = Investigation.objects.filter(_is_instrument_scientist(person), pk__in=parts)
        for investigation_id in own.values_list("pk", flat=True):
            parts[investigation_id].add("instrument_scientist")
    return parts


def is_embargoed(investigation: Investigation) -> bool:
    """Whether only its own people see the investigation today."""
    return investigation.release_date is None or investigation.release_date > timezone.now()


def _is_staff(person: Person) -> bool:
    return person.is_active and person.is_staff


def _has_part(person: Person, **narrower: object) -> Exists | Q:
    if not person.is_authenticated:
        return Q(pk__in=[])
    rows = InvestigationUser.objects.filter(investigation=OuterRef("pk"), user=person, **narrower)
    return Exists(rows)


def _is_instrument_scientist(person: Person) -> Exists | Q:
    if not person.is_authenticated:
        return Q(pk__in=[])
    return Exists(Instrument.objects.filter(pk=OuterRef("instrument"), scientists=person))
