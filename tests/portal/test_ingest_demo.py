"""The demo facility: who sees what, and loading it again."""

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from portal.access.rules import investigations_processable_by, investigations_visible_to
from portal.catalogue.models import Dataset, Instrument, Investigation, LogbookEvent
from portal.ingest.demo import LOGINS, load_demo
from portal.jobs.models import Job, Pipeline
from portal.jobs.services import sync_pipelines
from processing.pipelines import shipped_pipelines

pytestmark = pytest.mark.django_db
OPEN = {"CH-6241", "ES-0871", "ED-0034"}


@pytest.fixture(scope="module")
def facility(django_db_setup, django_db_blocker):
    """The loaded demo; rows that a test changes come back, the module's own go at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        sync_pipelines(list(shipped_pipelines()))
        load_demo()
        yield
        transaction.set_rollback(True)


def named(names):
    return set(names.values_list("name", flat=True))


def user(name):
    return get_user_model().objects.get(username=name)


def test_the_demo_shows_a_facility_at_work(facility):
    open_today = Investigation.objects.filter(release_date__lte=timezone.now())
    years = {visit.start_date.year for visit in Investigation.objects.all()}

    assert Instrument.objects.count() == 3
    assert named(open_today) == OPEN
    assert set(open_today.values_list("licence", flat=True)) == {"CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0"}
    assert Investigation.objects.count() - len(OPEN) >= 3
    assert 30 <= Dataset.objects.count() <= 40
    assert len(years) >= 4
    for investigation in Investigation.objects.all():
        assert 2 <= investigation.samples.count() <= 4


def test_last_week_a_series_of_cerium_oxide_was_measured_that_the_demo_person_may_process(facility):
    last_week = timezone.now() - timedelta(days=8)
    series = Dataset.objects.filter(sample__formula="CeO2", started_at__gt=last_week).order_by("started_at")

    visit = series.first().investigation

    assert list(series.values_list("name", flat=True)) == [
        f"ceria_{kelvin:04}K" for kelvin in (298, 400, 500, 600, 700, 800, 900)
    ]
    assert "cerium oxide" in visit.title
    assert visit in investigations_processable_by(user("demo"))


def test_each_demo_dataset_can_be_processed_as_it_is(facility):
    for dataset in Dataset.objects.all():
        assert {"InstrumentMonochromator_energy", "XRPD_geometry_dist"} <= set(dataset.parameters)
        assert Path(dataset.location).is_dir()
        assert all(file.sha256 for file in dataset.datafiles.all())


def test_the_rising_exposures_of_the_series_are_read_from_its_files(facility):
    series = Dataset.objects.filter(sample__name="nickel support").order_by("started_at")

    exposures = [dataset.parameters["HTXRPD_exposureTime"] for dataset in series]

    assert exposures == [0.05, 0.2, 1.0, 5.0, 20.0]


def test_there_is_a_scan_of_a_calibrant_and_an_image_to_calibrate_with(facility):
    scan, image = (Dataset.objects.get(name=name) for name in ("lab6_loopscan", "lab6_calibration"))

    assert scan.parameters["XRPD_image_frames"] == 60
    assert (scan.parameters["scanType"], scan.parameters["HTXRPD_exposureTime"]) == ("loopscan", 0.1)
    assert {"lab6_loopscan.h5", "lab6_loopscan.poni"} <= named(scan.datafiles)
    assert image.parameters["XRPD_image_frames"] == 1
    assert scan.investigation in investigations_processable_by(user("demo"))
    scans = LogbookEvent.objects.filter(dataset=scan).order_by("id").values_list("text", flat=True)
    assert scans[0] == "loopscan(60, 0.1, pilatus300k)"


def test_each_login_works_and_sees_its_part(facility):
    all_visits = named(Investigation.objects)

    for login in LOGINS:
        assert user(login.name).check_password(login.password)
    assert named(investigations_visible_to(AnonymousUser())) == OPEN
    assert named(investigations_visible_to(user("demo"))) == OPEN | {"MA-5873"}
    assert named(investigations_processable_by(user("demo"))) == {"MA-5873", "ES-0871"}
    assert named(investigations_visible_to(user("beamline"))) == OPEN | {"HC-5310"}
    assert named(investigations_processable_by(user("beamline"))) == {"HC-5310", "ES-0871", "ED-0034"}
    assert named(investigations_processable_by(user("scientist"))) == all_visits
    assert [login.name for login in LOGINS if user(login.name).is_staff] == ["scientist"]


def test_nobody_logs_in_as_one_of_the_invented_people(facility):
    assert not user("tanaka").has_usable_password()


def test_the_logbook_tells_commands_moves_errors_and_what_people_noted(facility):
    events = LogbookEvent.objects.filter(investigation__name="MA-5873").order_by("at", "id")
    of_dataset = events.filter(dataset__name="ceria_0800K")

    texts = list(of_dataset.values_list("text", flat=True))

    assert set(events.values_list("category", flat=True)) == {"commandline", "info", "comment", "error"}
    assert texts[:2] == ["sct(2, pilatus1m)", "Start ct 2 s on pilatus1m."]
    assert any("Beam lost" in text for text in texts)
    assert "Detector distance changed to 0.3 m." in set(events.values_list("text", flat=True))
    assert all((event.type == "annotation") == (event.author is not None) for event in events)
    assert all(visit.logbook_events.exists() for visit in Investigation.objects.all())


def test_there_are_results_to_compare_and_one_job_that_will_fail(facility):
    asked = Job.objects.filter(dataset__name="ceria_0900K").order_by("created_at")
    with_foreign_mask = Job.objects.get(parameters__has_key="mask")
    mask = with_foreign_mask.dataset.datafiles.get(pk=with_foreign_mask.parameters["mask"])

    points = [job.parameters["n_points"] for job in asked]

    assert points == [1000, 3000]
    assert mask.name == "mask_pilatus300k.npy"
    assert np.load(f"{with_foreign_mask.dataset.location}/{mask.name}").shape == (619, 487)
    assert with_foreign_mask.submitted_by == user("demo")


def test_the_series_is_one_batch_and_what_people_asked_for_is_not(facility):
    series = Job.objects.filter(dataset__sample__name="cerium oxide on nickel")

    batches = series.exclude(batch=None).values_list("batch", flat=True)

    assert len(batches) == 7
    assert len(set(batches)) == 1
    assert set(series.filter(batch=None).values_list("submitted_by__username", flat=True)) == {
        "demo",
        "tanaka",
    }


@pytest.fixture
def rows():
    """Return all that the demo stored."""

    def rows():
        tables = (Dataset, Job, LogbookEvent, Investigation)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    return rows


def test_loading_again_changes_nothing(facility, rows):
    before, lines = rows(), []

    load_demo(report=lines.append)

    assert lines == []
    assert rows() == before


def test_a_pipeline_that_was_switched_off_does_not_stop_the_demo(facility):
    Pipeline.objects.update(enabled=False)
    Job.objects.all().delete()

    load_demo()

    assert not Job.objects.exists()


def test_what_an_interrupted_loading_left_is_completed(facility):
    half_written, lost = Dataset.objects.filter(investigation__name="HC-5310")[:2]
    Dataset.objects.filter(pk=half_written.pk).delete()
    next(Path(half_written.location).glob("*.h5")).unlink()
    shutil.rmtree(lost.location)
    lines = []

    load_demo(report=lines.append)

    assert len(lines) == 2
    assert Path(lost.location).is_dir()
    assert Dataset.objects.get(location=half_written.location).file_count == half_written.file_count
