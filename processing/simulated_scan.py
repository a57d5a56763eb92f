"""A simulated powder scan of many frames with a known answer, written quickly and one frame at a time.

Every frame is the same exposure times a small whole number, which the monitor counts too: the
patterns of all frames, divided by the monitor, are the same.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pyFAI.detectors import detector_factory

from processing.nexus.scan_writer import Images, Setup, write_bliss_scan, write_nexus_scan
from processing.simulation import default_geometry, describe_truth, poni_text, simulate_image
from processing.techniques.xrpd.geometry import Geometry
from workflows import InputError

__all__ = ["PowderScan", "write_powder_scan"]

MAX_FACTOR = 8
MONITOR_RATE = 10_000.0
"""Counts of the monitor in a frame of factor 1."""


@dataclass(frozen=True)
class PowderScan:
    """What was written.

    ``path`` is the file to open; ``scan`` and ``detector`` name the frames in it; ``factors`` int
    (n_frames,) says how many times the ``exposure`` (rows, columns) each frame has, except in gaps
    and dead pixels, which are as in the exposure; the counter ``monitor`` is in proportion to them.
    """

    path: Path
    poni: Path
    truth: Path
    scan: str
    detector: str
    factors: np.ndarray
    exposure: np.ndarray
    values: dict[str, Any]
    """The content of the truth file, as of `PowderDataset`, with ``factors`` and ``monitor`` too."""


def write_powder_scan(
    folder: Path,
    *,
    n_frames: int,
    detector: str = "Pilatus1M",
    layout: str = "bliss",
    compression: str | None = "bitshuffle",
    calibrant: str = "LaB6",
    energy_kev: float = 38.0,
    exposure_s: float = 0.1,
    seed: int = 0,
    frames_per_file: int = 100,
) -> PowderScan:
    """Write a scan of one powder in a beam that comes and goes.

    Parameters
    ----------
    folder : path
        Made if needed.  Gets ``<calibrant>_scan.h5``, ``<calibrant>.poni`` and ``truth.json``.
    detector : str
        pyFAI's name; placed by `default_geometry`.
    layout : str
        "bliss": scan 1.1 with the frames in further files of ``frames_per_file`` each; "nexus": one file.
    compression : str, optional
        "bitshuffle" (with LZ4) or None.
    exposure_s : float
        Of a frame with factor 1.
    seed : int
        Of the counting noise of the exposure and of the order of the factors.

    Raises
    ------
    InputError
        There are no frames, or the layout, compression or calibrant is not known.
    """
    if layout not in ("bliss", "nexus") or n_frames < 1:
        raise InputError(f"A scan has frames and the layout bliss or nexus, not {n_frames} and {layout!r}")
    geometry = default_geometry(detector, energy_kev)
    exposure = simulate_image(calibrant, geometry, exposure_s=exposure_s, seed=seed)
    factors = np.random.default_rng(seed).integers(1, MAX_FACTOR + 1, n_frames)
    used, order = np.unique(factors, return_inverse=True)
    images = Images.pack((brighten(exposure, factor) for factor in used), order.tolist(), compression)
    name = re.sub(r"[^a-z].*", "", detector.lower()) or "detector"
    counters = {"monitor": MONITOR_RATE * factors, "elapsed_time": exposure_s * np.arange(n_frames)}
    setup = _describe_setup(calibrant, geometry, name, exposure_s, counters)
    folder.mkdir(parents=True, exist_ok=True)
    written = PowderScan(
        path=folder / f"{calibrant}_scan.h5",
        poni=folder / f"{calibrant}.poni",
        truth=folder / "truth.json",
        scan="1.1" if layout == "bliss" else "entry",
        detector=name,
        factors=factors,
        exposure=exposure,
        values=describe_truth(calibrant, geometry, 0.0)
        | {
            "seed": seed,
            "exposure_s": exposure_s,
            "factors": factors.tolist(),
            "monitor": counters["monitor"].tolist(),
        },
    )
    if layout == "bliss":
        write_bliss_scan(written.path, images, setup, frames_per_file=frames_per_file)
    else:
        write_nexus_scan(written.path, images, setup)
    written.poni.write_text(poni_text(geometry))
    written.truth.write_text(json.dumps(written.values, indent=2) + "\n")
    return written


def _describe_setup(
    calibrant: str, geometry: Geometry, detector: str, exposure_s: float, counters: dict[str, np.ndarray]
) -> Setup:
    model = detector_factory(geometry.detector)
    return Setup(
        title=f"loopscan {len(counters['monitor'])} {exposure_s}",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        exposure_s=exposure_s,
        sample=calibrant,
        instrument="Simulated powder diffraction beamline",
        detector=detector,
        description=model.name,
        pixel_size_m=(model.pixel1, model.pixel2),
        energy_kev=geometry.energy_kev,
        geometry=geometry.as_dict(),
        counters=counters,
    )


def brighten(exposure: np.ndarray, factor: int) -> np.ndarray:
    """Multiply the counts by a whole number; gaps and dead pixels (the values simulate_image gives) stay."""
    is_count = (exposure >= 0) & (exposure < np.iinfo(exposure.dtype).max - 1)
    if exposure[is_count].max(initial=0) > (np.iinfo(exposure.dtype).max - 2) // int(factor):
        raise InputError("The exposure is too long: the brightest frame would overflow")
    return np.where(is_count, exposure * exposure.dtype.type(factor), exposure)
