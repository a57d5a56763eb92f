"""The task that integrates a list of images into one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import EwoksPlace, ewoks_axis, new_ewoks_patterns
from processing.nexus.images import Image
from processing.techniques.xrpd.integration import frame_integrator, integration_info
from processing.techniques.xrpd.integration_task import IntegrationTask
from processing.techniques.xrpd.kernel import WIDTH
from processing.techniques.xrpd.monitors import read_factor
from processing.techniques.xrpd.options import AZIMUTHAL_UNIT
from processing.techniques.xrpd.request import Request
from workflows import InputError

__all__ = ["Integrate1DList"]

PROCESS, DATA = "integrate", "integrated"


class Integrate1DList(
    IntegrationTask,
    input_names=["images", "output_file"],
    optional_input_names=["monitors", "reference", "entry_name", "flush_period", "frame_band_index", "frame"],
    output_names=["output_uri"],
):
    """Integrate a list of images of one shape into an HDF5 file, as ewoksxrpd lays it out.

    Eight images at a time are in memory.  Without other words 1024 bins by pyFAI's bbox/histogram, as in
    ewoksxrpd; full/csc and full/csr are many times faster.

    Inputs
    ------
    images : list of arrays (rows, columns), or paths
        As of IntegrateSinglePattern; all of one shape.
    output_file : path
        HDF5 file; what else it holds stays.
    monitors : list of floats or URLs, one for each image, optional
        Each intensity is divided by monitor / reference.
    reference : float or URL, optional
    entry_name : str, default "processing"
        NXentry in the file, made if needed; it must not hold a process ``integrate`` yet.
    flush_period : float, optional
        Taken, and without effect: the file can be read from the first eight patterns on.

    Outputs
    -------
    output_uri : str
        ``file::/entry/integrate/integrated``: an NXdata with the radial axis (in the two halves of the
        unit's name), ``intensity`` float32 (n_images, n_radial) and, with an error model,
        ``intensity_errors``.
    """

    def run(self) -> None:
        """Check all inputs with the first image, then integrate block by block."""
        images = self._listed("images")
        if not images:
            raise InputError("images is an empty list: give at least one image")
        factors = self._factors(len(images))
        first = self.read_image(images[0])
        rows, columns = first.data.shape
        request = self.request((rows, columns))
        integrator = frame_integrator(request)
        axes = [ewoks_axis("radial", integrator.radial, request.binning.unit)]
        if integrator.azimuthal is not None:
            axes.insert(0, ewoks_axis("azimuthal", integrator.azimuthal, AZIMUTHAL_UNIT))
        place, uri = self._place_of_output()
        info = integration_info(request, engine=integrator.engine)
        with new_ewoks_patterns(
            place,
            axes=axes,
            with_errors=_has_errors(request),
            info=info | {"normalization_factors": factors},
        ) as patterns:
            done = 0
            for block in self._blocks(images, first):
                self.check_cancelled()
                divisors = [factor * request.factor for factor in factors[done : done + len(block)]]
                patterns.append(*integrator.integrate(block, divisors))
                done += len(block)
                self.progress = 100 * done / len(images)
        self.outputs.output_uri = uri

    def _listed(self, name: str) -> list[Any]:
        values = self.option(name, [])
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
            raise InputError(f"{name} must be a list, not {values!r}")
        return list(values)

    def _factors(self, n_images: int) -> list[float]:
        monitors = self._listed("monitors") or [None] * n_images
        if len(monitors) != n_images:
            raise InputError(f"There are {len(monitors)} monitors, but {n_images} images: give one for each")
        reference = self.option("reference")
        return [read_factor(monitor=monitor, reference=reference) for monitor in monitors]

    def _blocks(self, images: list[Any], first: Image) -> Iterator[np.ndarray]:
        """Read the images, as many at a time as our loop takes."""
        for start in range(0, len(images), WIDTH):
            chosen = images[start : start + WIDTH]
            block = [first.data] if start == 0 else []
            block += [self.read_image(image).data for image in chosen[len(block) :]]
            for number, data in enumerate(block, start):
                if data.shape != first.data.shape:
                    raise InputError(
                        f"Image {number} has shape {data.shape}, but the first has {first.data.shape}: "
                        "integrate images of another detector apart"
                    )
            yield np.stack(block)

    def _place_of_output(self) -> tuple[EwoksPlace, str]:
        path, entry = str(self.inputs.output_file), str(self.option("entry_name", "processing")).strip("/")
        self._seconds("flush_period", 0.0)
        if not Path(path).name or not entry:
            raise InputError(f"output_file and entry_name must be names, not {path!r} and {entry!r}")
        return EwoksPlace(f"{path}::/{entry}", process_name=PROCESS), f"{path}::/{entry}/{PROCESS}/{DATA}"


def _has_errors(request: Request) -> bool:
    """Whether pyFAI gives errors: sigma clipping has a model of its own."""
    return request.corrections["error_model"] is not None or request.integrator == "sigma_clip_ng"
