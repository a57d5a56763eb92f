"""Patterns of many frames are written as they come, and appear whole and valid."""

import errno
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from processing.nexus.guard import open_h5
from processing.nexus.pattern_writer import FrameAxis, new_patterns, write_cake, write_pattern1d
from processing.nexus.writer import append_process, check_output
from tests.processing.nexus_validators import assert_valid, count_faults
from tests.processing.test_nexus_writer import INFO, RECORD, WORKFLOW
from workflows import InputError

X = np.linspace(1, 20, 300)
NUMBERS = np.arange(7.0)
PATTERNS = (100 + NUMBERS[:, None] * np.sin(X)).astype("f4")
SIGMA = np.sqrt(PATTERNS)
AZIMUTH = np.linspace(-175, 175, 36)
AXIS = {"radial": X, "quantity": "2theta", "unit": "deg"}


def write_patterns(path, *, blocks=(3, 3, 1), with_errors=True, frame_axis=None, factors=None, **axis):
    arguments = {**AXIS, "info": INFO, **axis}
    with new_patterns(path, with_errors=with_errors, frame_axis=frame_axis, **arguments) as writer:
        for n in blocks:
            block = slice(writer.n_frames, writer.n_frames + n)
            sigma = SIGMA[block] if with_errors else None
            writer.append(PATTERNS[block], sigma, factors=None if factors is None else factors[block])
        writer.note(n_frames=writer.n_frames)
    return path


def test_patterns_that_come_in_blocks_are_one_dataset_in_their_order(tmp_path):
    path = write_patterns(tmp_path / "a.nxs", factors=1 + NUMBERS)

    with h5py.File(path) as file:
        entry = file["entry"]
        assert np.array_equal(entry["data/I"], PATTERNS)
        assert np.array_equal(entry["data/I_errors"], SIGMA)
        assert np.array_equal(entry["data/radial_axis"], X)
        assert np.array_equal(entry["monitor/data"], 1 + NUMBERS)
        assert entry["monitor_applied"][()]
        assert entry["reduction/input/n_frames"][()] == 7
        assert entry["reduction/input/method"].asstr()[()] == "full/csr/cython"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("frame_axis", "name", "values", "unit"),
    [
        (None, "frame", NUMBERS, None),
        (FrameAxis("elapsed_time", NUMBERS * 0.1, "s"), "elapsed_time", NUMBERS * 0.1, "s"),
        # a scan that was aborted: more places than frames; and a name that NeXus does not allow
        (FrameAxis("axis:th", np.arange(20) * -2.0, "deg"), "axis_th", NUMBERS * -2.0, "deg"),
        (FrameAxis("I", NUMBERS), "frame_I", NUMBERS, None),
    ],
)
def test_the_plot_by_default_is_frames_against_the_radial_axis(tmp_path, frame_axis, name, values, unit):
    path = write_patterns(tmp_path / "a.nxs", frame_axis=frame_axis)

    with h5py.File(path) as file:
        plot = file["entry/reduction/waterfall"]
        assert list(plot.attrs["axes"]) == [name, "radial_axis"]
        assert np.allclose(plot[name], values)
        assert plot[name].attrs.get("units") == unit
        assert plot["I"] == file["entry/data/I"]  # the same values, stored once
    check_output(path)


def test_the_places_of_frames_may_come_with_the_patterns(tmp_path):
    with new_patterns(tmp_path / "a.nxs", **AXIS, with_errors=False, frame_axis=FrameAxis("th")) as writer:
        for number in range(3):
            writer.append(PATTERNS[number : number + 1], frame_values=[10 + number])

    with h5py.File(tmp_path / "a.nxs") as file:
        assert list(file["entry/reduction/waterfall/th"]) == [10, 11, 12]


@pytest.mark.parametrize("values", [np.zeros(7), np.array([0, 1, 2, np.nan, 4, 5, 6]), NUMBERS % 3])
def test_places_that_no_program_can_plot_against_are_kept_but_no_axis(tmp_path, values):
    path = write_patterns(tmp_path / "a.nxs", frame_axis=FrameAxis("diode", values))

    with h5py.File(path) as file:
        plot = file["entry/reduction/waterfall"]
        assert list(plot.attrs["axes"]) == [".", "radial_axis"]
        assert np.array_equal(plot["diode"], values, equal_nan=True)


@pytest.mark.parametrize(
    ("n_frames", "jitter", "is_axis"), [(9, 0.1, True), (3000, 0.1, False), (3000, 0, True)]
)
def test_uneven_steps_are_an_axis_of_a_plot_that_is_not_too_large(tmp_path, n_frames, jitter, is_axis):
    times = np.arange(n_frames) + jitter * (np.arange(n_frames) % 2)
    radial = np.linspace(1, 2, 400)

    axis = {"radial": radial, "quantity": "q", "unit": "1/nm", "frame_axis": FrameAxis("time", times, "s")}
    with new_patterns(tmp_path / "a.nxs", **axis, with_errors=False) as writer:
        writer.append(np.zeros((n_frames, 400)))

    with h5py.File(tmp_path / "a.nxs") as file:
        plot = file["entry/reduction/waterfall"]
        assert plot.attrs["axes"][0] == ("time" if is_axis else ".")
        assert np.array_equal(plot["time"], times)


def test_one_frame_opens_as_the_curve_that_a_single_pattern_is(tmp_path):
    write_patterns(tmp_path / "many.nxs", blocks=(1,))
    write_pattern1d(tmp_path / "one.nxs", **AXIS, intensity=PATTERNS[0], errors=SIGMA[0], info=INFO)

    with h5py.File(tmp_path / "many.nxs") as many, h5py.File(tmp_path / "one.nxs") as one:
        assert many["entry"].attrs["default"] == one["entry"].attrs["default"] == "data"
        assert {name: list(value.attrs) for name, value in many["entry/data"].items()} == {
            name: list(value.attrs) for name, value in one["entry/data"].items()
        }
        assert all(
            np.array_equal(many["entry/data"][name], one["entry/data"][name]) for name in one["entry/data"]
        )


def test_patterns_can_be_read_as_they_come(tmp_path):
    with new_patterns(tmp_path / "a.nxs", **AXIS, with_errors=False) as writer:
        writer.append(PATTERNS[:1])
        with open_h5(writer.path) as file:
            assert file["entry/data/I"].read().shape == (1, 300)
            check_output(writer.path)
        assert not (tmp_path / "a.nxs").exists()
        writer.append(PATTERNS[1:])

    assert (tmp_path / "a.nxs").exists()


@pytest.mark.parametrize(
    ("append", "words"),
    [
        (lambda writer: writer.append(PATTERNS[:, :-1]), "does not fit"),
        (lambda writer: writer.append(PATTERNS[0]), "does not fit"),
        (lambda writer: writer.append(PATTERNS[1:], SIGMA[1:]), "errors"),
        (lambda writer: writer.append(PATTERNS[1:], factors=[1.0]), "does not fit"),
        (lambda writer: writer.append(PATTERNS[1:], factors=np.ones(6)), "some patterns only"),
        (lambda writer: writer.append(PATTERNS), "7 values for 8 frames"),
    ],
)
def test_patterns_that_do_not_fit_are_refused_and_leave_no_file(tmp_path, append, words):
    def write():
        axis = FrameAxis("th", NUMBERS)
        with new_patterns(tmp_path / "a.nxs", **AXIS, with_errors=False, frame_axis=axis) as writer:
            writer.append(PATTERNS[:1])
            append(writer)

    with pytest.raises(InputError, match=words):
        write()
    assert list(tmp_path.iterdir()) == []


def test_no_patterns_are_no_file(tmp_path):
    with (
        pytest.raises(InputError, match="no frame came"),
        new_patterns(tmp_path / "a.nxs", **AXIS, with_errors=False) as writer,
    ):
        writer.append(PATTERNS[:0])

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_with_its_number_and_an_old_file_stays(full_disk):
    path = full_disk / "a.nxs"
    path.write_bytes(b"old")
    noise = np.random.default_rng(0).random((100, 300))

    def write():
        with new_patterns(path, **AXIS, with_errors=False) as writer:
            while True:
                writer.append(noise)

    with pytest.raises(OSError) as caught:  # noqa: PT011 -- the number is checked below
        write()
    assert caught.value.errno == errno.ENOSPC
    assert list(full_disk.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_a_process_that_is_killed_leaves_no_file_under_its_name(tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from processing.nexus.pattern_writer import new_patterns\n"
        "x = np.arange(1.0, 301)\n"
        "with new_patterns(sys.argv[1], radial=x, quantity='q', unit='1/nm', with_errors=False) as writer:\n"
        "    while True:\n"
        "        writer.append(np.ones((1, 300)))\n"
        "        print('written', flush=True)\n"
    )
    path = tmp_path / "a.nxs"

    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        child.kill()

    assert child.returncode == -signal.SIGKILL
    assert not path.exists()


def test_a_record_is_added_to_a_large_file_in_place(tmp_path, monkeypatch):
    path = write_patterns(tmp_path / "a.nxs")
    monkeypatch.setattr("processing.nexus.tree.IN_MEMORY_BYTES", 0)
    inode, size = path.stat().st_ino, path.stat().st_size

    append_process(path, record=RECORD, workflow_json=WORKFLOW)

    assert path.stat().st_ino == inode
    assert path.stat().st_size < size + 100_000  # what was taken ahead is given back
    check_output(path)
    with h5py.File(path) as file:
        assert file["entry/reprise/workflow/data"][()] == WORKFLOW.encode()
        assert np.array_equal(file["entry/data/I"], PATTERNS)


def write_layout(path, layout):
    match layout:
        case "scan":
            write_patterns(path, frame_axis=FrameAxis("elapsed_time", NUMBERS, "s"), factors=1 + NUMBERS)
        case "scan in q without errors":
            write_patterns(path, with_errors=False, quantity="q", unit="1/nm")
        case "scan of one frame":
            write_patterns(path, blocks=(1,))
        case "cake":
            cake = AZIMUTH[:, None] + X
            write_cake(path, **AXIS, azimuthal=AZIMUTH, intensity=cake, sigma=abs(cake), info=INFO)
        case "cake in q":
            cake = AZIMUTH[:, None] + X
            write_cake(
                path, radial=X, quantity="q", unit="1/nm", azimuthal=AZIMUTH, intensity=cake, info=INFO
            )
        case "pattern in q":
            write_pattern1d(path, radial=X, intensity=X, quantity="q", unit="1/angstrom", info=INFO)
    append_process(path, record=RECORD, workflow_json=WORKFLOW)
    return path


@pytest.mark.parametrize(
    "layout",
    ["scan", "scan in q without errors", "scan of one frame", "cake", "cake in q", "pattern in q"],
)
def test_every_layout_passes_the_validators(tmp_path, layout):
    pytest.importorskip("nexusformat")
    path = write_layout(tmp_path / "a.nxs", layout)

    check_output(path)
    assert_valid(path, "NXazint2d" if "cake" in layout else "NXazint1d")


def test_a_quantity_that_the_definition_does_not_know_is_written_without_it_and_sound(tmp_path):
    pytest.importorskip("nexusformat")
    path = write_pattern1d(
        tmp_path / "a.nxs", radial=X, intensity=X, quantity="d*2", unit="1/angstrom^2", info=INFO
    )

    (errors, _), printed = count_faults("nxcheck", path)
    assert errors == 0, printed
    check_output(path)
    with h5py.File(path) as file:
        assert "definition" not in file["entry"]


@pytest.mark.parametrize("layout", ["scan", "cake"])
@pytest.mark.parametrize(
    ("broken", "program"),
    [
        ("entry/data", "nxvalidate"),
        ("entry/reduction/program", "nxvalidate"),
        ("entry/solid_angle_applied", "nxvalidate"),
        ("entry/instrument/monochromator/energy", "nxvalidate"),
    ],
)
def test_the_validators_find_what_was_broken_on_purpose(tmp_path, layout, broken, program):
    pytest.importorskip("nexusformat")
    path = write_layout(tmp_path / "a.nxs", layout)
    with h5py.File(path, "a") as file:
        del file[broken]

    (errors, _), printed = count_faults(program, path)

    assert errors > 0, printed


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("layout", "shape"), [("scan", (7, 300)), ("scan of one frame", (1, 300)), ("cake", (1, 36, 300))]
)
def test_every_layout_opens_at_its_plot(tmp_path, layout, shape):
    silx_io = pytest.importorskip("silx.io")
    nxdata = pytest.importorskip("silx.io.nxdata")
    nexus = pytest.importorskip("nexusformat.nexus")
    path = write_layout(tmp_path / "a.nxs", layout)

    with silx_io.open(str(path)) as file:
        plot = nxdata.get_default(file)
        assert plot.is_valid
        assert plot.signal.shape == shape
        assert np.allclose(plot.axes[-1], X)
        assert plot.errors is not None
        assert (plot.is_curve, plot.is_image) == ("one" in layout, "one" not in layout)
    assert nexus.nxload(str(path)).plottable_data.nxsignal.shape == shape


def test_a_cake_that_does_not_fit_its_axes_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must be \(azimuthal, radial\), here \(36, 300\)"):
        write_cake(tmp_path / "a.nxs", **AXIS, azimuthal=AZIMUTH, intensity=np.ones((300, 36)))
