"""What the writers write in ewoksxrpd's layout is what ewoksxrpd writes, name by name and value by value."""

import importlib
import json

import h5py
import numpy as np
import pytest

pytest.importorskip("ewoksxrpd", reason="ewoksxrpd is not installed (make test-peers)")

from processing.nexus.ewoks_layout import EwoksPlace, ewoks_axis, new_ewoks_patterns
from processing.simulated_scan import write_powder_scan

# The packages of others may use what is deprecated in those that they use.
pytestmark = pytest.mark.filterwarnings("default")

X = np.linspace(1, 20, 50)
Y = 100 + 50 * np.exp(-((X - 10) ** 2))
CAKE = Y * np.arange(1, 4)[:, None]
INFO = {"detector": "Pilatus1M", "energy": 12.3984, "geometry": {"dist": 0.2}, "npt": np.int64(3), "x": None}
METADATA = {"sample": {"name": "LaB6"}, "instrument": {"@NX_class": "NXinstrument", "name": "ID99"}}
CURVE = {"x": X, "y": Y, "xunits": "2th_deg"}
INTEGRATED = {"radial": X, "radial_units": "2th_deg", "info": INFO}
OPTIONS = {"method": "no_csr_cython", "nbpt_rad": 50, "unit": "2th_deg"}

SAVED = {
    "a group of an entry": (
        "SaveNexusPattern1D",
        {"url": "a.h5::/1.1/process", **CURVE, "yerror": Y / 10, "header": INFO, "metadata": METADATA},
    ),
    "an address with a query": (
        "SaveNexusPattern1D",
        {"url": "a.h5?path=/entry", **CURVE, "xunits": "q_nm^-1"},
    ),
    "a new folder": ("SaveNexusPattern1D", {"url": "deep/er/a.h5::/1.1", **CURVE}),
    "a file alone": (
        "SaveNexusPattern1D",
        {"url": "a.h5", **CURVE, "nxprocess_name": "p", "nxmeasurement_name": "m"},
    ),
    "not by default": ("SaveNexusPattern1D", {"url": "a.h5::/1.1", **CURVE, "nxprocess_as_default": False}),
    "in another file": (
        "SaveNexusPattern1D",
        {"url": "a.h5::/1.1/process", "external_url": "sub/b.h5::/2.1", **CURVE, "metadata": METADATA},
    ),
    "one pattern": (
        "SaveNexusIntegrated",
        {"url": "a.h5::/1.1", **INTEGRATED, "intensity": Y, "intensity_error": Y},
    ),
    "patterns": ("SaveNexusIntegrated", {"url": "a.h5::/1.1", **INTEGRATED, "intensity": CAKE}),
    "a cake": (
        "SaveNexusIntegrated",
        {
            "url": "a.h5::/1.1",
            **INTEGRATED,
            "intensity": CAKE,
            "azimuthal": np.arange(3.0),
            "azimuthal_units": "chi_deg",
            "intensity_error": CAKE,
        },
    ),
    "cakes": (
        "SaveNexusIntegrated",
        {"url": "a.h5::/1.1", **INTEGRATED, "intensity": CAKE[None], "azimuthal": np.arange(3.0)},
    ),
    "different patterns": (
        "SaveNexusMultiPattern1D",
        {
            "url": "a.h5::/1.1",
            "x_list": [X, X[:9]],
            "y_list": [Y, Y[:9]],
            "xunits": ["2th_deg", "q_nm^-1"],
            "yerror_list": [Y, Y[:9]],
            "header_list": [INFO, {}],
        },
    ),
}  # fmt: skip


def run(package, name, inputs, folder, monkeypatch):
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    # Of a relative address in another folder theirs makes a link that leads nowhere.
    urls = {key: f"{folder}/{value}" for key, value in inputs.items() if key in {"url", "external_url"}}
    inputs = {**inputs, **urls}
    task = getattr(importlib.import_module(f"{package}.tasks.nexus"), name)(inputs=inputs)
    task.execute()
    return task.get_output_values()


def tree(folder):
    """Every object of every file by its place: links by their targets, values, attributes."""
    found = {}
    for path in sorted(folder.rglob("*.h5")):
        with h5py.File(path) as file:
            walk(file, str(path.relative_to(folder)), found)
    return found


def walk(item, place, found):
    attributes = {name: np.asarray(value).tolist() for name, value in item.attrs.items()}
    if isinstance(item, h5py.Dataset):
        value = item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()].tolist()
        name = place.rpartition("/")[2]
        if name in {"date", "version"}:
            value = "differs"
        elif place.endswith("configuration/data"):
            value = json.loads(value)
        found[place] = (item.dtype.kind, item.shape, value, attributes)
        return
    found[place] = attributes
    for name in item:
        link = item.get(name, getlink=True)
        if isinstance(link, h5py.HardLink):
            walk(item[name], f"{place}/{name}", found)
        else:
            found[f"{place}/{name}"] = (getattr(link, "filename", None), link.path)


@pytest.mark.parametrize("case", SAVED)
def test_what_is_saved_has_the_names_values_and_attributes_of_theirs(case, tmp_path, monkeypatch):
    name, inputs = SAVED[case]

    theirs = run("ewoksxrpd", name, inputs, tmp_path / "theirs", monkeypatch)
    ours = run("processing.techniques.xrpd", name, inputs, tmp_path / "ours", monkeypatch)

    assert tree(tmp_path / "ours") == tree(tmp_path / "theirs")
    assert theirs["saved"] is True
    assert ours["saved"]


def test_results_are_added_to_a_file_that_is_there(tmp_path, monkeypatch):
    for package, folder in (("ewoksxrpd", "theirs"), ("processing.techniques.xrpd", "ours")):
        for url in ("a.h5::/1.1", "a.h5::/2.1"):
            run(package, "SaveNexusPattern1D", {"url": url, **CURVE}, tmp_path / folder, monkeypatch)

    assert tree(tmp_path / "ours") == tree(tmp_path / "theirs")


def test_a_raw_scan_is_linked_as_theirs(tmp_path, monkeypatch):
    raw = write_powder_scan(tmp_path, n_frames=2, detector="Pilatus100k", seed=1)
    inputs = {"url": "a.h5::/1.1", **CURVE, "bliss_scan_url": f"{raw.path}::/1.1"}

    for package, folder in (("ewoksxrpd", "theirs"), ("processing.techniques.xrpd", "ours")):
        run(package, "SaveNexusPattern1D", inputs, tmp_path / folder, monkeypatch)

    assert tree(tmp_path / "ours") == tree(tmp_path / "theirs")


def test_a_scan_has_the_layout_of_their_scan(tmp_path, monkeypatch):
    raw = write_powder_scan(tmp_path, n_frames=5, detector="Pilatus100k", seed=1)
    geometry = dict(line.split(": ") for line in raw.poni.read_text().splitlines() if line.count(": ") == 1)
    names = {
        "dist": "Distance",
        "poni1": "Poni1",
        "poni2": "Poni2",
        "rot1": "Rot1",
        "rot2": "Rot2",
        "rot3": "Rot3",
    }
    inputs = {
        "filename": str(raw.path),
        "scan": 1,
        "detector_name": raw.detector,
        "output_filename": "a.h5",
        "detector": "Pilatus100k",
        "geometry": {name: float(geometry[key]) for name, key in names.items()},
        "energy": 38.0,
        "integration_options": {**OPTIONS, "error_model": "poisson"},
        "counter_names": ["monitor"],
        "monitor_name": "monitor",
        "reference": 10000,
    }  # fmt: skip
    (tmp_path / "theirs").mkdir()
    monkeypatch.chdir(tmp_path / "theirs")
    task = importlib.import_module("ewoksxrpd.tasks.integrate").IntegrateBlissScan(inputs=inputs)
    task.execute()
    with h5py.File("a.h5") as file:
        data = file[f"1.1/{raw.detector}_integrate/integrated"]
        radial, intensity, errors = data["2th"][()], data["intensity"][()], data["intensity_errors"][()]
        counter = file["1.1/measurement/monitor"][()]
        metadata = {name: file[f"1.1/{name}"].asstr()[()] for name in ("start_time", "end_time")}

    (tmp_path / "ours").mkdir()
    monkeypatch.chdir(tmp_path / "ours")
    place = EwoksPlace(
        "a.h5::/1.1",
        process_name=f"{raw.detector}_integrate",
        measurement_name=f"{raw.detector}_integrated",
        bliss_scan_url=f"{raw.path}::/1.1",
    )
    axes = [ewoks_axis("radial", radial, "2th_deg")]
    with new_ewoks_patterns(
        place, axes=axes, with_errors=True, info=task.outputs.info, metadata=metadata
    ) as writer:
        for part in (slice(0, 3), slice(3, 5)):
            writer.append(intensity[part], errors[part], counters={"monitor": counter[part]})

    assert writer.url.endswith(task.outputs.nxdata_url.removeprefix(str(tmp_path / "theirs")))
    assert tree(tmp_path / "ours") == tree(tmp_path / "theirs")
