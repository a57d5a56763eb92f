"""Frames in many image files are one scan, in the order of their numbers."""

import json
import logging
import tracemalloc

import fabio.edfimage
import numpy as np
import pytest

from processing.nexus.images import read_image
from processing.nexus.scans import Scan, open_scan
from tests.processing.scan_files import COLUMNS, ROWS, frames_of, write_image, write_lima
from workflows import InputError


def write_series(folder, suffix, numbers=(1, 2, 10)):
    frames = frames_of(len(numbers))
    paths = [folder / f"name_{number:04d}{suffix}" for number in numbers]
    for path, frame in zip(paths, frames, strict=True):
        write_image(path, frame)
    return paths, frames


def read_all(source, **options):
    with open_scan(source, **options) as scan:
        return np.concatenate([block for _, block in scan.blocks(2)])


@pytest.mark.parametrize("suffix", [".edf", ".cbf", ".tif", ".npy"])
@pytest.mark.parametrize("pattern", ["name_####{}", "name_%04d{}", "name_*{}", None])
def test_files_are_read_in_the_order_of_their_numbers(suffix, pattern, tmp_path):
    paths, frames = write_series(tmp_path, suffix)
    write_image(tmp_path / f"other_0003{suffix}", frames[0])

    source = paths if pattern is None else tmp_path / pattern.format(suffix)
    with open_scan(source, roots=[tmp_path]) as scan:
        location = json.loads(json.dumps(scan.location))
        assert (scan.n_frames, scan.shape) == (3, (ROWS, COLUMNS))
    with Scan.reopen(location) as scan:
        assert np.array_equal(scan.read(1, 3), frames[1:])
    assert np.array_equal(read_all(source), frames)


def test_numbers_are_numbers_and_not_text(tmp_path):
    for number in (9, 10, 100):
        write_image(tmp_path / f"a{number}.npy", frames_of(1, first=number)[0])

    assert list(read_all(tmp_path / "a#.npy")[:, 0, 0]) == [10_000, 11_000, 101_000]


def write_multi_frame(path, frames):
    match path.suffix:
        case ".edf":
            file = fabio.edfimage.EdfImage(frames[0])
            for frame in frames[1:]:
                file.append_frame(data=frame)
            file.write(str(path))
        case ".npy":
            np.save(path, frames)
        case ".spe":
            head = bytearray(4100)
            head[42:44] = np.uint16(COLUMNS).tobytes()  # fields of the WinView 2.5 header
            head[656:658] = np.uint16(ROWS).tobytes()
            head[20:29], head[172:178] = b"01Jan2026", b"100000"
            head[108:110] = np.int16(1).tobytes()  # int32
            head[1446:1450] = np.int32(len(frames)).tobytes()
            path.write_bytes(bytes(head) + frames.astype(np.int32).tobytes())
        case ".h5":
            write_lima(path, frames)
    return path


@pytest.mark.parametrize("suffix", [".edf", ".npy", ".spe", ".h5"])
def test_files_of_several_frames_follow_one_another(suffix, tmp_path):
    frames = frames_of(7)
    for number in range(3):
        write_multi_frame(tmp_path / f"a_{number}{suffix}", frames[3 * number : 3 * number + 3])

    with open_scan(tmp_path / f"a_*{suffix}") as scan:
        assert scan.n_frames == 7
        assert np.array_equal(scan.read(1, 7), frames[1:])
    assert np.array_equal(read_all(tmp_path / f"a_0{suffix}"), frames[:3])


@pytest.mark.parametrize("suffix", [".edf", ".cbf", ".tif", ".spe", ".npy"])
@pytest.mark.parametrize("part", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_truncated_image_is_refused_and_not_filled_with_zeros(suffix, part, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)
    path = tmp_path / f"a{suffix}"
    if suffix == ".spe":
        write_multi_frame(path, frames_of(1))
    else:
        write_image(path, frames_of(1)[0])
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])

    for read in (open_scan, read_image):
        with pytest.raises(InputError, match=f"a{suffix}"):
            read(path)


def test_a_cbf_image_with_a_wrong_checksum_is_refused(tmp_path):
    path = write_image(tmp_path / "a.cbf", frames_of(1)[0])
    content = bytearray(path.read_bytes())
    start = content.index(b"\x0c\x1a\x04\xd5") + 4
    content[start + 100] ^= 1
    path.write_bytes(content)

    with pytest.raises(InputError, match="its checksum is wrong"):
        open_scan(path)


def test_an_image_of_another_shape_is_refused_by_its_name(tmp_path):
    write_image(tmp_path / "a_1.npy", frames_of(1)[0])
    write_image(tmp_path / "a_2.npy", frames_of(1)[0][:10])

    with open_scan(tmp_path / "a_#.npy") as scan, pytest.raises(InputError, match=r"a_2\.npy is \(10, 30\)"):
        list(scan.blocks())


def test_an_incomplete_file_in_the_middle_is_refused_because_later_frames_would_move(tmp_path):
    frames = frames_of(6)
    for number, n_frames in enumerate((3, 2, 3)):
        write_lima(
            tmp_path / f"a_{number}.h5",
            frames[:n_frames],
            chunks=(1, ROWS, COLUMNS),
            maxshape=(3, ROWS, COLUMNS),
        )

    with pytest.raises(InputError, match=r"a_1\.h5 of a series is not complete: it has 2 of 3 frames"):
        open_scan(tmp_path / "a_#.h5")


def test_no_files_and_files_outside_of_the_roots_are_refused(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    paths, _ = write_series(outside, ".npy")
    (inside / "name_0001.npy").symlink_to(paths[0])

    with pytest.raises(InputError, match="There are no files"):
        open_scan(inside / "other_#.npy")
    with pytest.raises(InputError, match="There are no files"):
        open_scan(outside / "name_#.npy", roots=[inside])
    for source in (paths, inside / "name_#.npy"):
        with pytest.raises(InputError, match="outside the folders"):
            open_scan(source, roots=[inside])
    assert len(read_all(outside / "name_#.npy", roots=paths[:2])) == 2


def test_only_one_block_of_a_file_of_many_frames_is_in_memory(tmp_path):
    frames = np.random.default_rng(1).integers(0, 9, (60, 64, 64), dtype=np.int32)
    for suffix in (".edf", ".npy"):
        path = write_multi_frame(tmp_path / f"a{suffix}", frames)
        with open_scan(path) as scan:
            next(scan.blocks())
            tracemalloc.start()
            total = sum(int(block.sum()) for _, block in scan.blocks(4))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert total == frames.sum()
        assert peak < 4 * frames[:4].nbytes


def test_real_images_are_read_as_scans(real_data):
    with open_scan(real_data / "powder/Fe3O4C_M1_map_*_P1_E1_001.tif") as scan:
        assert (scan.n_frames, scan.shape) == (3, (1043, 981))
        last = scan.read(2, 3)[0]
    assert np.array_equal(last, read_image(real_data / "powder/Fe3O4C_M1_map_3_P1_E1_001.tif").data)
    with open_scan(real_data / "powder/CeO2_PI_CCD_Mo.SPE") as scan:
        assert (scan.n_frames, scan.shape) == (1, (1042, 1042))
