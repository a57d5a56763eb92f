"""An HDF5 file is shown one object at a time."""

import json
import resource
from dataclasses import asdict

import h5py
import numpy as np
import pytest

from processing.nexus.browse import MAX_CHILDREN
from processing.nexus.browse import describe as describe_opened
from processing.nexus.guard import open_h5
from workflows import InputError


def describe(path, h5path="/"):
    with open_h5(path) as file:
        return describe_opened(file, h5path)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry["numbers"] = np.arange(100.0)
        entry["numbers"].attrs.update(units="mm", limits=[0.0, np.inf], long_name=b"position")
        entry["texts"] = ["alpha", "beta"]
        entry["frames"] = np.zeros((2, 3, 50))
        entry["title"] = "a title"
        entry["nothing"] = h5py.Empty("f4")
        entry["lost"] = h5py.ExternalLink("lost.h5", "/x")
        entry["type"] = np.dtype("f8")
        entry.create_dataset("z", data=np.arange(1000), chunks=(100,), compression="gzip")
    return path


def test_a_group_lists_its_children_and_says_which_are_broken(path):
    entity = describe(path, "/entry")

    children = {child.name: child for child in entity.children}
    assert children["frames"].kind == "dataset"
    assert children["frames"].shape == (2, 3, 50)
    assert children["texts"].dtype == "text"
    assert children["numbers"].dtype == "float64"
    assert children["type"].kind == "type"
    assert (children["lost"].kind, children["lost"].problem) == ("broken", "The file lost.h5 does not exist")


def test_a_dataset_shows_its_first_values_units_and_storage(path):
    entity = describe(path, "/entry/numbers")

    assert entity.values == [float(i) for i in range(20)]
    assert entity.unit == "mm"
    assert entity.attributes["limits"] == [0.0, "inf"]
    assert entity.attributes["long_name"] == "position"
    assert describe(path, "/entry/texts").values == ["alpha", "beta"]
    assert describe(path, "/entry/title").values == ["a title"]
    assert describe(path, "/entry/frames").values == [0.0] * 20
    stored = describe(path, "/entry/z")
    assert (stored.chunks, stored.compression) == ((100,), "deflate")


def test_every_kind_of_object_is_fit_for_json(path):
    for name in ("/", "/entry", *(f"/entry/{child.name}" for child in describe(path, "/entry").children)):
        if name != "/entry/lost":
            json.dumps(asdict(describe(path, name)), allow_nan=False)


def test_what_is_not_there_is_an_error(path):
    with pytest.raises(InputError, match=r"There is no /entry/other in a\.h5"):
        describe(path, "/entry/other")


def test_a_group_of_many_children_is_cut(tmp_path):
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        for index in range(MAX_CHILDREN + 5):
            file.create_group(f"g{index}")

    entity = describe(path)

    assert (len(entity.children), entity.more) == (MAX_CHILDREN, 5)


def test_values_that_cannot_be_had_are_explained(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "big", shape=(10**5, 10**4), dtype="f4", chunks=(10**5, 10**4), compression="gzip"
        )

    entity = describe(path, "/big")

    assert entity.values == []
    assert "too large" in entity.problem


@pytest.fixture
def set_open_files_limit():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_children_in_very_many_files_are_all_reached(tmp_path, set_open_files_limit):
    set_open_files_limit(100)
    for index in range(120):
        with h5py.File(tmp_path / f"{index}.h5", "w") as file:
            file["x"] = [index]
    with h5py.File(tmp_path / "master.h5", "w") as file:
        for index in range(120):
            file[f"link{index}"] = h5py.ExternalLink(f"{index}.h5", "/x")

    children = describe(tmp_path / "master.h5").children

    assert [child.kind for child in children] == ["dataset"] * 120
