"""A scan that another program is writing is followed to its end, and no frame is read before it is there."""

import multiprocessing
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from processing.nexus.scans import Scan, open_scan
from tests.processing.scan_files import (
    COLUMNS,
    ROWS,
    frames_of,
    put_nexus_class,
    write_bliss,
    write_image,
    write_lima,
)
from workflows import InputError


@pytest.fixture
def write(tmp_path):
    """Start a program that writes nine frames."""
    started = []

    def start(mode):
        command = [sys.executable, "-m", "tests.processing.scan_writer", mode, str(tmp_path)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE))
        return tmp_path / "scan.h5"

    yield start
    for process in started:
        process.stdin.close()
        assert process.wait(20) == 0


def follow(scan):
    """Read block by block; also check that the scan was really followed."""
    blocks = list(scan.blocks(4))
    positions = [first for first, _ in blocks]
    assert positions == list(np.cumsum([0, *(len(block) for _, block in blocks[:-1])]))
    return np.concatenate([block for _, block in blocks]), len(blocks)


@pytest.mark.parametrize(
    "mode", ["swmr points", "flush points", "flush end_time", "swmr fixed", "flush fixed"]
)
def test_a_scan_that_knows_its_end_is_followed_to_it_without_a_wait(mode, write):
    path = write(mode)

    with open_scan(path, wait_s=20) as scan:
        assert scan.n_frames < 9
        assert scan.is_growing
        frames, n_blocks = follow(scan)
        assert not scan.is_growing
        assert np.array_equal(scan.counter("diode"), np.arange(9))

    assert np.array_equal(frames, frames_of(9))
    assert n_blocks > 3


@pytest.mark.parametrize("mode", ["swmr", "flush"])
def test_a_scan_that_says_nothing_ends_when_nothing_came_for_a_while(mode, write):
    path = write(mode)

    with open_scan(path, wait_s=1.5) as scan:
        frames, _ = follow(scan)
        assert not scan.is_growing  # it does not wait twice
        assert list(scan.blocks(first=9)) == []

    assert np.array_equal(frames, frames_of(9))


def test_frames_of_a_virtual_dataset_come_as_its_files_come(write):
    path = write("virtual")

    with open_scan(path, wait_s=20) as scan:
        frames, n_blocks = follow(scan)

    assert np.array_equal(frames, frames_of(9))
    assert n_blocks >= 3


def test_images_are_read_once_they_are_whole(write, tmp_path):
    write("images")

    with open_scan(tmp_path / "a_####.cbf", wait_s=1.5) as scan:
        frames, n_blocks = follow(scan)

    assert np.array_equal(frames, frames_of(9))
    assert n_blocks > 3


def test_another_process_that_reopened_early_reads_frames_that_came_since(write):
    path = write("flush points")

    with open_scan(path, wait_s=20) as scan, Scan.reopen(scan.location) as early:
        n_known = early.n_frames
        scan_frames, _ = follow(scan)
        assert n_known < 9
        assert np.array_equal(early.read(7, 9), scan_frames[7:])


def test_a_forked_process_reads_frames_that_came_after_the_fork(write):
    path = write("flush points")

    with open_scan(path, wait_s=20) as scan:
        n_known = scan.n_frames
        pipe, theirs = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=send_when_whole, args=(scan.location, theirs)
        )
        child.start()
        assert n_known < 9
        assert pipe.recv() == frames_of(9).sum()
        child.join()


def send_when_whole(location, pipe):
    with Scan.reopen(location, wait_s=20) as scan:
        pipe.send(sum(int(block.sum()) for _, block in scan.blocks()))


def test_without_a_wait_what_is_there_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        entry = put_nexus_class(file.create_group("entry"), "NXentry")
        data = entry.create_dataset("data", (9, ROWS, COLUMNS), "u4", chunks=(1, ROWS, COLUMNS))
        data[:4] = frames_of(4)

    with open_scan(tmp_path / "a.h5") as scan:
        assert (scan.n_frames, scan.n_expected, scan.is_growing) == (4, 9, True)
        assert np.array_equal(follow(scan)[0], frames_of(4))


def test_a_file_that_never_comes_is_waited_for_and_then_named(tmp_path):
    started = time.monotonic()

    with pytest.raises(InputError, match=r"lost\.h5 does not exist"):
        open_scan(tmp_path / "lost.h5", wait_s=0.3)

    assert time.monotonic() - started >= 0.3


def test_a_file_that_is_damaged_while_it_is_followed_is_an_error_and_no_end(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "stack", data=frames_of(4), maxshape=(None, ROWS, COLUMNS), chunks=(1, ROWS, COLUMNS)
        )

    with open_scan(path, wait_s=0.3) as scan:
        blocks = scan.blocks(4)
        assert len(next(blocks)[1]) == 4
        path.write_bytes(path.read_bytes()[:-3000])
        with pytest.raises(InputError, match=r"a\.h5 is truncated"):
            next(blocks)


def test_a_file_that_lets_nobody_read_says_so(tmp_path):
    path = tmp_path / "a.h5"
    code = (
        "import h5py, sys; file = h5py.File(sys.argv[1], 'w', libver='latest'); file['x'] = 1; file.flush()\n"
        "print(flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    writer.stdout.readline()

    with pytest.raises(InputError, match="being written, or its writer died"):
        open_scan(path)

    writer.communicate()


def test_the_last_frame_of_a_finished_scan_is_not_waited_for(tmp_path):
    frames = frames_of(4)
    lima = [write_lima(tmp_path / f"{n}.h5", frames[2 * n : 2 * n + 2]) for n in range(2)]
    write_bliss(tmp_path / "a.h5", frames=frames, lima=lima, points=8)

    with open_scan(tmp_path / "a.h5", wait_s=1e9) as scan:
        assert not scan.is_growing
        assert len(follow(scan)[0]) == 4


def test_an_image_that_stays_incomplete_is_an_error(tmp_path):
    for index, frame in enumerate(frames_of(3)):
        write_image(tmp_path / f"a_{index}.edf", frame)
    last = tmp_path / "a_2.edf"
    last.write_bytes(last.read_bytes()[:-100])

    with open_scan(tmp_path / "a_*.edf", wait_s=0.3) as scan:
        blocks = scan.blocks(2)
        assert np.array_equal(next(blocks)[1], frames_of(2))
        with pytest.raises(InputError, match=r"a_2\.edf is truncated"):
            next(blocks)
