"""Registering a folder: rows with what the files themselves say."""

import os
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from portal.access.rules import may_process
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset, Facility, Instrument, Investigation
from portal.ingest.services import register_folder
from processing.simulation import write_powder_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture
def investigation():
    facility = Facility.objects.create(name="Test source")
    instrument = Instrument.objects.create(facility=facility, name="T1")
    return Investigation.objects.create(instrument=instrument, name="TE-1")


@pytest.fixture
def folder(tmp_path, settings):
    """A raw folder with one measurement, as a facility stores it, and a note beside it."""
    settings.RAW_ROOTS = [tmp_path]
    written = write_powder_dataset(
        tmp_path / "quartz" / "run1", calibrant="Si", energy_kev=40.0, detector="Pilatus300k", name="image"
    )
    os.utime(written.image, (1_700_000_000, 1_700_000_000))
    (tmp_path / "note.txt").write_text("a note")
    return tmp_path


def test_a_registered_dataset_has_what_its_files_say(investigation, folder):
    [dataset] = register_folder(investigation, folder)

    assert (dataset.name, dataset.sample.name, dataset.technique.acronym) == ("run1", "quartz", "XRPD")
    assert dataset.location == str(folder / "quartz" / "run1")
    assert list(dataset.datafiles.values_list("name", flat=True)) == ["image.h5", "image.poni", "truth.json"]
    assert dataset.energy_kev == pytest.approx(40.0)
    assert dataset.parameters["XRPD_geometry_dist"] == pytest.approx(0.25)
    assert dataset.started_at == datetime.fromtimestamp(1_700_000_000, tz=UTC)


def test_a_folder_registered_twice_is_there_once(investigation, folder):
    first = register_folder(investigation, folder)
    second = register_folder(investigation, folder)

    assert first == second
    assert Dataset.objects.count() == 1
    assert Dataset.objects.get().datafiles.count() == 3


def test_a_loose_image_is_described_with_its_own_files_alone(investigation, folder):
    for file in (folder / "quartz" / "run1").glob("image.*"):
        file.rename(folder / file.name)
    (folder / "quartz" / "run1" / "truth.json").unlink()

    [dataset] = register_folder(investigation, folder)

    assert dataset.location == str(folder / "image.h5")
    assert dataset.parameters["XRPD_geometry_dist"] == pytest.approx(0.25)


def test_a_damaged_image_is_registered_all_the_same(investigation, folder):
    (folder / "quartz" / "run1" / "image.h5").write_bytes(b"not an HDF5 file")

    [dataset] = register_folder(investigation, folder)

    assert dataset.file_count == 3


def test_a_folder_elsewhere_is_refused(investigation, folder, settings):
    settings.RAW_ROOTS = [folder / "quartz"]

    with pytest.raises(InvalidInput, match="REPRISE_RAW_ROOTS"):
        register_folder(investigation, folder)


def test_the_command_tells_each_dataset_and_what_it_left_aside(investigation, folder, capsys):
    call_command("register_folder", str(folder), investigation="TE-1", instrument="T1")

    run1, note, total = capsys.readouterr().out.splitlines()
    assert run1 == f"registered  {folder}/quartz/run1: 3 files"
    assert note == f"left aside  {folder}/note.txt: is neither an image nor named like one"
    assert total == "1 datasets of TE-1 (T1) are registered."


@pytest.mark.parametrize(
    ("investigation_name", "place", "told"),
    [("TE-2", ".", "There is no visit 1 of investigation TE-2 on T1"), ("TE-1", "nowhere", "does not exist")],
)
def test_the_command_says_what_is_missing(investigation, folder, investigation_name, place, told):
    with pytest.raises(CommandError, match=told):
        call_command(
            "register_folder", str(folder / place), investigation=investigation_name, instrument="T1"
        )


def test_a_portal_with_data_of_its_own_takes_no_demo_logins(investigation):
    with pytest.raises(CommandError, match="known passwords"):
        call_command("load_demo")

    assert not get_user_model().objects.exists()


def test_the_demo_takes_real_files_instead_of_simulated_ones(folder):
    call_command("load_demo", data=folder)

    [dataset] = Dataset.objects.all()
    demo = get_user_model().objects.get(username="demo")
    assert dataset.name == "run1"
    assert may_process(demo, dataset.investigation)
