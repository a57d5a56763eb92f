"""A task that saves images of HDF5 files as files of their own."""

from collections.abc import Sequence
from pathlib import Path

from processing.nexus.image_writer import ImageToWrite, write_images
from processing.nexus.images import read_image
from processing.nexus.values import read_attributes, read_number
from processing.techniques.xrpd.background import checked_monitor
from workflows import InputError, Task

__all__ = ["SaveImages"]


class SaveImages(
    Task,
    input_names=["image_uris", "output_dir"],
    optional_input_names=["ext"],
    output_names=["output_paths"],
):
    """Save images of HDF5 files, such as those of `SumImages`, as EDF, TIFF or CBF files.

    Inputs
    ------
    image_uris : list of str
        ``file::/path/of/image``, of a stack the first frame.  An attribute ``monitor`` of the dataset
        divides the values; the others go into the header (EDF and TIFF).
    output_dir : path of a folder
        Each file gets the last name in its image's path.
    ext : str, default "edf"
        "edf", "tif", "tiff" or "cbf" (whole numbers only).

    Outputs
    -------
    output_paths : list of str, in the order of ``image_uris``

    Raises
    ------
    InputError
        An image is not there, two of them have the same name, its monitor is not positive, or the
        format cannot hold its values; no file is written then.
    """

    def run(self) -> None:
        """Read all, write all."""
        uris = self.inputs.image_uris
        if isinstance(uris, str) or not isinstance(uris, Sequence) or not uris:
            raise InputError(f"image_uris must be a list of locations, not {uris!r}")
        images = [_image(str(uri)) for uri in uris]
        paths = write_images(
            Path(self.inputs.output_dir), images, ext=str(self.get_input_value("ext", None) or "edf")
        )
        self.outputs.output_paths = [str(path) for path in paths]


def _image(uri: str) -> ImageToWrite:
    image = read_image(uri)
    name = (image.h5path or "").rpartition("/")[2] or Path(uri).stem
    given = read_attributes(image.path, image.h5path) if image.path and image.h5path else {}
    data, monitor = image.data, given.pop("monitor", None)
    if monitor is not None:
        data = data / checked_monitor("monitor", read_number("monitor", monitor))
    header = {"Summed_monitor_counts": "nan" if monitor is None else str(monitor)}
    return ImageToWrite(name, data, header | {key: str(value) for key, value in given.items()})
