"""The demo facility: who sees what, and loading it again."""

import shutil
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from portal.access.rules import investigations_processable_by, investigations_visible_to
from portal.catalogue.models import Dataset, Instrument, Investigation
from portal.ingest.demo import LOGINS, load_demo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def facility(django_db_setup, django_db_blocker):
    """The loaded demo; rows that a test changes come back, the module's own go at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo()
        yield
        transaction.set_rollback(True)


def named(names):
    return set(names.values_list("name", flat=True))


def user(name):
    return get_user_model().objects.get(username=name)


def test_the_demo_shows_a_facility_at_work(facility):
    open_today = Investigation.objects.filter(release_date__lte=timezone.now())

    assert Instrument.objects.count() == 2
    assert named(open_today) == {"CH-6241"}
    assert set(open_today.values_list("licence", flat=True)) == {"CC-BY-4.0"}
    assert 18 <= Dataset.objects.count() <= 25
    for investigation in Investigation.objects.all():
        assert 2 <= investigation.samples.count() <= 4


def test_each_demo_dataset_can_be_processed_as_it_is(facility):
    for dataset in Dataset.objects.all():
        assert {"InstrumentMonochromator_energy", "XRPD_geometry_dist"} <= set(dataset.parameters)
        assert Path(dataset.location).is_dir()
        assert all(file.sha256 for file in dataset.datafiles.all())


def test_the_rising_exposures_of_the_series_are_read_from_its_files(facility):
    series = Dataset.objects.filter(sample__name="nickel support").order_by("started_at")

    exposures = [dataset.parameters["HTXRPD_exposureTime"] for dataset in series]

    assert exposures == [0.05, 0.2, 1.0, 5.0, 20.0]


def test_both_logins_work_and_see_their_part(facility):
    for login in LOGINS:
        assert user(login.name).check_password(login.password)
    assert named(investigations_visible_to(AnonymousUser())) == {"CH-6241"}
    assert named(investigations_visible_to(user("demo"))) == {"CH-6241", "MA-5873"}
    assert named(investigations_processable_by(user("demo"))) == {"MA-5873"}
    assert named(investigations_processable_by(user("scientist"))) == {"CH-6241", "MA-5873", "HC-5310"}


def test_nobody_logs_in_as_one_of_the_invented_people(facility):
    assert not user("tanaka").has_usable_password()


def test_loading_again_changes_nothing(facility):
    before = list(Dataset.objects.order_by("pk").values())
    lines = []

    load_demo(report=lines.append)

    assert lines == []
    assert list(Dataset.objects.order_by("pk").values()) == before


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
