"""A scan of BLISS becomes one dataset, offered for what is made for scans and asked for with its own file."""

import pytest

from portal.ingest.services import register_folder
from portal.jobs.offers import offers_for
from portal.jobs.prefill import choosable_files, prefilled_parameters
from processing.simulated_scan import write_powder_scan
from tests.factories import make_pipeline


@pytest.fixture
def scan(investigation, tmp_path, settings):
    """The file of the scan comes after its folder ``scan0001`` in the alphabet."""
    settings.RAW_ROOTS = [tmp_path]
    folder = tmp_path / "zeolite" / "zeolite_0001"
    written = write_powder_scan(folder, n_frames=4, detector="Pilatus100k", frames_per_file=2)
    written.path.rename(folder / "zeolite_0001.h5")
    [dataset] = register_folder(investigation, tmp_path)
    return dataset


def test_a_scan_with_its_folder_of_frames_is_one_dataset(scan):
    assert (scan.name, scan.sample.name) == ("zeolite_0001", "zeolite")
    assert {"zeolite_0001.h5", "scan0001/pilatus_0000.h5"} <= set(
        scan.datafiles.values_list("name", flat=True)
    )
    assert scan.parameters["XRPD_image_frames"] == 4
    assert scan.parameters["scanType"] == "loopscan"


@pytest.mark.parametrize(
    ("scan_type", "is_offered"), [("loopscan", True), (["ascan", "loopscan"], True), ("ct", False)]
)
def test_a_pipeline_for_scans_is_offered_by_the_scan_type(scan, participant, scan_type, is_offered):
    pipeline = make_pipeline()
    pipeline.graph["graph"]["keywords"] = {"definition": ["XRPD"], "scanType": scan_type}
    pipeline.save()

    (offer,) = offers_for(participant, [scan])

    assert offer.is_offered is is_offered


def test_the_form_starts_with_the_scans_own_file_and_what_it_says(scan):
    frames = {"type": "integer", "populate": [{"type": "parameter", "value": "XRPD_image_frames"}]}
    pipeline = make_pipeline(frames=frames)

    values = prefilled_parameters(pipeline, scan)

    assert scan.datafiles.get(pk=values["image"]).name == "zeolite_0001.h5"
    assert values["energy"] == pytest.approx(38.0)
    assert values["frames"] == 4


def test_files_to_choose_from_begin_with_those_that_are_not_in_folders(scan):
    names = list(choosable_files([scan], {"accept": [".h5"]}).values_list("name", flat=True))

    assert names == ["zeolite_0001.h5", "scan0001/pilatus_0000.h5", "scan0001/pilatus_0001.h5"]
