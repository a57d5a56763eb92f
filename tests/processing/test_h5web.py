"""What h5web asks is answered as h5grove answers it, never from outside the roots, never without bounds."""

import io
import json

import h5py
import hdf5plugin
import numpy as np
import pytest
from h5grove.content import get_content_from_file, get_list_of_paths
from h5grove.encoders import encode

from processing.nexus import h5web
from processing.nexus.questions import QUESTIONS, answer
from tests.processing.hostile import HOSTILE, SECRET, N, write_hostile

MAX_BYTES = 1 << 20
FORMATS = ("json", "bin", "csv", "npy", "tiff")


@pytest.fixture
def path(tmp_path):
    """A file with the kinds of objects, types and links that real ones have."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(NX_class="NXroot", default="entry")
        entry = file.create_group("entry", track_order=True)
        entry["floats"] = np.array([0.5, -np.inf, np.nan, 2.0])
        entry["floats"].attrs.update(units="mm", limits=[0.0, np.inf], flags=np.array([True, False]))
        entry["big_endian"] = np.arange(6, dtype=">i4").reshape(2, 3)
        entry["half"] = np.arange(4, dtype="f2")
        entry["bools"] = np.array([True, False])
        entry["complex"] = np.array([1 + 2j, 3])
        entry["texts"] = ["alpha", "beta"]
        entry["title"] = "a title"
        entry["fixed"] = np.array([b"ab", b"c"])
        entry["table"] = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
        entry["opaque"] = np.void(b"\x00\x01\x02")
        entry["scalar"] = 3.25
        entry["nothing"] = h5py.Empty("f4")
        entry["kind"] = np.dtype("f8")
        entry.create_dataset("enum", data=[0, 1], dtype=h5py.enum_dtype({"off": 0, "on": 1}))
        entry.create_dataset(
            "frames", data=np.arange(24, dtype="u2").reshape(2, 3, 4), **hdf5plugin.Bitshuffle()
        )
        entry["soft"] = h5py.SoftLink("/entry/scalar")
        entry["broken"] = h5py.SoftLink("/entry/nowhere")
        entry["lost"] = h5py.ExternalLink("lost.h5", "/x")
        entry["again"] = entry  # a circle
    return path


def ask(path, question, h5path="/", *, max_bytes=MAX_BYTES, roots=None, **query):
    given = {"path": [h5path], **{name: [value] for name, value in query.items()}}
    return answer(question, path, given, roots=[path.parent] if roots is None else roots, max_bytes=max_bytes)


def told(*args, **query):
    return json.loads(ask(*args, **query).content)


def refused(status, message):
    raise AssertionError(f"h5grove refuses: {status} {message}")


def as_h5grove(path, h5path, what, *args):
    """What h5grove's own objects say, encoded by h5grove."""
    with get_content_from_file(path, h5path, refused) as content:
        return json.loads(encode(getattr(content, what)(*args)).content)


OBJECTS = ["floats", "big_endian", "texts", "table", "opaque", "nothing", "kind", "enum", "frames", "soft"]


@pytest.mark.parametrize("name", ["", *OBJECTS])
def test_objects_are_described_as_h5grove_describes_them(path, name):
    h5path = f"/entry/{name}".rstrip("/")

    assert told(path, "meta", h5path) == as_h5grove(path, h5path, "metadata")
    assert told(path, "attr", h5path) == as_h5grove(path, h5path, "attributes")


VALUES = ["floats", "half", "bools", "complex", "texts", "title", "fixed", "table", "scalar", "enum"]


@pytest.mark.parametrize("name", [*VALUES, "frames", "nothing"])
@pytest.mark.parametrize("flatten", ["true", "false"])
def test_values_are_written_as_h5grove_writes_them(path, name, flatten):
    h5path = f"/entry/{name}"

    given = told(path, "data", h5path, flatten=flatten)

    assert given == as_h5grove(path, h5path, "data", None, flatten == "true")


@pytest.mark.parametrize("name", ["floats", "big_endian", "half", "bools", "frames"])
def test_a_browser_gets_little_endian_numbers_it_has_an_array_for(path, name):
    with h5py.File(path) as file:
        values = file[f"entry/{name}"][()]

    content = ask(path, "data", f"/entry/{name}", format="bin", dtype="safe").content

    dtype = {"half": "<f4", "bools": "u1"}.get(name, values.dtype.newbyteorder("<"))
    np.testing.assert_array_equal(np.frombuffer(content, dtype).reshape(values.shape), values)


def test_numbers_of_the_other_byte_order_are_written_too(path):  # h5grove refuses them
    assert told(path, "data", "/entry/big_endian") == [[0, 1, 2], [3, 4, 5]]


def test_one_frame_of_a_compressed_stack_is_read_alone(path):
    frame = ask(path, "data", "/entry/frames", format="npy", selection="1,:,1:3", max_bytes=12).content

    np.testing.assert_array_equal(np.load(io.BytesIO(frame)), np.arange(24).reshape(2, 3, 4)[1, :, 1:3])


def test_tables_are_written_as_csv_with_the_digits_that_they_have(path):
    assert ask(path, "data", "/entry/floats", format="csv").content == b"0.5\n-inf\nnan\n2\n"
    assert ask(path, "data", "/entry/big_endian", format="csv").content == b"0,1,2\n3,4,5\n"


def test_statistics_are_those_of_the_finite_values(path):
    expected = {
        "min": 0.5,
        "max": 2.0,
        "mean": 1.25,
        "std": 0.75,
        "positive_min": 0.5,
        "strict_positive_min": 0.5,
    }

    assert told(path, "stats", "/entry/floats") == expected


def test_all_paths_are_listed_once_and_links_elsewhere_are_not_followed(path):
    with get_list_of_paths(path, "/", refused) as listed:
        expected = sorted(listed)

    given = told(path, "paths")

    assert {"/entry/soft", "/entry/broken", "/entry/lost", "/entry/again"} < set(given)
    assert sorted(given) == expected


def test_attributes_can_be_chosen(path):
    assert told(path, "attr", "/entry/floats", attr_keys="units") == {"units": "mm"}


@pytest.mark.parametrize(
    ("question", "query", "status"),
    [
        ("meta", {"h5path": "/entry/nowhere"}, 404),
        ("data", {"h5path": "/entry/lost"}, 404),
        ("data", {"h5path": "/entry"}, 422),
        ("data", {"h5path": "/entry/nothing", "format": "bin"}, 422),
        ("data", {"h5path": "/entry/texts", "format": "bin"}, 422),
        ("data", {"h5path": "/entry/frames", "format": "tiff"}, 422),
        ("data", {"h5path": "/entry/frames", "format": "exe"}, 422),
        ("data", {"h5path": "/entry/frames", "format": "csv"}, 422),
        ("data", {"h5path": "/entry/frames", "dtype": "pickle"}, 422),
        *(
            ("data", {"h5path": "/entry/frames", "selection": text}, 422)
            for text in ("7", "x", "0,0,0,0", "::-1", "1e3")
        ),
        ("stats", {"h5path": "/entry/texts"}, 422),
        ("stats", {"h5path": "/entry/complex"}, 422),
        ("paths", {"h5path": "/entry/scalar"}, 422),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(path, question, query, status):
    reply = ask(path, question, **query)

    assert reply.status == status
    assert len(json.loads(reply.content)["message"]) > 10


def test_what_is_not_there_is_told_in_the_words_that_h5web_knows(path):
    assert "not a valid path" in told(path, "meta", "/entry/nowhere")["message"]


@pytest.mark.parametrize(("form", "share"), [("bin", 1), ("npy", 1), ("json", 4), ("csv", 8)])
def test_too_large_a_selection_is_refused_before_it_is_read(tmp_path, form, share):
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(4 << 20, 1 << 30), dtype="f8", chunks=(1, 1 << 17), fillvalue=1)
    fits = MAX_BYTES // share // 8

    refusal = ask(path, "data", "/x", format=form)
    one_more = ask(path, "data", "/x", format=form, selection=f"0,0:{fits + 1}")
    just = ask(path, "data", "/x", format=form, selection=f"0,0:{fits}")

    assert [refusal.status, one_more.status, just.status] == [413, 413, 200]
    assert "TB are too much" in json.loads(refusal.content)["message"]
    assert ask(path, "stats", "/x").status == 413


def test_children_and_paths_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(h5web, "MAX_CHILDREN", 3)
    monkeypatch.setattr(h5web, "MAX_PATHS", 5)
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        for index in range(8):
            file.create_group(f"g{index}")

    assert [child["name"] for child in told(path, "meta")["children"]] == ["g0", "g1", "g2"]
    assert len(told(path, "paths")) == 6


def test_a_virtual_dataset_without_its_source_is_described_and_not_read_as_zeros(tmp_path):
    path = tmp_path / "master.h5"
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(shape=(N,), dtype="i8")
        layout[:] = h5py.VirtualSource("lost.h5", "x", shape=(N,))
        file.create_virtual_dataset("x", layout)

    assert told(path, "meta")["children"][0]["shape"] == [N]
    assert told(path, "meta", "/x")["shape"] == [N]
    for question in ("data", "stats"):
        reply = ask(path, question, "/x")
        assert reply.status == 404
        assert "would read as zeros: The file lost.h5 does not exist" in json.loads(reply.content)["message"]
    assert "lost.h5" in told(path, "look", "/x")["entity"]["problem"]
    assert told(path, "look", "/x")["plot"]["kind"] == "none"


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_leaks_nothing_to_any_question(kind, root, outside, monkeypatch):
    monkeypatch.chdir(root)
    path, h5path = write_hostile(kind, root, outside)

    replies = [ask(path, question, place) for question in QUESTIONS for place in ("/", h5path)]
    replies += [ask(path, "data", h5path, format=form) for form in FORMATS]

    for reply in replies:
        assert str(SECRET).encode() not in reply.content
        assert np.int64(SECRET).tobytes() not in reply.content
    assert ask(path, "data", h5path).status in (403, 404)


@pytest.mark.parametrize("target", ["/etc/passwd", "/proc/self/environ"])
def test_raw_storage_gives_no_file_of_the_system(target, root):
    path = root / "hostile.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(16,), dtype="u1", external=[(target, 0, 16)])

    for question in ("data", "stats"):
        assert ask(path, question, "/x").status == 403
    assert ask(path, "look", "/x").content.count(b"outside the folders") == 2


def test_names_and_texts_that_are_no_utf8_are_shown_as_far_as_they_go(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        h5py.h5g.create(file.id, b"caf\xe9")
        file["x"] = np.array([b"caf\xe9"])
        file["y"] = np.array([b"caf\xe9"], dtype=h5py.string_dtype("utf-8"))

    assert [child["name"][:3] for child in told(path, "meta")["children"]] == ["caf", "x", "y"]
    assert told(path, "data", "/x")[0].startswith("caf")
    assert told(path, "data", "/y")[0].startswith("caf")
