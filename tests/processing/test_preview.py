"""The plot that a page without scripts shows: the one that the file names, with nothing lost."""

import base64
import struct
import zlib

import h5py
import numpy as np
import pytest

from processing.nexus.guard import open_h5
from processing.nexus.picture import CLIPPED_PERCENTILES, MAX_SIDE, picture_of
from processing.nexus.preview import MAX_COLUMNS, plot_of

MAX_BYTES = 1 << 20


def nxdata(file, path, **attributes):
    group = file.create_group(path)
    group.attrs.update(NX_class="NXdata", **attributes)
    return group


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        curve = nxdata(file, "entry/curve", signal="I", axes=["q"])
        file["entry"].attrs["default"] = "curve"
        curve["I"] = np.array([1.0, 5.0, np.nan, 2.0])
        curve["I"].attrs.update(units="counts", long_name="Intensity")
        curve["q"] = [0.0, 0.1, 0.2, 0.3]
        curve["q"].attrs["units"] = "1/nm"
        images = nxdata(file, "entry/images", signal="data", axes=[".", "y", "x"])
        images["data"] = np.arange(24).reshape(2, 3, 4)
        patterns = nxdata(file, "entry/patterns", signal="I", axes=[".", "q"])
        patterns["I"] = np.arange(6.0).reshape(2, 3)
        patterns["I"].attrs["interpretation"] = "spectrum"
        patterns["q"] = [1.0, 2.0, 4.0]
        file["entry/title"] = "no plot"
    return path


def plot(path, h5path="/", **options):
    with open_h5(path) as file:
        return plot_of(file, h5path, **{"max_bytes": MAX_BYTES, **options})


def pixels(png):
    """Decode the palette images that are made here: width, height and colour numbers."""
    columns, rows = struct.unpack(">II", png[16:24])
    data = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def test_a_file_shows_the_plot_that_it_names_with_its_axis_and_units(path):
    shown = plot(path)

    assert shown["kind"] == "curve"
    assert shown["points"] == [[0.0, 1.0], [0.1, 5.0], [0.3, 2.0]]
    assert shown["x"] == {"label": "q", "unit": "1/nm"}
    assert shown["y"] == {"label": "Intensity", "unit": "counts"}
    assert (shown["low"], shown["high"], shown["n_points"]) == (1.0, 5.0, 3)


def test_a_frame_of_a_stack_is_shown_and_counted(path):
    shown = plot(path, "/entry/images", frame=1)

    assert (shown["kind"], shown["frame"], shown["n_frames"]) == ("image", 1, 2)
    assert pixels(base64.b64decode(shown["png"])).shape == (3, 4)
    assert plot(path, "/entry/images", frame=99)["frame"] == 1


def test_a_stack_of_patterns_is_shown_one_curve_at_a_time(path):
    assert plot(path, "/entry/patterns", frame=1)["points"] == [[1.0, 3.0], [2.0, 4.0], [4.0, 5.0]]


def test_a_dataset_is_shown_against_its_index(path):
    assert plot(path, "/entry/curve/q")["points"][1] == [1.0, 0.1]


@pytest.mark.parametrize(("h5path", "words"), [("/entry/title", "not a curve"), ("/other", "no /other")])
def test_where_there_is_no_plot_the_reason_is_told(path, h5path, words):
    shown = plot(path, h5path)

    assert shown["kind"] == "none"
    assert words in shown["reason"]


def test_defaults_in_a_circle_end(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "."

    assert plot(path)["kind"] == "none"


def test_a_frame_that_is_too_large_is_not_read(path):
    assert "too large" in plot(path, "/entry/images", max_bytes=10)["reason"]


def test_a_long_curve_keeps_every_peak(tmp_path):
    values = np.zeros(100_001)
    values[[17, 50_000, 99_999]] = [3.0, -7.0, 11.0]
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = values

    points = plot(path, "/x")["points"]

    assert len(points) <= 2 * MAX_COLUMNS
    assert {(17.0, 3.0), (50_000.0, -7.0), (99_999.0, 11.0)} <= set(map(tuple, points))


def test_a_bright_spot_stays_visible_in_a_small_picture_with_the_first_row_at_the_bottom():
    image = np.zeros((2000, 1000))
    image[:20] = 1  # 1 % of the pixels, so that the colours reach as far
    image[1999, 999] = 100

    png, low, high = picture_of(image)

    shown = pixels(png)
    assert max(shown.shape) <= MAX_SIDE
    assert shown[0, -1] == shown.max() == 255
    assert shown[-1, 0] > shown[1, 0]
    assert (low, high) == tuple(np.percentile(image, CLIPPED_PERCENTILES))


def test_what_is_not_finite_has_a_colour_of_its_own():
    png, *_ = picture_of(np.array([[1.0, np.nan], [2.0, np.inf]]))
    empty, *limits = picture_of(np.full((2, 2), np.nan))

    assert pixels(png).tolist() == [[255, 0], [1, 0]]
    assert limits == [None, None]
    assert not pixels(empty).any()
