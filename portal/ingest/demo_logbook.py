"""The e-logbook of the demo's investigations, as the acquisition's programs and people would write it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from portal.catalogue.models import Dataset, Investigation, LogbookEvent
from portal.ingest.demo_content import Category, Measurement, Note, Visit

__all__ = ["ensure_logbook"]

SOFTWARE = "BLISS"


@transaction.atomic
def ensure_logbook(investigation: Investigation, visit: Visit) -> None:
    """Write the entries of a visit whose datasets are all registered, unless there are any."""
    if investigation.logbook_events.exists():
        return
    measured = Dataset.objects.filter(investigation=investigation, type=Dataset.Type.ACQUISITION)
    datasets = {dataset.name: dataset for dataset in measured}
    people = {user.username: user for user in User.objects.filter(username__in=visit.people)}
    events = sorted(_events(visit, datasets, people), key=lambda event: event.at)
    for event in events:
        event.investigation = investigation
    LogbookEvent.objects.bulk_create(events)


def _events(
    visit: Visit, datasets: Mapping[str, Dataset], people: Mapping[str, User]
) -> Iterator[LogbookEvent]:
    before: Measurement | None = None
    for sampled in visit.samples:
        is_first = True
        for measurement in sampled.measurements:
            # A visitor of the demo may have removed one.
            dataset = datasets.get(measurement.name)
            if dataset is None:
                continue
            at = dataset.sorted_at
            if is_first:
                yield _told(at - timedelta(minutes=9), f'newsample("{sampled.name}")', Category.COMMANDLINE)
                yield _told(at - timedelta(minutes=9), f"Sample changed to {sampled.name}.")
            yield from _moved(at - timedelta(minutes=4), before, measurement)
            yield from _measured(at, visit, measurement, dataset)
            yield from (_noted(at, note, dataset, people) for note in measurement.notes)
            before, is_first = measurement, False


def _moved(at: datetime, before: Measurement | None, now: Measurement) -> Iterator[LogbookEvent]:
    if before is None or before.energy_kev != now.energy_kev:
        yield _told(at, f"umv(energy, {now.energy_kev:g})", Category.COMMANDLINE)
        yield _told(at + timedelta(seconds=40), f"Photon energy changed to {now.energy_kev:g} keV.")
    if before is None or before.distance_m != now.distance_m:
        yield _told(at + timedelta(minutes=1), f"umv(detz, {now.distance_m * 1e3:g})", Category.COMMANDLINE)
        yield _told(
            at + timedelta(minutes=1, seconds=25), f"Detector distance changed to {now.distance_m:g} m."
        )


def _measured(
    at: datetime, visit: Visit, measurement: Measurement, dataset: Dataset
) -> Iterator[LogbookEvent]:
    detector, exposure = (measurement.detector or visit.detector).lower(), f"{measurement.exposure_s:g}"
    frames = measurement.n_frames
    name, given = ("loopscan", f"{frames}, {exposure}") if frames > 1 else ("ct", exposure)
    end = at + timedelta(seconds=frames * measurement.exposure_s + 1)
    command = f"loopscan({given}, {detector})" if frames > 1 else f"sct({given}, {detector})"
    yield _told(at, command, Category.COMMANDLINE, dataset)
    yield _told(at, f"Start {name} {given.replace(',', '')} s on {detector}.", dataset=dataset)
    count = f"{frames} frame{'s' if frames > 1 else ''}"
    yield _told(end, f"End {name}: {count} of {exposure} s saved to {measurement.name}.h5.", dataset=dataset)


def _told(
    at: datetime, text: str, category: Category = Category.INFO, dataset: Dataset | None = None
) -> LogbookEvent:
    return LogbookEvent(at=at, text=text, category=category, dataset=dataset, software=SOFTWARE)


def _noted(started: datetime, note: Note, dataset: Dataset, people: Mapping[str, User]) -> LogbookEvent:
    at = started + timedelta(minutes=note.after_min)
    if not note.by:
        return _told(at, note.text, note.category, dataset)
    return LogbookEvent(
        at=at,
        text=note.text,
        category=note.category,
        type=LogbookEvent.Type.ANNOTATION,
        dataset=dataset,
        author=people.get(note.by),
    )
