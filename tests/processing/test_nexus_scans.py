"""The frames of a scan are found in every layout, read in blocks, and nothing missing reads as zeros."""

import json
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest

from processing.nexus.scans import Ambiguous, Scan, open_scan
from tests.processing.scan_files import (
    COLUMNS,
    ROWS,
    frames_of,
    put_nexus_class,
    write_bliss,
    write_bliss_scan,
    write_lima,
)
from workflows import InputError


def read_all(source, **options):
    with open_scan(source, **options) as scan:
        return np.concatenate([block for _, block in scan.blocks(3)])


def write_layout(layout, folder):
    """Seven frames in one of the ways that they are stored."""
    frames = frames_of(7)
    path = folder / "scan.h5"
    match layout:
        case "frames in the master file":
            write_bliss(path, frames=frames)
        case "external link":
            write_lima(folder / "lima_0.h5", frames)
            write_bliss(path, frames=frames, lima=["lima_0.h5"])
        case "virtual":
            parts = [write_lima(folder / f"lima_{n}.h5", frames[3 * n : 3 * n + 3]) for n in range(3)]
            write_bliss(path, frames=frames, lima=[part.name for part in parts])
        case "plain NeXus":
            with h5py.File(path, "w") as file:
                entry = put_nexus_class(file.create_group("entry"), "NXentry")
                instrument = put_nexus_class(entry.create_group("instrument"), "NXinstrument")
                put_nexus_class(instrument.create_group("detector"), "NXdetector")["data"] = frames
        case "NXdata":
            with h5py.File(path, "w") as file:
                entry = put_nexus_class(file.create_group("entry"), "NXentry")
                put_nexus_class(entry.create_group("plot"), "NXdata", signal="counts")["counts"] = frames
        case "measurement only":
            with h5py.File(path, "w") as file:
                put_nexus_class(file.create_group("1.1"), "NXentry")["measurement/eiger"] = frames
        case "nothing but a dataset":
            with h5py.File(path, "w") as file:
                file["stack"] = frames
    return path, frames


@pytest.mark.parametrize(
    "layout",
    ["frames in the master file", "external link", "virtual", "plain NeXus", "NXdata", "measurement only",
     "nothing but a dataset"],
)  # fmt: skip
def test_the_frames_of_every_layout_come_in_order(layout, tmp_path):
    path, frames = write_layout(layout, tmp_path)

    with open_scan(path, roots=[tmp_path]) as scan:
        assert (scan.n_frames, scan.shape, scan.dtype) == (7, (ROWS, COLUMNS), np.uint32)
        assert not scan.is_growing
        assert [(first, len(block)) for first, block in scan.blocks(3)] == [(0, 3), (3, 3), (6, 1)]
        assert [first for first, _ in scan.blocks(3, first=2, last=6)] == [2, 5]
        assert np.array_equal(scan.read(2, 5), frames[2:5])
    assert np.array_equal(read_all(path), frames)


@pytest.mark.parametrize("layout", ["virtual", "plain NeXus"])
def test_another_process_reads_the_same_frames_at_the_location(layout, tmp_path):
    path, frames = write_layout(layout, tmp_path)
    with open_scan(path) as scan:
        location = json.loads(json.dumps(scan.location))
        with Scan.reopen(location, [tmp_path]) as again:
            assert np.array_equal(again.read(0, 7), scan.read(0, 7))

    code = (
        "import json, sys; from processing.nexus.scans import Scan\n"
        "with Scan.reopen(json.loads(sys.argv[1]), [sys.argv[2]]) as scan: print(int(scan.read(5, 6).sum()))"
    )
    command = [sys.executable, "-c", code, json.dumps(location), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) == frames[5].sum()


def write_many_scans(path):
    with h5py.File(path, "w") as file:
        write_bliss_scan(file, "10.1", frames_of(3, first=10))
        write_bliss_scan(file, "1.1", None, detector=None, counters={"diode": np.arange(5.0)})
        write_bliss_scan(file, "2.1", frames_of(4))
        write_bliss_scan(file, "3.1", frames_of(2), detector="eiger")
        pilatus = put_nexus_class(file["3.1/instrument"].create_group("pilatus"), "NXdetector")
        pilatus["data"] = frames_of(2, first=5)
    return path


@pytest.mark.parametrize(
    ("scan", "first"), [(None, 0), ("2.1", 0), (2, 0), ("2", 0), (10, 10), ("/10.1", 10), ("10.1", 10)]
)
def test_a_scan_is_chosen_by_name_or_number_and_else_the_first_with_images(scan, first, tmp_path):
    path = write_many_scans(tmp_path / "many.h5")

    with open_scan(path, scan=scan) as opened:
        assert opened.read(0, 1)[0, 0, 0] == 1000 * (first + 1)


def test_several_detectors_are_ambiguous_until_one_is_named(tmp_path):
    path = write_many_scans(tmp_path / "many.h5")

    with pytest.raises(Ambiguous, match="name one of eiger, pilatus"):
        open_scan(path, scan=3, wait_s=60)
    assert np.array_equal(read_all(path, scan=3, detector="pilatus"), frames_of(2, first=5))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"scan": 7}, "no scan 7; there are: 1.1, 2.1, 3.1, 10.1"),
        ({"scan": 1}, "Scan 1 of many.h5 holds no images"),
        ({"scan": 2, "detector": "basler"}, "no detector 'basler' with images; there are: eiger"),
    ],
)
def test_what_is_not_there_is_refused_with_the_choices(options, match, tmp_path):
    path = write_many_scans(tmp_path / "many.h5")

    with pytest.raises(InputError, match=match):
        open_scan(path, **options)


def test_two_subscans_of_one_number_are_ambiguous_unless_one_is_the_first(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_bliss_scan(file, "4.2", frames_of(2))
        write_bliss_scan(file, "4.3", frames_of(2))

    with pytest.raises(Ambiguous, match=r"one of 4\.2, 4\.3"):
        open_scan(tmp_path / "a.h5", scan=4)


def test_a_missing_source_of_a_virtual_dataset_is_named_and_never_reads_as_zeros(tmp_path):
    path, _ = write_layout("virtual", tmp_path)
    (tmp_path / "lima_1.h5").unlink()

    with pytest.raises(InputError, match=r"lima_1\.h5 does not exist"):
        open_scan(path)
    with open_scan(path, wait_s=0.01) as scan:
        assert scan.n_frames == 3
        with pytest.raises(InputError, match=r"frames 3 to 3.*lima_1\.h5"):
            scan.read(3, 4)
        with pytest.raises(InputError, match=r"lima_1\.h5 does not exist"):
            list(scan.blocks())


def test_a_source_that_is_too_short_is_named_and_never_reads_as_zeros(tmp_path):
    path, _ = write_layout("virtual", tmp_path)
    write_lima(tmp_path / "lima_1.h5", frames_of(2, first=3))

    with pytest.raises(InputError, match=r"wants 3 frames of .* in lima_1\.h5, which has 2"):
        open_scan(path)


def test_a_virtual_dataset_with_a_frame_that_nobody_fills_is_refused(tmp_path):
    write_lima(tmp_path / "lima.h5", frames_of(2))
    layout = h5py.VirtualLayout((3, ROWS, COLUMNS), np.uint32)
    source = h5py.VirtualSource("lima.h5", "/entry_0000/measurement/data", (2, ROWS, COLUMNS))
    layout[0], layout[2] = source[0], source[1]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("stack", layout)

    with pytest.raises(InputError, match="no source for frame 1"):
        open_scan(tmp_path / "a.h5")


def test_a_detector_of_two_modules_whose_frames_alternate_between_files_is_complete(tmp_path):
    frames = frames_of(6)
    layout = h5py.VirtualLayout((6, 2 * ROWS + 2, COLUMNS), np.uint32, maxshape=(None, 2 * ROWS + 2, COLUMNS))
    for module in range(2):
        for parity in range(2):
            name = f"m{module}_{parity}.h5"
            write_lima(tmp_path / name, frames[parity::2] + module)
            source = h5py.VirtualSource(name, "/entry_0000/measurement/data", (3, ROWS, COLUMNS))
            layout[parity::2, module * (ROWS + 2) : module * (ROWS + 2) + ROWS] = source[:3]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("stack", layout, fillvalue=7)

    found = read_all(tmp_path / "a.h5")

    assert np.array_equal(found[:, :ROWS], frames)
    assert np.array_equal(found[:, ROWS + 2 :], frames + 1)
    assert (found[:, ROWS : ROWS + 2] == 7).all()
    write_lima(tmp_path / "m1_1.h5", frames[1::2][:2])
    with open_scan(tmp_path / "a.h5", wait_s=0.01) as scan:
        assert scan.n_frames == 5  # frame 5 is the third of the short file
        assert scan.read(0, 5)[4, 0, 0] == frames[4, 0, 0]
    with h5py.File(tmp_path / "a.h5") as file:  # what the library itself makes of it
        assert file["stack"][5, ROWS + 2 :].max() == 0


def test_an_image_file_for_each_frame_of_a_virtual_dataset_is_read(tmp_path):
    layout = h5py.VirtualLayout((2, ROWS, COLUMNS), np.uint32)
    for index in range(2):
        write_lima(tmp_path / f"{index}.h5", frames_of(1, first=index)[0])
        layout[index] = h5py.VirtualSource(f"{index}.h5", "/entry_0000/measurement/data", (ROWS, COLUMNS))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("stack", layout)

    assert np.array_equal(read_all(tmp_path / "a.h5"), frames_of(2))


def test_an_unlimited_virtual_dataset_has_the_frames_of_its_source(tmp_path):
    write_lima(tmp_path / "lima.h5", frames_of(4), maxshape=(None, ROWS, COLUMNS), chunks=(1, ROWS, COLUMNS))
    everything = h5py.h5s.UNLIMITED
    layout = h5py.VirtualLayout((4, ROWS, COLUMNS), np.uint32, maxshape=(None, ROWS, COLUMNS))
    source = h5py.VirtualSource(
        "lima.h5", "/entry_0000/measurement/data", (4, ROWS, COLUMNS), maxshape=(None, ROWS, COLUMNS)
    )
    layout[:everything] = source[:everything]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("stack", layout)

    assert np.array_equal(read_all(tmp_path / "a.h5"), frames_of(4))


def test_an_external_link_to_a_file_that_is_not_there_names_the_file(tmp_path):
    path = write_bliss(tmp_path / "a.h5", frames=frames_of(3), lima=["lima_0.h5"])

    with pytest.raises(InputError, match=r"lima_0\.h5 does not exist"):
        open_scan(path)


@pytest.mark.parametrize("kind", ["external link", "virtual"])
def test_frames_outside_of_the_roots_are_refused_at_once(kind, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    lima = [write_lima(outside / f"{n}.h5", frames_of(2)) for n in range(1 if kind == "external link" else 2)]
    path = write_bliss(inside / "a.h5", frames=frames_of(4), lima=lima)

    assert len(read_all(path)) == (2 if kind == "external link" else 4)
    with pytest.raises(InputError, match="outside the folders"):
        open_scan(path, roots=[inside], wait_s=60)


def test_a_truncated_file_is_refused(tmp_path):
    path, _ = write_layout("plain NeXus", tmp_path)
    path.write_bytes(path.read_bytes()[:-3000])

    with pytest.raises(InputError, match=r"scan\.h5 is truncated"):
        open_scan(path)


def test_a_chunk_that_cannot_be_decoded_is_refused_with_its_file(tmp_path):
    path, frames = write_layout("frames in the master file", tmp_path)
    with h5py.File(path) as file:
        chunk = file["1.1/instrument/eiger/data"].id.get_chunk_info(4)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(content)

    with open_scan(path) as scan:
        assert np.array_equal(scan.read(0, 4), frames[:4])
        with pytest.raises(InputError, match=r"scan\.h5 cannot be decoded"):
            list(scan.blocks(1))


def write_partly(path, written, *, n_frames=6, finished=True):
    """Write some frames of a dataset that was made for more, as a detector does."""
    with h5py.File(path, "w") as file:
        entry = write_bliss_scan(file, "1.1", frames_of(n_frames), finished=finished)
        del entry["instrument/eiger/data"]
        data = entry.create_dataset(
            "instrument/eiger/data", (n_frames, ROWS, COLUMNS), np.uint32, chunks=(1, 10, COLUMNS)
        )
        for index in written:
            data[index] = frames_of(n_frames)[index]
    return path


def test_an_aborted_scan_has_the_frames_that_were_written_and_says_how_many_it_should_have(tmp_path):
    path = write_partly(tmp_path / "a.h5", [0, 1, 2])

    with open_scan(path) as scan:
        assert (scan.n_frames, scan.n_expected, scan.is_growing) == (3, 6, False)
        assert np.array_equal(np.concatenate([block for _, block in scan.blocks()]), frames_of(3))
        with pytest.raises(InputError, match="There are no frames 2 to 3"):
            scan.read(2, 4)
        with pytest.raises(InputError, match="ended after 3 frames, before frame 4"):
            list(scan.blocks(last=5))


def test_a_gap_between_frames_is_an_error_and_not_a_frame_of_zeros(tmp_path):
    path = write_partly(tmp_path / "a.h5", [0, 1, 3, 4, 5])

    with pytest.raises(InputError, match=r"Frame 2 of .* was never written, though later ones were"):
        open_scan(path)


@pytest.mark.parametrize("written", [[], None])
def test_a_scan_without_any_frame_is_refused(written, tmp_path):
    if written is None:
        path = write_bliss(tmp_path / "a.h5", frames=None, detector=None)
    else:
        path = write_partly(tmp_path / "a.h5", written)

    with pytest.raises(InputError, match=r"no frames yet|no image"):
        open_scan(path)


def test_blocks_are_aligned_to_the_frames_that_are_stored_together(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("stack", data=frames_of(14), chunks=(4, ROWS, COLUMNS))

    with open_scan(tmp_path / "a.h5") as scan:
        assert [(first, len(block)) for first, block in scan.blocks(6)] == [(0, 4), (4, 4), (8, 4), (12, 2)]
        assert [(first, len(block)) for first, block in scan.blocks(9, first=3)] == [(3, 9), (12, 2)]
        assert [(first, len(block)) for first, block in scan.blocks(1, last=5)] == [(0, 4), (4, 1)]


def test_a_grid_of_frames_is_counted_row_by_row(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["map"] = frames_of(12).reshape(3, 4, ROWS, COLUMNS)

    with open_scan(tmp_path / "a.h5") as scan:
        assert scan.n_frames == 12
        assert np.array_equal(scan.read(2, 11), frames_of(12)[2:11])


def test_one_image_is_a_scan_of_one_frame(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = frames_of(1)[0]

    assert np.array_equal(read_all(tmp_path / "a.h5"), frames_of(1))
    assert np.array_equal(read_all(frames_of(1)[0]), frames_of(1))
    assert np.array_equal(read_all(frames_of(5)), frames_of(5))


def test_values_come_in_the_byte_order_of_the_machine(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack"] = frames_of(2).astype(">u4")

    with open_scan(tmp_path / "a.h5") as scan:
        assert scan.read(0, 2).dtype == scan.dtype == np.uint32


def test_a_path_in_the_file_names_the_frames_and_their_scan(tmp_path):
    path = write_many_scans(tmp_path / "many.h5")

    with open_scan(f"{path}::/10.1/instrument/eiger/data") as scan:
        assert (scan.n_frames, scan.metadata["scan"]) == (3, "10.1")
        assert scan.url == f"{path}::/10.1/instrument/eiger/data"


def test_counters_are_cut_to_the_frames_and_a_short_one_is_refused(tmp_path):
    counters = {"monitor": np.arange(9.0), "diode": np.arange(7), "slow": np.arange(3.0), "name": b"x"}
    path = write_bliss(tmp_path / "a.h5", frames=frames_of(7), counters=counters)

    with open_scan(path) as scan:
        assert scan.counters() == ["diode", "monitor"]
        assert np.array_equal(scan.counter("monitor"), np.arange(7.0))
        assert np.array_equal(scan.counter("diode"), np.arange(7))
        assert np.array_equal(scan.counter("instrument/monitor/data"), np.arange(7.0))
        assert scan.counter("nothing") is None
        assert scan.counter("name") is None
        with pytest.raises(InputError, match="counter slow has 3 values for 7 frames"):
            scan.counter("slow")


def test_a_scan_tells_what_was_measured(tmp_path):
    path = write_bliss(tmp_path / "a.h5", frames=frames_of(2))

    with open_scan(path) as scan:
        assert scan.metadata == {
            "title": "ascan samy 0 9 9 0.1",
            "start_time": "2026-01-01T10:00:00+01:00",
            "end_time": "2026-01-01T10:01:00+01:00",
            "sample": "CeO2",
            "scan": "1.1",
            "detector": "eiger",
            "positioners": {"samy": 1.5},
        }


def test_only_one_block_is_in_memory(tmp_path):
    n_frames, side = 400, 64
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stack = file.create_dataset("stack", (n_frames, side, side), np.uint32, chunks=(1, side, side))
        for index in range(n_frames):
            stack[index] = index + 1
    block_bytes = 8 * side * side * 4

    with open_scan(tmp_path / "a.h5") as scan:
        next(scan.blocks())
        tracemalloc.start()
        total = sum(int(block[:, 0, 0].sum()) for _, block in scan.blocks(8))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert total == n_frames * (n_frames + 1) // 2
    assert peak < 4 * block_bytes


def test_real_scans_are_read(real_data):
    with open_scan(real_data / "saxs/nexus-example.hdf5") as scan:
        assert (scan.n_frames, scan.shape) == (10, (195, 487))
        assert sum(len(block) for _, block in scan.blocks()) == 10
        assert len(scan.counter("control")) == 10
    with open_scan(real_data / "powder/testasapo1_1009_00002_m1_part00000.nxs") as scan:
        assert (scan.n_frames, scan.shape, scan.dtype) == (10, (516, 1554), np.int16)
    with pytest.raises(InputError, match=r"538039\.hdf does not exist"):
        open_scan(real_data / "nexus/538039.nxs")
    with pytest.raises(InputError):
        open_scan(real_data / "nexus/thaumatin_integrated.nxs")
