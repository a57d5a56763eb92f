"""The card of a scan or a cake shows all of it in a small map, and reads it a few frames at a time."""

import json
import tracemalloc

import h5py
import numpy as np
import pytest

from processing.block_maxima import BlockMaxima
from processing.nexus.ewoks_layout import new_ewoks_patterns
from processing.nexus.ewoks_places import EwoksPlace
from processing.nexus.pattern_layout import Axis
from processing.nexus.pattern_writer import FrameAxis, new_patterns, write_cake
from processing.summary import Summary
from processing.techniques.xrpd.summary import summarise
from workflows import InputError


def write_result(path, intensity, axes, *, info=None, **values):
    """A file as NXazint1d and NXazint2d define it: ``axes`` are the names, ``values`` (array, name, unit)."""
    with h5py.File(path, "w") as file:
        file.attrs.update(NX_class="NXroot", default="entry")
        entry = file.create_group("entry")
        entry.attrs.update(NX_class="NXentry", default="data")
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="I", axes=axes)
        data.create_dataset("I", data=intensity, chunks=True)
        for name, (axis, long_name, unit) in values.items():
            data[name] = axis
            data[name].attrs.update(long_name=long_name, units=unit)
        entry["reduction/input/program"] = "pyFAI"
        for name, value in (info or {}).items():
            entry[f"reduction/input/{name}"] = value
    return path


TWO_THETA = np.linspace(2, 20, 901)  # steps of 0.02 degrees


def ring(position, height=1000.0):
    return height * np.exp(-(((TWO_THETA - position) / 0.05) ** 2))


def pattern(*rings):
    return 100 + np.random.default_rng(0).normal(0, 1, TWO_THETA.size) + sum(rings)


def write_scan(path, frames, axes=(".", "radial_axis"), **values):
    return write_result(path, frames, list(axes), radial_axis=(TWO_THETA, "2theta", "deg"), **values)


def numbers_of(summary):
    return {number.name: number.value for number in summary.numbers}


def test_a_scan_has_a_map_of_its_patterns_and_their_mean(tmp_path):
    frames = np.stack([pattern(ring(10, height)) for height in (800.0, 1000.0, 1200.0)])

    summary = summarise(write_scan(tmp_path / "scan.nxs", frames))

    (heat_map,), (mean, levels) = summary.maps, summary.series
    assert (heat_map.x_label, heat_map.x_unit, heat_map.y_label) == ("2θ", "°", "frame")
    assert heat_map.y == [0, 1, 2]
    assert np.shape(heat_map.values) == (3, 256)
    assert [max(row) for row in heat_map.values] == pytest.approx([900, 1100, 1300], rel=0.02)
    assert heat_map.x[int(np.argmax(heat_map.values[0]))] == pytest.approx(10, abs=18 / 256)
    assert max(mean.y) == pytest.approx(1100, rel=0.01)
    assert levels.y == pytest.approx(frames.mean(axis=1), rel=1e-5)
    assert numbers_of(summary)["n_frames"] == 3
    assert numbers_of(summary)["n_peaks"] == 1


def test_a_ring_of_one_bin_in_one_frame_of_many_is_seen(tmp_path):
    frames = np.full((5000, TWO_THETA.size), 100, np.float32)
    frames[3210, 123] = 900

    (heat_map,) = summarise(write_scan(tmp_path / "scan.nxs", frames)).maps

    values = np.array(heat_map.values)
    assert values.shape == (64, 256)
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert values[row, column] == 900
    assert heat_map.y[row] == pytest.approx(3210, abs=5000 / 64)
    assert heat_map.x[column] == pytest.approx(TWO_THETA[123], abs=18 / 256)


def test_the_change_along_a_scan_is_that_of_the_shape_not_of_the_beam(tmp_path):
    steady = np.stack([factor * pattern(ring(10)) for factor in (1.0, 5.0, 2.0, 8.0)])
    begin, end = pattern() - 100 + 1, pattern() - 100 + 1
    begin[:], end[:] = 0, 0
    begin[100], end[100], end[200] = 4, 3, 1  # a quarter of the intensity has moved

    same = numbers_of(summarise(write_scan(tmp_path / "same.nxs", steady)))
    moved = numbers_of(summarise(write_scan(tmp_path / "moved.nxs", np.stack([begin, end]))))

    assert same["shape_change"] == pytest.approx(0, abs=1e-9)
    assert moved["shape_change"] == pytest.approx(25)


def test_frames_are_placed_by_the_axis_of_the_scan_where_it_leads_one_way(tmp_path):
    frames = np.stack([pattern(ring(10))] * 4)
    axes = ("temperature", "radial_axis")
    rising, falling_back = np.array([20.0, 40, 80, 160]), np.array([20.0, 40, 20, 40])

    heated = summarise(
        write_scan(tmp_path / "a.nxs", frames, axes, temperature=(rising, "temperature", "degC"))
    )
    cycled = summarise(
        write_scan(tmp_path / "b.nxs", frames, axes, temperature=(falling_back, "temperature", "degC"))
    )

    assert (heated.maps[0].y, heated.maps[0].y_label, heated.maps[0].y_unit) == (
        [20, 40, 80, 160],
        "temperature",
        "degC",
    )
    assert (numbers_of(heated)["scan_start"], numbers_of(heated)["scan_end"]) == (20, 160)
    assert (cycled.maps[0].y, cycled.maps[0].y_label) == ([0, 1, 2, 3], "frame")


def test_a_cake_has_a_map_over_the_azimuth_without_the_bins_that_no_pixel_lies_in(tmp_path):
    azimuth = np.arange(-175, 180, 10.0)
    cake = np.stack([pattern(ring(10))] * azimuth.size)
    cake[:9] = 0

    path = write_result(
        tmp_path / "cake.nxs",
        cake[None],
        [".", "azimuthal_axis", "radial_axis"],
        radial_axis=(TWO_THETA, "2theta", "deg"),
        azimuthal_axis=(azimuth, "azimuthal bin center", "degree"),
    )
    summary = summarise(path)

    (heat_map,), (mean,) = summary.maps, summary.series
    assert (heat_map.y_label, heat_map.y_unit, heat_map.y) == ("azimuth", "°", azimuth.tolist())
    assert heat_map.values[0] == [None] * 256
    assert max(heat_map.values[9]) == pytest.approx(1100, rel=0.02)
    assert max(mean.y) == pytest.approx(1100, rel=0.02)
    assert numbers_of(summary)["n_azimuths"] == 36
    assert "n_frames" not in numbers_of(summary)


def test_a_calibration_is_told_in_numbers_and_its_doubts_in_words(tmp_path):
    note = "Orientation 2 fits ten times better than 3."
    info = {
        "calibrant": "LaB6",
        "calibration_residual_deg": 0.00123456,
        "calibration_chi2": 1.2e-7,
        "calibration_note": note,
    }

    summary = summarise(write_scan(tmp_path / "a.nxs", pattern(ring(10))[None], info=info))

    numbers = {number.name: (number.value, number.unit) for number in summary.numbers}
    assert numbers["calibrant"] == ("LaB6", "")
    assert numbers["calibration_residual_deg"] == (0.001235, "°")
    assert numbers["calibration_chi2"][0] == 1.2e-7
    assert summary.notes == [note]


def test_what_was_not_measured_is_nothing_in_the_map_and_fit_for_json(tmp_path):
    frames = np.stack([pattern(ring(10)), np.full(TWO_THETA.size, np.nan), pattern(ring(10))])

    summary = summarise(write_scan(tmp_path / "scan.nxs", frames))

    assert summary.maps[0].values[1] == [None] * 256
    stored = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    assert Summary.from_dict(stored) == summary


def test_memory_does_not_grow_with_the_frames(tmp_path):
    def peak_of(n_frames):
        path = write_scan(tmp_path / f"{n_frames}.nxs", np.ones((n_frames, TWO_THETA.size), np.float32))
        tracemalloc.start()
        summarise(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(9_000) < 1.05 * peak_of(4_500)


def test_an_image_without_a_radial_axis_is_refused(tmp_path):
    path = write_result(tmp_path / "a.nxs", np.ones((4, 5)), [".", "."])

    with pytest.raises(InputError, match="without an axis"):
        summarise(path)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 1), (64, 256), (65, 257), (1000, 4096), (7, 300)])
def test_every_value_is_in_the_block_that_its_place_says(n_rows, n_columns):
    values = np.random.default_rng(1).random((n_rows, n_columns))
    maxima = BlockMaxima(n_rows, n_columns)
    for first in range(0, n_rows, 13):
        maxima.add(first, values[first : first + 13])

    n, m = maxima.shape
    rows = np.arange(n_rows) * n // n_rows
    columns = np.arange(n_columns) * m // n_columns
    expected = np.zeros((n, m))
    np.maximum.at(expected, (rows[:, None], columns[None]), values)
    assert np.array(maxima.values()) == pytest.approx(expected, rel=1e-3)
    centres = [np.arange(n_columns)[columns == block].mean() for block in range(m)]
    assert maxima.column_centres(np.arange(n_columns)) == pytest.approx(centres, rel=1e-5)


def test_a_summary_that_was_stored_before_there_were_maps_has_none():
    stored = json.loads(
        '{"technique": "xrpd", "numbers": [], "series": [], "tables": [], "notes": ["an old one"]}'
    )

    assert Summary.from_dict(stored) == Summary("xrpd", notes=["an old one"])


@pytest.mark.parametrize("quantity", [("2theta", "deg", "2θ", "°"), ("q", "1/nm", "q", "nm⁻¹")])
def test_what_our_writers_store_is_shown_with_its_axes(tmp_path, quantity):
    name, unit, label, sign = quantity
    frames = np.stack([pattern(ring(TWO_THETA[400]))] * 3)
    common = {"radial": TWO_THETA, "quantity": name, "unit": unit, "info": {"geometry": {"dist": 0.25}}}
    axis = FrameAxis("temperature", [300.0, 400.0, 500.0], "K")
    with new_patterns(tmp_path / "scan.nxs", with_errors=True, frame_axis=axis, **common) as writer:
        for frame in frames:
            writer.append(frame[None], np.sqrt(frame)[None])
    with new_patterns(tmp_path / "counted.nxs", with_errors=False, **common) as writer:
        writer.append(frames, None)
    azimuth = np.array([-90.0, 0, 90])
    write_cake(tmp_path / "cake.nxs", azimuthal=azimuth, intensity=frames, sigma=None, **common)

    scan, counted, cake = (summarise(tmp_path / f"{name}.nxs") for name in ("scan", "counted", "cake"))

    assert {(one.maps[0].x_label, one.maps[0].x_unit) for one in (scan, counted, cake)} == {(label, sign)}
    assert (scan.maps[0].y_label, scan.maps[0].y_unit, scan.maps[0].y) == (
        "temperature",
        "K",
        [300, 400, 500],
    )
    assert (counted.maps[0].y_label, counted.maps[0].y) == ("frame", [0, 1, 2])
    assert (cake.maps[0].y_label, cake.maps[0].y_unit, cake.maps[0].y) == ("azimuth", "°", azimuth.tolist())
    for one in (scan, counted, cake):
        assert np.nanmax(np.array(one.maps[0].values, dtype=float)) == pytest.approx(1100, rel=0.01)
        assert numbers_of(one)["distance"] == 250
        assert numbers_of(one)["n_peaks"] == 1


def test_patterns_in_the_layout_of_ewoksxrpd_are_shown_alike(tmp_path):
    frames = np.stack([pattern(ring(TWO_THETA[400]))] * 3)
    place = EwoksPlace(f"{tmp_path / 'scan.h5'}::/1.1")
    axes = [Axis(TWO_THETA, "2theta", "deg")]
    with new_ewoks_patterns(place, axes=axes, with_errors=False) as writer:
        writer.append(frames, None)

    summary = summarise(tmp_path / "scan.h5")

    assert (summary.maps[0].x_label, summary.maps[0].x_unit) == ("2θ", "°")
    assert (numbers_of(summary)["n_frames"], numbers_of(summary)["n_peaks"]) == (3, 1)
