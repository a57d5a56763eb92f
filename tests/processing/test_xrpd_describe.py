"""A scan says what it is: how many frames, of what, how long, in which beam."""

import h5py
import pytest

from processing.simulated_scan import write_powder_scan
from processing.techniques.xrpd.describe import describe


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("layout", ["bliss", "nexus"])
def test_a_scan_is_described_by_its_own_file(tmp_path, layout):
    write_powder_scan(
        tmp_path, n_frames=5, detector="Pilatus100k", layout=layout, exposure_s=0.25, frames_per_file=2
    )

    found = describe(files_below(tmp_path), [tmp_path])

    assert found["XRPD_image_frames"] == 5
    assert (found["XRPD_image_rows"], found["XRPD_image_columns"]) == (195, 487)
    assert found["HTXRPD_exposureTime"] == 0.25
    assert found["InstrumentMonochromator_energy"] == pytest.approx(38.0)
    assert found["InstrumentDetector01_distance"] == pytest.approx(0.25)
    assert found["XRPD_geometry_dist"] == pytest.approx(0.25)
    assert (found["scan_description"], found["scanType"]) == ("loopscan 5 0.25", "loopscan")
    assert found["Sample_name"] == "LaB6"
    assert found.get("scanNumber") == (1 if layout == "bliss" else None)


@pytest.mark.parametrize(
    ("title", "scan_type"),
    [
        ("fscan samz 0 1.5 10 0.1", "fscan"),
        ("ascan  th -1 1 20 .1", "ascan"),
        ("ct 1", "ct"),
        ("LaB6 at 300 K", None),
        ("lab6 measured twice", None),
        ("loopscan", None),
        ("", None),
    ],
)
def test_the_scan_type_is_the_command_that_a_title_begins_with(tmp_path, title, scan_type):
    written = write_powder_scan(tmp_path, n_frames=1, detector="Pilatus100k", layout="nexus")
    with h5py.File(written.path, "r+") as file:
        del file["entry/title"]
        file["entry/title"] = title

    found = describe([written.path])

    assert found.get("scanType") == scan_type
    assert found.get("scan_description") == (title or None)


def test_exposures_of_lima_are_found_without_a_unit(tmp_path):
    written = write_powder_scan(tmp_path, n_frames=2, detector="Pilatus100k")
    with h5py.File(written.path, "r+") as file:
        detector = file["1.1/instrument/pilatus"]
        del detector["count_time"]
        detector["acq_parameters/acq_expo_time"] = 0.02

    assert describe([written.path])["HTXRPD_exposureTime"] == 0.02


def test_a_scan_whose_frames_are_gone_still_tells_the_rest(tmp_path):
    written = write_powder_scan(tmp_path, n_frames=2, detector="Pilatus100k")
    for file in (tmp_path / "scan0001").iterdir():
        file.unlink()

    found = describe([written.path])

    assert found["InstrumentMonochromator_energy"] == pytest.approx(38.0)
    assert "XRPD_image_frames" not in found
