"""Patterns and cakes are saved as valid NeXus, in ewoksxrpd's layout and as text."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from processing.nexus.ewoks_layout import EwoksPlace, ewoks_axis, new_ewoks_patterns
from processing.nexus.guard import open_h5
from processing.nexus.streamed_file import streamed_file
from processing.nexus.writer import check_output
from processing.techniques.xrpd.tasks.ascii import SaveAsciiMultiPattern1D, SaveAsciiPattern1D
from processing.techniques.xrpd.tasks.nexus import (
    SaveNexusIntegrated,
    SaveNexusMultiPattern1D,
    SaveNexusPattern1D,
)
from tests.processing.nexus_validators import assert_valid
from workflows import InputError

X = np.linspace(1, 20, 200)
Y = (100 + 50 * np.exp(-((X - 10) ** 2))).astype("f4")
STACK = Y * np.arange(1, 4, dtype="f4")[:, None]
CURVE = {"x": X, "y": Y, "xunits": "2th_deg"}
INFO = {
    "program": "pyFAI",
    "version": "2026.9.0",
    "method": "full/csr/cython",
    "wavelength_m": 1e-10,
    "energy_kev": 12.3984,
    "correct_solid_angle": True,
    "image_file": "/data/secret/quartz.h5",
}
THEIR_INFO = {
    "detector": "Pilatus1M",
    "wavelength": 1e-10,
    "energy": 12.3984,
    "dist": 0.2,
    "poni1": 0.1,
    "polarization_factor": 0.99,
    "monitor_value": 500.0,
    "reference_value": 1000.0,
}


def save(task_class, **inputs):
    task = task_class(inputs=inputs)
    task.execute()
    return task.get_output_values()


@pytest.mark.parametrize("info", [INFO, THEIR_INFO])
def test_a_filename_gets_a_valid_file_whoever_integrated(tmp_path, info):
    pytest.importorskip("nexusformat")
    path = tmp_path / "a.nxs"

    saved = save(SaveNexusPattern1D, filename=path, **CURVE, yerror=np.sqrt(Y), header=info)

    assert saved == {"saved": True, "path": str(path)}
    assert_valid(path, "NXazint1d")
    with h5py.File(path) as file:
        assert file["entry/solid_angle_applied"][()]
        assert file["entry/monitor_applied"][()] == ("monitor_value" in info)
        assert file["entry/instrument/monochromator/wavelength"][()] == pytest.approx(1.0)
        assert np.array_equal(file["entry/data/I"][0], Y)


def test_a_url_gets_the_layout_of_ewoksxrpd_and_both_get_both(tmp_path):
    url, path = f"{tmp_path}/new/b.h5?path=/1.1/process", tmp_path / "a.nxs"
    names = {"radial": X, "intensity": Y, "radial_units": "q_nm^-1", "intensity_error": Y}

    save(SaveNexusPattern1D, url=url, filename=path, **names, info={"npt": np.int64(200)})

    check_output(path)
    check_output(tmp_path / "new/b.h5")
    with h5py.File(tmp_path / "new/b.h5") as file:
        process = file["1.1/process/integrate"]
        assert json.loads(process["configuration/data"].asstr()[()]) == {"npt": 200}
        assert process["integrated/q"].attrs["units"] == "nm^-1"
        assert np.array_equal(file["1.1/process/measurement/integrated"], Y)


def test_a_result_is_added_to_a_file_and_its_name_is_taken_then(tmp_path):
    url = f"{tmp_path}/a.h5::/1.1"
    save(SaveNexusPattern1D, url=url, **CURVE)
    save(SaveNexusPattern1D, url=url, **CURVE, nxprocess_name="again", nxmeasurement_name="again")
    before = (tmp_path / "a.h5").read_bytes()

    with pytest.raises(InputError, match="already has again"):
        save(SaveNexusPattern1D, url=url, **CURVE, nxprocess_name="again")

    assert (tmp_path / "a.h5").read_bytes() == before
    assert list(tmp_path.iterdir()) == [tmp_path / "a.h5"]
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file["1.1"]) == {"integrate", "again", "measurement"}


def test_a_file_that_another_program_changes_meanwhile_keeps_what_that_program_wrote(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["old"] = 1

    def add():
        with streamed_file(path, add=True) as streamed:
            streamed.file["ours"] = 2
            with h5py.File(path, "a") as file:
                file["theirs"] = np.arange(1000)

    with pytest.raises(InputError, match="changed by another program"):
        add()
    with h5py.File(path) as file:
        assert set(file) == {"old", "theirs"}


def test_a_result_in_another_file_is_reached_through_links(tmp_path):
    (tmp_path / "sub").mkdir()
    url, external = f"{tmp_path}/a.h5::/1.1", f"{tmp_path}/sub/b.h5::/9.1"

    save(SaveNexusPattern1D, url=url, external_url=external, **CURVE)

    with open_h5(tmp_path / "a.h5") as file:
        assert np.array_equal(file["1.1/integrate/integrated/intensity"].read(), Y)
        assert np.array_equal(file["1.1/measurement/integrated"].read(), Y)


def test_a_scan_in_the_layout_of_ewoksxrpd_is_written_as_it_comes(tmp_path):
    place = EwoksPlace(f"{tmp_path}/a.h5::/1.1", process_name="eiger_integrate", measurement_name="eiger")
    axes = [ewoks_axis("radial", X, "2th_deg")]

    about = {"info": INFO, "metadata": {"title": "LaB6"}}
    with new_ewoks_patterns(place, axes=axes, with_errors=True, **about) as writer:
        writer.append(STACK[:1], STACK[:1], counters={"monitor": [5]})
        with open_h5(writer.path) as growing:
            assert growing["1.1/eiger_integrate/integrated/intensity"].read().shape == (1, 200)
        writer.append(STACK[1:], STACK[1:], counters={"monitor": [6, 7]})

    assert writer.url == f"{tmp_path}/a.h5::/1.1/eiger_integrate/integrated"
    check_output(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        data = file["1.1/eiger_integrate/integrated"]
        assert list(data.attrs["axes"]) == ["points", "2th"]
        assert list(data["points"]) == [0, 1, 2]
        assert np.array_equal(file["1.1/measurement/eiger"], STACK)
        assert list(file["1.1/measurement/monitor"]) == [5, 6, 7]
        assert file["1.1/title"].asstr()[()] == "LaB6"


def test_an_older_process_is_replaced_only_if_that_is_asked_for(tmp_path):
    place, axes = EwoksPlace(f"{tmp_path}/a.h5::/1.1"), [ewoks_axis("radial", X, "2th_deg")]
    for _ in range(2):
        with new_ewoks_patterns(replace(place, overwrite=True), axes=axes, with_errors=False) as writer:
            writer.append(STACK, counters={"monitor": [1, 2, 3]})

    def add():
        with new_ewoks_patterns(place, axes=axes, with_errors=False) as writer:
            writer.append(STACK)

    with pytest.raises(InputError, match="already has integrate"):
        add()
    check_output(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("block", "counters", "words"),
    [
        ({"intensity": STACK[:, 1:]}, {"a": [1, 2, 3]}, "does not fit"),
        ({"intensity": STACK, "sigma": STACK}, {"a": [1, 2, 3]}, "errors"),
        ({"intensity": STACK}, {}, "counters came with some"),
        ({"intensity": STACK}, {"a": [1]}, "does not fit"),
    ],
)
def test_patterns_that_do_not_fit_the_layout_leave_no_file(tmp_path, block, counters, words):
    place, axes = EwoksPlace(f"{tmp_path}/a.h5::/1.1"), [ewoks_axis("radial", X, "2th_deg")]

    def write():
        with new_ewoks_patterns(place, axes=axes, with_errors=False) as writer:
            writer.append(STACK[:1], counters={"a": [0]})
            writer.append(**block, counters=counters)

    with pytest.raises(InputError, match=words):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("intensity", "azimuth", "definition", "shape"),
    [
        (Y, None, "NXazint1d", (1, 200)),
        (STACK, None, "NXazint1d", (3, 200)),
        (STACK, np.arange(3.0), "NXazint2d", (1, 3, 200)),
        (STACK[None].repeat(2, 0), np.arange(3.0), "NXazint2d", (2, 3, 200)),
    ],
)
def test_patterns_and_cakes_are_saved_as_what_they_are(tmp_path, intensity, azimuth, definition, shape):
    pytest.importorskip("nexusformat")
    path = tmp_path / "a.nxs"
    given = {"radial": X, "radial_units": "2th_deg", "intensity": intensity, "intensity_error": intensity}

    save(SaveNexusIntegrated, filename=path, **given, azimuthal=azimuth, azimuthal_units="chi_rad", info=INFO)

    assert_valid(path, definition)
    with h5py.File(path) as file:
        assert file["entry/data/I"].shape == file["entry/data/I_errors"].shape == shape
        if azimuth is not None:
            assert np.allclose(file["entry/data/azimuthal_axis"], np.degrees(azimuth))
            assert file["entry/data/azimuthal_axis"].attrs["units"] == "deg"


def test_several_patterns_on_one_axis_are_one_file(tmp_path):
    lists = {"x_list": [X] * 3, "y_list": list(STACK), "xunits": ["q_nm^-1"] * 3}

    save(SaveNexusMultiPattern1D, filename=tmp_path / "a.nxs", **lists, yerror_list=[X * np.nan] * 3)

    with h5py.File(tmp_path / "a.nxs") as file:
        assert np.array_equal(file["entry/data/I"], STACK)
        assert "I_errors" not in file["entry/data"]


@pytest.mark.parametrize(
    ("task_class", "inputs", "words"),
    [
        (SaveNexusPattern1D, CURVE, "needs a filename or a url"),
        (SaveNexusPattern1D, {"filename": "a.nxs", "y": Y, "xunits": "2th_deg"}, "needs x, y"),
        (SaveNexusPattern1D, {"filename": "a.nxs", **CURVE, "xunits": "furlong"}, "known units"),
        (SaveNexusPattern1D, {"url": "a.h5", **CURVE, "xunits": "furlong"}, "not a unit"),
        (SaveNexusPattern1D, {"filename": "a.nxs", **CURVE, "y": Y[1:]}, "one length"),
        (SaveNexusPattern1D, {"url": "a.h5", **CURVE, "y": Y[1:]}, "does not fit"),
        (SaveNexusPattern1D, {"url": "a.h5", **CURVE, "yerror": Y[1:]}, "do not fit"),
        (SaveNexusPattern1D, {"url": "a.h5::/1.1?3", **CURVE}, "names a frame"),
        (SaveNexusPattern1D, {"url": "a.h5", **CURVE, "metadata": "LaB6"}, "must be a mapping"),
        (SaveNexusPattern1D, {"filename": "a.nxs", **CURVE, "info": "LaB6"}, "must be a mapping"),
        (SaveNexusPattern1D, {"filename": "a.nxs", **CURVE, "azimuthal": X}, "one-dimensional"),
        (SaveNexusPattern1D, {"filename": "/no/a.nxs", **CURVE}, "does not exist"),
        (
            SaveNexusIntegrated,
            {"filename": "a.nxs", "radial": X, "intensity": STACK, "radial_units": "2th_deg", "azimuthal": X},
            "must be",
        ),
        (
            SaveNexusMultiPattern1D,
            {"filename": "a.nxs", "x_list": [X, X[1:]], "y_list": [Y, Y[1:]], "xunits": ["2th_deg"] * 2},
            "different axes",
        ),
        (
            SaveNexusMultiPattern1D,
            {"filename": "a.nxs", "x_list": [X], "y_list": [Y, Y], "xunits": ["2th_deg"]},
            "one length",
        ),
        (SaveAsciiPattern1D, {"filename": "a.xy", "x": X, "xunits": "2th_deg"}, "needs x, y"),
        (SaveAsciiPattern1D, {"filename": "a.xy", **CURVE, "y": Y[1:]}, "one length"),
        (SaveAsciiPattern1D, {"filename": "a.xy", **CURVE, "header": "LaB6"}, "must be a mapping"),
        (
            SaveAsciiMultiPattern1D,
            {"filenames": ["a.xy"], "x_list": [X], "y_list": [Y], "xunits_list": []},
            "one length",
        ),
    ],
)
def test_what_cannot_be_saved_is_refused_and_leaves_nothing(tmp_path, monkeypatch, task_class, inputs, words):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=words):
        save(task_class, **inputs)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "errors", "n_columns"),
    [(".xy", True, 2), (".xye", True, 3), (".xye", False, 2), (".dat", True, 3), (".dat", False, 2)],
)
def test_a_text_file_gives_back_the_very_numbers(tmp_path, suffix, errors, n_columns):
    path = tmp_path / f"new/a{suffix}"
    yerror = np.sqrt(Y) if errors else np.full_like(Y, np.nan)

    saved = save(SaveAsciiPattern1D, filename=path, **CURVE, yerror=yerror, info=INFO)

    columns = np.loadtxt(path).T
    assert saved == {"saved": True, "path": str(path)}
    assert len(columns) == n_columns
    assert np.array_equal(columns[0], X)
    assert all(
        np.array_equal(column.astype("f4"), values)
        for column, values in zip(columns[1:], (Y, yerror), strict=False)
    )
    assert ("# without errors" in path.read_text()) == (n_columns == 2)


def test_a_text_file_says_its_unit_and_how_it_was_made_but_no_folder(tmp_path):
    path = tmp_path / "a.dat"

    save(SaveAsciiPattern1D, filename=path, **CURVE, info=INFO, metadata={"sample": "LaB6\nNIST"})

    lines = path.read_text().splitlines()
    assert {"# xunits = 2th_deg", "# method = full/csr/cython", "# wavelength_m = 1e-10 m"} <= set(lines)
    assert {"# image_file = quartz.h5", "# sample = LaB6 NIST", "# x intensity"} <= set(lines)
    assert "secret" not in path.read_text()


def test_points_that_would_end_the_reading_of_a_refinement_program_are_left_out(tmp_path):
    yerror = np.sqrt(Y)
    yerror[:3] = 0, np.nan, np.inf

    save(SaveAsciiPattern1D, filename=tmp_path / "a.xye", **CURVE, yerror=yerror)

    assert np.array_equal(np.loadtxt(tmp_path / "a.xye")[:, 0], X[3:])


@pytest.mark.parametrize(
    ("unit", "first"),
    [("2th_deg", None), ("q_A^-1", "# 1 q: wavelength in angstrom, x is q in 1/angstrom"), ("q_nm^-1", None)],
)
def test_the_letter_that_tells_gsas_that_x_is_q_is_there_only_where_it_is_meant(tmp_path, unit, first):
    path = tmp_path / "a.xye"

    save(SaveAsciiPattern1D, filename=path, **{**CURVE, "xunits": unit}, yerror=Y, info=INFO)

    with_q = [line for line in path.read_text().splitlines() if "q" in line]
    assert with_q == ([first] if first else [])


def test_several_patterns_are_several_text_files(tmp_path):
    names = [tmp_path / "a.xy", tmp_path / "b.dat"]
    lists = {"x_list": [X, X], "y_list": [Y, 2 * Y], "xunits_list": ["2th_deg", "q_nm^-1"]}

    saved = save(SaveAsciiMultiPattern1D, filenames=names, **lists)

    assert saved["paths"] == [str(name) for name in names]
    assert np.array_equal(np.loadtxt(names[1])[:, 1].astype("f4"), 2 * Y)
