"""HDF5 files that point out of themselves are followed inside the roots only."""

import os

import h5py
import numpy as np
import pytest

from processing.nexus.browse import describe
from processing.nexus.guard import MAX_HOPS, confined, contained_path, is_hdf5, open_h5
from tests.processing.hostile import HOSTILE, SECRET, N, raw_storage, virtual, write_h5, write_hostile
from workflows import InputError


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_leaks_nothing(kind, root, outside, monkeypatch):
    monkeypatch.chdir(root)
    path, h5path = write_hostile(kind, root, outside)
    with h5py.File(path) as file:  # the file is hostile indeed: the plain library gives the secret away
        assert file[h5path][0] == SECRET

    if kind == "the file itself is a symbolic link":
        with pytest.raises(InputError):
            open_h5(path, [root])
        return
    with open_h5(path, [root]) as file:
        for _ in range(2):  # a refusal is not forgotten
            with pytest.raises(InputError):
                file[h5path].read()
    with open_h5(path, [root]) as file:
        assert str(SECRET) not in str(describe(file))


@pytest.mark.parametrize("target", ["/etc/passwd", "/proc/self/environ"])
def test_a_file_of_the_system_cannot_be_read_through_raw_storage(target, root):
    path = root / "hostile.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(16,), dtype="u1", external=[(target, 0, 16)])

    with pytest.raises(InputError, match="outside"), open_h5(path, [root]) as file:
        file["x"].read()


def test_links_inside_the_root_are_followed(root):
    frames = np.arange(12).reshape(3, 4)
    (root / "scan0001").mkdir()
    write_h5(root / "scan0001/frames.h5", lambda file: file.create_dataset("entry/data", data=frames))
    master = root / "master.h5"
    with h5py.File(master, "w") as file:
        file["external"] = h5py.ExternalLink("scan0001/frames.h5", "/entry/data")
        file["absolute"] = h5py.ExternalLink(str(root / "scan0001/frames.h5"), "/entry")
        file["measurement/soft"] = h5py.SoftLink("../external")  # HDF5 knows no "..": this one is broken
        file["measurement/image"] = h5py.SoftLink("/external")
        layout = h5py.VirtualLayout(shape=(2, 3, 4), dtype=int)
        for index in range(2):
            layout[index] = h5py.VirtualSource("scan0001/frames.h5", "entry/data", shape=(3, 4))
        file.create_virtual_dataset("virtual", layout)

    with open_h5(master, [root]) as file:
        assert np.array_equal(file["external"].read(), frames)
        assert np.array_equal(file["absolute/data"].read(), frames)
        assert np.array_equal(file["measurement/image"].read(1), frames[1])
        assert np.array_equal(file["virtual"].read(), [frames, frames])
        assert file["external"].filename == root / "scan0001/frames.h5"
        with pytest.raises(InputError, match="There is no"):
            file["measurement/soft"]


def test_raw_storage_inside_the_root_is_read(root):
    values = np.arange(N)
    (root / "values.bin").write_bytes(values.tobytes())
    path = write_h5(root / "raw.h5", raw_storage(root / "values.bin"))

    with open_h5(path, [root]) as file:
        assert np.array_equal(file["x"].read(), values)


def test_a_missing_source_of_a_virtual_dataset_is_named_and_does_not_read_as_zeros(root):
    path = write_h5(root / "master.h5", virtual("lost_0001.h5"))
    with h5py.File(path) as file:
        assert not file["x"][()].any()  # what the plain library says

    with pytest.raises(InputError, match=r"lost_0001\.h5 does not exist"), open_h5(path) as file:
        file["x"].read()


def test_a_missing_dataset_in_a_source_is_an_error_too(root):
    write_h5(root / "part.h5", lambda file: file.create_dataset("other", data=1))
    path = write_h5(root / "master.h5", virtual("part.h5", "frames"))

    with pytest.raises(InputError, match=r"zeros.*frames in part\.h5"), open_h5(path) as file:
        file["x"].read()


def test_a_virtual_dataset_over_its_own_file_is_read(root):
    path = root / "own.h5"
    with h5py.File(path, "w") as file:
        file["part"] = np.arange(N)
        layout = h5py.VirtualLayout(shape=(N,), dtype=int)
        layout[:] = h5py.VirtualSource(file["part"])
        file.create_virtual_dataset("x", layout)

    with open_h5(path, [root]) as file:
        assert np.array_equal(file["x"].read(), np.arange(N))


def test_numbered_virtual_sources_are_refused(root, outside):
    path = root / "numbered.h5"
    unlimited = h5py.h5s.UNLIMITED
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    space = h5py.h5s.create_simple((N,), (unlimited,))
    space.select_hyperslab((0,), (unlimited,), (N,), (N,))
    properties.set_virtual(space, b"../outside/secret%b.h5", b"secret", h5py.h5s.create_simple((N,)))
    with h5py.File(path, "w") as file:
        whole = h5py.h5s.create_simple((N,), (unlimited,))
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT64, whole, properties)

    with pytest.raises(InputError, match="numbered"), open_h5(path, [root]) as file:
        file["x"].read()


def test_links_in_a_circle_end(root):
    path = root / "circle.h5"
    with h5py.File(path, "w") as file:
        file["a"] = h5py.SoftLink("/b")
        file["b"] = h5py.SoftLink("/a")
        file["c"] = h5py.ExternalLink("circle.h5", "/c")

    with open_h5(path, [root]) as file:
        for name in ("a", "c"):
            with pytest.raises(InputError, match=f"more than {MAX_HOPS} links"):
                file[name]


def test_many_virtual_datasets_over_one_another_end(root):
    path = root / "deep.h5"
    with h5py.File(path, "w") as file:
        file["v0"] = np.arange(N)
        for level in range(1, MAX_HOPS + 3):
            layout = h5py.VirtualLayout(shape=(N,), dtype=int)
            layout[:] = h5py.VirtualSource(".", f"v{level - 1}", shape=(N,))
            file.create_virtual_dataset(f"v{level}", layout)

    with pytest.raises(InputError, match="more than"), open_h5(path, [root]) as file:
        file[f"v{MAX_HOPS + 2}"]


def test_a_huge_selection_is_refused_before_it_is_read(root):
    path = root / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(200, 10**6, 100), dtype="f8", chunks=(1, 1000, 100), fillvalue=1)
        file.create_dataset(
            "chunk", shape=(10**5, 10**4), dtype="f4", chunks=(10**5, 10**4), compression="gzip"
        )

    assert path.stat().st_size < 20_000
    with open_h5(path) as file:
        with pytest.raises(InputError, match="too large"):
            file["x"].read()
        with pytest.raises(InputError, match="chunk of 3814 MB"):
            file["chunk"].read(0)
        assert file["x"].read(0, slice(2)).shape == (2, 100)


def test_a_selection_that_does_not_fit_is_refused(root):
    path = write_h5(root / "a.h5", lambda file: file.create_dataset("x", data=np.zeros((2, 3))))

    with open_h5(path) as file:
        for selection in ((5,), (0, 0, 0)):
            with pytest.raises(InputError, match="does not fit"):
                file["x"].read(*selection)


def test_a_truncated_file_says_how_much_is_left(root):
    path = write_h5(root / "a.h5", lambda file: file.create_dataset("x", data=np.zeros(10_000)))
    whole = path.stat().st_size
    os.truncate(path, 5000)

    with pytest.raises(InputError, match=f"a.h5 is truncated: it has 5000 of {whole} bytes"):
        open_h5(path)


@pytest.mark.parametrize("content", [b"", b"not HDF5", bytes(4096)])
def test_a_file_that_is_not_hdf5_is_refused(content, root):
    path = root / "a.h5"
    path.write_bytes(content)

    assert not is_hdf5(path)
    with pytest.raises(InputError, match="not an HDF5 file"):
        open_h5(path)


def test_only_regular_files_are_opened(root):
    os.mkfifo(root / "pipe.h5")
    (root / "loop.h5").symlink_to(root / "loop.h5")

    for path, words in (
        ("pipe.h5", "regular"),
        (".", "regular"),
        ("loop.h5", "cannot be read"),
        ("no.h5", "exist"),
    ):
        with pytest.raises(InputError, match=words):
            contained_path(root / path)


def test_roots_may_be_single_files_and_a_similar_name_is_not_inside(root):
    (root / "a.txt").write_text("a")
    (root / "a.txt.other").write_text("b")

    assert contained_path(root / "a.txt", [root / "a.txt"]) == root / "a.txt"
    with pytest.raises(InputError, match="outside"):
        contained_path(root / "a.txt.other", [root / "a.txt"])
    with pytest.raises(InputError, match="outside"):
        contained_path(root / "a.txt", [])


def test_a_file_outside_is_refused_whether_or_not_it_exists(root, outside):
    for path in (outside / "secret.h5", outside / "nothing.h5"):
        with pytest.raises(InputError, match="outside"):
            contained_path(path, [root])


def test_the_roots_of_the_process_hold_where_none_are_given(root, outside):
    with confined([root]), pytest.raises(InputError, match="outside"):
        open_h5(outside / "secret.h5")
    with open_h5(outside / "secret.h5") as file:
        assert file["secret"].read(0) == SECRET
