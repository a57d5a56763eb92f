"""An image is read from arrays, image files and HDF5 files, and odd files are refused in one sentence."""

import fabio
import fabio.edfimage
import fabio.tifimage
import h5py
import numpy as np
import pytest

from processing.nexus.guard import confined
from processing.nexus.images import read_image
from workflows import InputError

IMAGE = np.arange(20 * 30, dtype=np.int32).reshape(20, 30)


def write_nexus(path, data, *, with_detector=True):
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["other/image"] = np.zeros((40, 40))
        if with_detector:
            instrument = entry.create_group("instrument")
            instrument.attrs["NX_class"] = "NXinstrument"
            instrument.create_group("diode").attrs["NX_class"] = "NXdetector"
            instrument["diode/data"] = np.zeros(3)
            instrument.create_group("pilatus").attrs["NX_class"] = "NXdetector"
            instrument["pilatus/data"] = data
    return path


def test_an_array_is_taken_as_it_is():
    assert read_image(IMAGE).data is not None
    assert read_image(np.stack([IMAGE, IMAGE + 1]), frame=1).data[0, 0] == 1


@pytest.mark.parametrize("suffix", [".edf", ".tif", ".tiff", ".npy"])
def test_an_image_file_gives_its_values_row_by_row(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    match suffix:
        case ".edf":
            fabio.edfimage.EdfImage(IMAGE).write(str(path))
        case ".npy":
            np.save(path, IMAGE)
        case _:
            fabio.tifimage.TifImage(IMAGE).write(str(path))

    assert np.array_equal(read_image(path).data, IMAGE)


def test_a_frame_of_a_multi_frame_edf_file_is_chosen(tmp_path):
    path = tmp_path / "a.edf"
    file = fabio.edfimage.EdfImage(IMAGE)
    file.append_frame(data=IMAGE + 1)
    file.write(str(path))

    assert np.array_equal(read_image(path).data, IMAGE)
    assert np.array_equal(read_image(path, frame=1).data, IMAGE + 1)


def test_in_a_nexus_file_the_image_of_the_detector_is_found(tmp_path):
    path = write_nexus(tmp_path / "a.h5", np.stack([IMAGE, IMAGE + 1, IMAGE + 2]))

    image = read_image(path)

    assert np.array_equal(image.data, IMAGE)
    assert (image.h5path, image.n_frames) == ("/entry/instrument/pilatus/data", 3)


@pytest.mark.parametrize(
    "url",
    [
        "{}::/entry/instrument/pilatus/data?2",
        "{}::/entry/instrument/pilatus/data?slice=2",
        "silx:{}?path=/entry/instrument/pilatus/data&slice=2",
        "{}?/entry/instrument/pilatus/data&slice=2,:,:",
        "{}::/entry/instrument/pilatus/data?slice=-1",
    ],
)
def test_a_frame_is_named_in_the_location(url, tmp_path):
    path = write_nexus(tmp_path / "a.h5", np.stack([IMAGE, IMAGE + 1, IMAGE + 2]))

    assert np.array_equal(read_image(url.format(path)).data, IMAGE + 2)


def test_without_a_detector_the_default_plot_and_then_the_only_image_is_taken(tmp_path):
    only = write_nexus(tmp_path / "only.h5", IMAGE, with_detector=False)
    assert read_image(only).h5path == "/entry/other/image"

    with h5py.File(only, "a") as file:
        file["plot/image"] = IMAGE
        file["plot"].attrs["signal"] = "image"
    with pytest.raises(InputError, match="holds 2 images"):
        read_image(only)

    with h5py.File(only, "a") as file:
        file.attrs["default"] = "plot"
    assert read_image(only).h5path == "/plot/image"


def test_a_detector_whose_images_are_missing_says_which_file_is_missing(tmp_path):
    path = write_nexus(tmp_path / "a.h5", IMAGE)
    with h5py.File(path, "a") as file:
        del file["entry/instrument/pilatus/data"]
        file["entry/instrument/pilatus/data"] = h5py.ExternalLink("frames_0001.h5", "/data")

    with pytest.raises(InputError, match=r"frames_0001\.h5 does not exist"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [(b"", ".tif"), (b"II*\0garbage", ".tif"), (b"{\n HeaderID = EH", ".edf"), (b"###CBF: VERSION", ".cbf"),
     (bytes(100), ".spe"), (b"\x93NUMPY", ".npy"), (b"", ".edf")],
)  # fmt: skip
def test_a_damaged_image_file_is_refused_in_one_sentence(content, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)

    with pytest.raises(InputError, match=f"a{suffix}"):
        read_image(path)


def test_an_array_file_never_executes_code(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([print], dtype=object), allow_pickle=True)

    with pytest.raises(InputError, match="NPY"):
        read_image(path)


def test_an_edf_file_cannot_show_another_file(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(range(200)) * 20)
    header = (
        "{\nHeaderID = EH:000001:000000:000000 ;\nImage = 1 ;\nByteOrder = LowByteFirst ;\n"
        "DataType = UnsignedByte ;\n"
        "Dim_1 = 20 ;\nDim_2 = 20 ;\nEDF_BinaryFileName = secret.bin ;\nEDF_BinaryFilePosition = 0 ;\n"
        "EDF_BinaryFileSize = 400 ;\n"
    )
    (tmp_path / "a.edf").write_text(header.ljust(510) + "}\n")
    assert fabio.open(str(tmp_path / "a.edf")).data[0, 5] == 5  # fabio alone shows the other file

    with pytest.raises(InputError, match="in another file"):
        read_image(tmp_path / "a.edf")


def test_an_hdf5_file_under_another_suffix_still_goes_through_the_guard(tmp_path):
    outside = write_nexus(tmp_path / "outside.h5", IMAGE)
    (tmp_path / "root").mkdir()
    path = tmp_path / "root/a.tif"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(str(outside), "/entry/instrument/pilatus/data")

    with confined([tmp_path / "root"]), pytest.raises(InputError):
        read_image(f"{path}::/x")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/no/such/file.tif", "/no/such/file.tif does not exist"),
        (np.zeros(5), "not a two-dimensional image"),
        (np.zeros((5, 5), dtype=complex), "real numbers"),
        (np.zeros((0, 5)), "not a two-dimensional image"),
    ],
)
def test_what_is_no_image_is_refused(source, words):
    with pytest.raises(InputError, match=words):
        read_image(source)


def test_a_frame_that_is_not_there_is_refused(tmp_path):
    path = write_nexus(tmp_path / "a.h5", IMAGE)

    for frame in (1, -2):
        with pytest.raises(InputError, match="no frame"):
            read_image(path, frame=frame)
    with pytest.raises(InputError, match="neither a path nor one frame"):
        read_image(f"{path}::/entry/instrument/pilatus/data?slice=1:3")


def test_an_unknown_suffix_is_refused(tmp_path):
    (tmp_path / "a.exe").write_bytes(b"x")

    with pytest.raises(InputError, match="known image format"):
        read_image(tmp_path / "a.exe")


def test_real_files_are_read_or_refused_in_words(real_data):
    lambda_frames = read_image(real_data / "powder/testasapo1_1009_00002_m1_part00000.nxs", frame=9)
    assert lambda_frames.data.shape == (516, 1554)
    assert lambda_frames.n_frames == 10
    assert read_image(real_data / "powder/CeO2_PI_CCD_Mo.SPE").data.shape == (1042, 1042)
    assert read_image(real_data / "saxs/nexus-example.hdf5").data.shape == (195, 487)
    with pytest.raises(InputError, match=r"538039\.hdf does not exist"):
        read_image(real_data / "nexus/538039.nxs")
    with pytest.raises(InputError, match="holds no image"):
        read_image(real_data / "nexus/thaumatin_integrated.nxs")
