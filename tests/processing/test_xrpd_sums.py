"""Sums of scans against numpy: whole numbers, dead pixels, parts, and what is refused."""

import fabio
import h5py
import numpy as np
import pytest

from processing.nexus.images import read_image
from processing.nexus.values import read_value
from processing.simulated_scan import write_powder_scan
from processing.techniques.xrpd.sums import FrameSum
from processing.techniques.xrpd.tasks.save_images import SaveImages
from processing.techniques.xrpd.tasks.sum import SumBlissScanImages, SumImages
from workflows import CancelToken, InputError
from workflows.errors import Cancelled

N_FRAMES = 19


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return write_powder_scan(tmp_path_factory.mktemp("scan"), n_frames=N_FRAMES, detector="Pilatus100k")


def bliss_file(path, *scans, dtype=np.int32):
    """Scans 1.1, 2.1, ... of small frames, in one file."""
    with h5py.File(path, "w") as file:
        for number, frames in enumerate(scans, start=1):
            entry = file.create_group(f"{number}.1")
            entry.attrs["NX_class"] = "NXentry"
            instrument = entry.create_group("instrument")
            instrument.attrs["NX_class"] = "NXinstrument"
            detector = instrument.create_group("det")
            detector.attrs["NX_class"] = "NXdetector"
            detector["data"] = np.asarray(frames, dtype)
            entry["measurement/det"] = h5py.SoftLink(f"/{number}.1/instrument/det/data")
            entry["measurement/mon"] = np.arange(1.0, len(frames) + 1)
            entry["end_time"] = "2026-01-01T00:00:00Z"
    return path


def frames(n, value=1, shape=(20, 24)):
    return np.full((n, *shape), value)


def run(task_class, **inputs):
    task = task_class(
        inputs={key: str(value) if key.endswith("name") else value for key, value in inputs.items()}
    )
    task.execute()
    return task.outputs


class TestSumImages:
    def test_a_simulated_scan_adds_up_to_the_exposure_times_its_factors(self, scan, tmp_path):
        found = run(
            SumImages,
            filename=scan.path,
            detector_name=scan.detector,
            output_filename=tmp_path / "sum.h5",
            monitor_name="monitor",
        )

        [uri], [monitor_uri] = found.output_uris, found.monitor_uris
        exposure = scan.exposure.astype(int)
        expected = np.where(exposure >= 0, exposure * scan.factors.sum(), exposure)
        image = read_image(uri).data
        assert (image.dtype, uri.rpartition("/")[2]) == (np.int64, f"Scan1-Images0-{N_FRAMES - 1}")
        assert np.array_equal(image, expected)
        assert (image == -2).any()
        assert read_value("monitor", monitor_uri) == sum(scan.values["monitor"])
        assert read_value("n", f"{uri}_nb_images") == N_FRAMES

    def test_a_sum_of_blocks_ends_with_its_scan(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(5, 1), frames(5, 10))

        found = run(
            SumImages,
            filename=source,
            detector_name="det",
            output_filename=tmp_path / "sum.h5",
            block_size=2,
            start_image=1,
            monitor_name="mon",
            sum_type="both",
        )

        names = [uri.rpartition("/")[2] for uri in found.output_uris]
        assert names == [
            *("Scan1-Images1-2", "Scan1-Images3-4", "Scan2-Images1-2", "Scan2-Images3-4"),
            "Sum of scans 1 to 2",
        ]
        assert [read_image(uri).data.max() for uri in found.output_uris] == [2, 2, 20, 20, 44]
        assert [read_value("m", uri) for uri in found.monitor_uris] == [5, 9, 5, 9, 28]

    def test_the_file_opens_at_the_first_sum(self, tmp_path):
        run(
            SumImages,
            filename=bliss_file(tmp_path / "a.h5", frames(3), frames(3)),
            detector_name="det",
            output_filename=tmp_path / "sum.h5",
        )

        with h5py.File(tmp_path / "sum.h5") as file:
            data = file
            while "default" in data.attrs:
                data = data[data.attrs["default"]]
            assert data.name == "/processing/sum/results"
            assert data.attrs["signal"] == "Scan1-Images0-2"
            assert data.attrs["NX_class"] == "NXdata"

    def test_what_was_in_the_output_stays_and_is_not_replaced(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(3))
        with h5py.File(tmp_path / "sum.h5", "w") as file:
            file["kept"] = 5
        inputs = {"filename": source, "detector_name": "det", "output_filename": tmp_path / "sum.h5"}

        run(SumImages, **inputs)
        before = (tmp_path / "sum.h5").read_bytes()
        with pytest.raises(InputError, match="already"):
            run(SumImages, **inputs)
        run(SumImages, **inputs, output_process="again")

        assert before != (tmp_path / "sum.h5").read_bytes()
        with h5py.File(tmp_path / "sum.h5") as file:
            assert sorted(file) == ["kept", "processing"]
            assert sorted(file["processing"]) == ["again", "sum"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"end_scan": 3}, "not all of the scans 1 to 3"),
            ({"start_scan": 4}, "not all of the scans"),
            ({"end_image": 3}, "no images 0 to 3"),
            ({"start_image": 2, "end_image": 1}, "no images 2 to 1"),
            ({"start_image": 0.5}, "whole number"),
            ({"block_size": 0}, "block_size"),
            ({"monitor_name": "absent"}, "has no counter absent; it has mon"),
            ({"detector_name": "absent"}, "absent"),
            ({"sum_type": "some"}, "sum_type"),
            ({"output_entry": "a/b"}, "name of a group"),
        ],
    )
    def test_what_is_not_there_is_refused_and_nothing_is_written(self, changes, words, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(3), frames(3))
        inputs = {
            "filename": source,
            "detector_name": "det",
            "output_filename": tmp_path / "sum.h5",
        } | changes

        with pytest.raises(InputError, match=words):
            run(SumImages, **inputs)

        assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]

    def test_raw_data_are_not_changed(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(3))

        with pytest.raises(InputError, match="Raw data"):
            run(SumImages, filename=source, detector_name="det", output_filename=f"{tmp_path}/./a.h5")

    def test_a_group_of_the_output_that_leads_elsewhere_is_not_followed(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(3))
        with h5py.File(tmp_path / "sum.h5", "w") as file:
            file["processing"] = h5py.ExternalLink("a.h5", "/1.1")

        with pytest.raises(InputError, match="a link to another place"):
            run(SumImages, filename=source, detector_name="det", output_filename=tmp_path / "sum.h5")

    def test_scans_of_other_frames_are_not_added_together(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(3), frames(3, shape=(20, 25)))
        inputs = {"filename": source, "detector_name": "det", "output_filename": tmp_path / "sum.h5"}

        with pytest.raises(InputError, match="cannot be added"):
            run(SumImages, **inputs, sum_type="all_scans")

    def test_it_tells_how_far_it_is_and_stops_when_asked(self, scan, tmp_path):
        told, token = [], CancelToken()

        def on_progress(value):
            told.append(value)
            token.cancel()

        task = SumImages(
            inputs={
                "filename": str(scan.path),
                "detector_name": scan.detector,
                "output_filename": str(tmp_path / "sum.h5"),
            },
            cancel=token,
            on_progress=on_progress,
        )
        with pytest.raises(Cancelled):
            task.execute()

        assert told == [pytest.approx(100 * 8 / N_FRAMES, abs=0.1)]
        assert list(tmp_path.iterdir()) == []


class TestSumBlissScanImages:
    def images(self, tmp_path):
        stack = np.arange(6)[:, None, None] * np.ones((20, 24), int)
        return bliss_file(tmp_path / "a.h5", stack)

    # What is left of the images 0 to 5, each of which has its own number in all pixels.
    @pytest.mark.parametrize(
        ("step", "left"), [(-1, [0, 1, 2, 3, 4, 5]), (0, [1, 2, 3, 4, 5]), (1, [1, 3, 5]), (2, [1, 2, 4, 5])]
    )
    def test_background_points_are_left_out_of_images_and_monitor_alike(self, step, left, tmp_path):
        found = run(
            SumBlissScanImages,
            filename=self.images(tmp_path),
            scan=1,
            detector_name="det",
            output_filename=tmp_path / "sum.h5",
            monitor_name="mon",
            background_step=step,
        )

        assert np.all(read_image(found.output_uri).data == sum(left))
        assert found.monitor == sum(number + 1 for number in left)
        assert found.output_uri.endswith(f"::/1.1/sum/results/Scan1-Images{left[0]}-{left[-1]}")

    def test_without_a_monitor_there_is_none(self, tmp_path):
        inputs = {"filename": self.images(tmp_path), "scan": 1, "detector_name": "det"}

        assert run(SumBlissScanImages, **inputs, output_filename=tmp_path / "sum.h5").monitor is None

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"scan": 7}, "7.1"),
            ({"scan_memory_url": "redis://x"}, "scan_memory_url"),
            ({"background_step": 0.5}, "whole number"),
            ({"retry_timeout": "long"}, "retry_timeout"),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, changes, words, tmp_path):
        inputs = {"filename": self.images(tmp_path), "scan": 1, "detector_name": "det"} | changes

        with pytest.raises(InputError, match=words):
            run(SumBlissScanImages, **inputs, output_filename=tmp_path / "sum.h5")

    def test_a_scan_of_background_alone_is_refused(self, tmp_path):
        source = bliss_file(tmp_path / "a.h5", frames(1))

        with pytest.raises(InputError, match="No image"):
            run(
                SumBlissScanImages,
                filename=source,
                scan=1,
                detector_name="det",
                output_filename=tmp_path / "sum.h5",
            )


class TestFrameSum:
    def total(self, *stack, dtype):
        found = FrameSum((1, len(stack[0])), np.dtype(dtype))
        found.add(np.asarray(stack, dtype)[:, None, :])
        return found.image[0]

    def test_counts_go_beyond_their_own_type(self):
        largest = 2**16 - 3

        assert self.total([largest], [largest], dtype=np.uint16).tolist() == [2 * largest]

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
    def test_an_unsigned_pixel_without_a_value_in_one_frame_has_none_in_the_sum(self, dtype):
        largest = np.iinfo(dtype).max

        total = self.total([largest, 1, largest - 1, 1], [largest, largest, largest - 1, 2], dtype=dtype)

        assert total.tolist() == [-1, -1, -2, 3]

    @pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.float32])
    def test_a_signed_pixel_has_no_value_where_all_frames_say_so(self, dtype):
        # The last two are counts of an image whose dark was subtracted.
        total = self.total([-1, -2, -1, -2], [-1, -2, 4, -1], [-1, -2, -1, -2], dtype=dtype)

        assert total.tolist() == [-1, -2, 2, -5]

    def test_not_a_number_stays_so(self):
        total = self.total([np.nan, 0.25], [1, 0.5], dtype=np.float32)

        assert np.array_equal(total, [np.nan, 0.75], equal_nan=True)

    def test_eight_bytes_are_exact_and_never_wrap(self):
        exact = 2**53 + 1

        assert self.total([exact], [0], dtype=np.uint64).tolist() == [exact]
        for dtype in (np.int64, np.uint64):
            with pytest.raises(InputError, match="2\\^63"):
                self.total([2**62], [2**62], dtype=dtype)
        with pytest.raises(InputError, match="2\\^63"):
            self.total([2**63], dtype=np.uint64)


class TestSaveImages:
    def images(self, tmp_path, data, **attributes):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            for name in ("one", "two"):
                file.create_dataset(f"results/{name}", data=data).attrs.update(attributes)
            file["other/one"] = data
        return [f"{tmp_path}/a.h5::/results/{name}" for name in ("one", "two")]

    @pytest.mark.parametrize(
        ("ext", "dtype"),
        [
            *((ext, dtype) for ext in ("edf", "tif", "tiff") for dtype in ("i8", "f8", "u4", "u2", "f4")),
            *(("cbf", dtype) for dtype in ("i8", "i4", "u2")),
        ],
    )
    def test_each_format_gives_back_the_values_it_was_given(self, ext, dtype, tmp_path):
        data = np.arange(20 * 24).reshape(20, 24).astype(dtype)

        found = run(SaveImages, image_uris=self.images(tmp_path, data), output_dir=str(tmp_path), ext=ext)

        assert found.output_paths == [f"{tmp_path}/one.{ext}", f"{tmp_path}/two.{ext}"]
        for path in found.output_paths:
            assert np.array_equal(fabio.open(path).data, data)

    def test_a_monitor_divides_the_values_and_the_header_has_the_rest(self, tmp_path):
        uris = self.images(tmp_path, np.full((20, 24), 10), monitor=4.0, sample="LaB6")

        found = run(SaveImages, image_uris=uris, output_dir=str(tmp_path))

        image = fabio.open(found.output_paths[0])
        assert np.all(image.data == 2.5)
        assert (image.header["sample"], image.header["Summed_monitor_counts"]) == ("LaB6", "4.0")

    def test_sums_can_be_saved_and_integrated_on(self, scan, tmp_path):
        sums = run(
            SumImages,
            filename=scan.path,
            detector_name=scan.detector,
            output_filename=tmp_path / "sum.h5",
            block_size=10,
        )

        found = run(SaveImages, image_uris=sums.output_uris, output_dir=str(tmp_path))

        for uri, path in zip(sums.output_uris, found.output_paths, strict=True):
            assert np.array_equal(read_image(path).data, read_image(uri).data)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"ext": "spe"}, "can be written as"),
            ({"output_dir": "/no/such/folder"}, "does not exist"),
            ({"image_uris": []}, "list of locations"),
            ({"image_uris": "a.h5::/results/one"}, "list of locations"),
            ({"image_uris": ["{}::/results/one", "{}::/other/one"]}, "Two of the images"),
            ({"image_uris": ["{}::/results/one", "{}::/results/three"]}, "three"),
            ({"ext": "cbf"}, "CBF"),
        ],
    )
    def test_it_is_all_or_nothing(self, changes, words, tmp_path):
        inputs = {"image_uris": self.images(tmp_path, np.full((20, 24), 0.5)), "output_dir": str(tmp_path)}
        inputs |= changes
        if isinstance(inputs["image_uris"], list):
            inputs["image_uris"] = [uri.format(f"{tmp_path}/a.h5") for uri in inputs["image_uris"]]

        with pytest.raises(InputError, match=words):
            run(SaveImages, **inputs)

        assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]

    def test_a_monitor_that_is_no_beam_is_refused(self, tmp_path):
        uris = self.images(tmp_path, np.ones((20, 24)), monitor=0.0)

        with pytest.raises(InputError, match="monitor must be greater than zero"):
            run(SaveImages, image_uris=uris, output_dir=str(tmp_path))
