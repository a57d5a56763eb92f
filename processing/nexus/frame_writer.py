"""Write one detector image as a beamline does: a scan of one frame, laid out as by BLISS."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
from pyFAI.units import hc

from processing.nexus.tree import new_file, put_group, put_values


def write_frame(
    path: Path,
    image: np.ndarray,
    *,
    title: str,
    started: datetime,
    exposure_s: float,
    sample: str,
    instrument: str,
    detector: str,
    pixel_size_m: tuple[float, float],
    energy_kev: float,
    geometry: Mapping[str, object],
) -> None:
    """Write a NeXus file with one frame; equal arguments give equal bytes.

    Parameters
    ----------
    image : array (rows, columns)
        Stored as a stack of one frame, bitshuffled and compressed.
    pixel_size_m : (along the rows' axis, along the columns' axis)
    geometry : mapping
        pyFAI geometry, in m and rad; stored beside the image, and its ``dist`` as distance.

    Raises
    ------
    InputError, OSError
        As for `processing.nexus.tree.new_file`.
    """
    with new_file(path) as file:
        file.attrs.update(NX_class="NXroot", default="1.1")
        entry = put_group(file, "1.1", "NXentry", default="plot")
        put_values(entry, "title", title)
        put_values(entry, "start_time", started.isoformat())
        put_values(entry, "end_time", (started + timedelta(seconds=exposure_s)).isoformat())
        put_values(put_group(entry, "sample", "NXsample"), "name", sample)
        beamline = put_group(entry, "instrument", "NXinstrument")
        put_values(beamline, "name", instrument)
        mono = put_group(beamline, "monochromator", "NXmonochromator")
        put_values(mono, "energy", energy_kev, units="keV")
        put_values(mono, "wavelength", hc / energy_kev, units="angstrom")
        group = put_group(beamline, "detector", "NXdetector")
        _put_image(group, image)
        put_values(group, "description", detector)
        put_values(group, "count_time", np.array([exposure_s]), units="s")
        put_values(group, "distance", geometry["dist"], units="m")
        put_values(group, "y_pixel_size", pixel_size_m[0], units="m")
        put_values(group, "x_pixel_size", pixel_size_m[1], units="m")
        calibration = put_group(group, "pyfai_geometry", "NXparameters")
        for name, value in geometry.items():
            unit = _GEOMETRY_UNITS.get(name)
            put_values(calibration, name, value, **({"units": unit} if unit else {}))
        plot = put_group(entry, "plot", "NXdata", signal="data", interpretation="image")
        plot["data"] = group["data"]
        measurement = put_group(entry, "measurement", "NXcollection")
        measurement["detector"] = group["data"]


_GEOMETRY_UNITS = {
    **dict.fromkeys(("dist", "poni1", "poni2", "pixel1", "pixel2", "wavelength"), "m"),
    **dict.fromkeys(("rot1", "rot2", "rot3"), "rad"),
}


def _put_image(detector: h5py.Group, image: np.ndarray) -> None:
    stored = detector.create_dataset(
        "data",
        data=image[None],
        chunks=(1, *image.shape),
        track_times=False,
        compression=hdf5plugin.Bitshuffle(cname="lz4"),
    )
    stored.attrs["interpretation"] = "image"
