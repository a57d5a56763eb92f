"""Tasks that integrate all frames of a scan."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import EwoksPatternWriter, EwoksPlace, ewoks_axis, new_ewoks_patterns
from processing.nexus.pattern_writer import FrameAxis, PatternWriter, new_patterns
from processing.nexus.scans import Scan
from processing.techniques.xrpd.frames import Patterns
from processing.techniques.xrpd.options import AZIMUTHAL_UNIT, UNITS
from processing.techniques.xrpd.scan_task import BlissScanTask, ScanRun, ScanTask
from workflows import InputError

__all__ = ["IntegrateBlissScan", "IntegrateBlissScanWithoutSaving", "IntegrateScan"]


class IntegrateScan(
    ScanTask,
    input_names=["image", "filename"],
    optional_input_names=["frame_axis", "metadata"],
    output_names=["filename", "n_frames", "radial", "radial_units", "info"],
):
    """Integrate all frames of a scan azimuthally into powder patterns in one NeXus file (NXazint1d).

    Several processes read and integrate where that pays; memory does not grow with the frames. A scan
    that is still being measured is followed. The file appears when it is whole.

    Inputs
    ------
    image : path, paths or pattern of names
        The scan, see `processing.nexus.scans.open_scan`.
    filename : path
        File to write; its folder must exist.
    scan : str or int, optional
        Which scan of the file: "1.1" or 1; default the first with images.
    frame_axis : str, optional
        Counter or motor that tells the frames apart; default their number.
    metadata : mapping, optional
        ``title``, ``sample``, ``instrument``, ``facility``; default what the scan says.
    n_points : int from 10 to 100000, default 1000
    method : str or tuple, default "full/csr"

    Outputs
    -------
    filename : str, path of the file
    n_frames : int
    radial : float64 (n_points,), centre of each bin in ``radial_units``
    radial_units : str, pyFAI's name
    info : mapping, everything that was used
    """

    always_as_ewoks = False

    def run(self) -> None:
        """Check all inputs, then integrate and write block by block."""
        path, axis = Path(self.inputs.filename), self.option("frame_axis")
        with self.open_scan(self.inputs.image, self.option("scan")) as scan, ExitStack() as stack:
            run = self.start(scan)
            if run.request.is_cake:
                raise InputError("IntegrateScan makes patterns, no cakes: make nbpt_azim 1")
            writers: list[PatternWriter] = []

            def take(first: int, patterns: Patterns) -> None:
                if not writers:
                    writers.append(stack.enter_context(self._new_file(path, run, scan, patterns)))
                last = first + len(patterns.intensity)
                writers[0].append(
                    *patterns,
                    frame_values=None if axis is None else run.counters.read(axis, first, last),
                    factors=run.factors(first, last) if run.factors.names else None,
                )

            if axis is not None:
                run.counters.read(axis, 0, 0)
            run.integrate(take)
            info = run.info()
            writers[0].note(n_frames=run.n_frames)
        self.outputs.filename, self.outputs.n_frames = str(path), run.n_frames
        self.outputs.radial, self.outputs.radial_units = run.integrator.radial, run.request.binning.unit
        self.outputs.info = info

    def _new_file(self, path: Path, run: ScanRun, scan: Scan, patterns: Patterns) -> Any:
        quantity, unit = UNITS[run.request.binning.unit]
        said = {name: value for name, value in scan.metadata.items() if isinstance(value, str)}
        info = run.info()
        del info["n_frames"]
        return new_patterns(
            path,
            radial=run.integrator.radial,
            quantity=quantity,
            unit=unit,
            with_errors=patterns.sigma is not None,
            info=info,
            metadata=said | dict(self.option("metadata", {})),
            frame_axis=FrameAxis(self.option("frame_axis", "frame")),
        )


class IntegrateBlissScan(
    BlissScanTask,
    input_names=["detector_name", "output_filename"],
    optional_input_names=[
        "external_output_filename",
        "nxprocess_name",
        "nxmeasurement_name",
        "nxprocess_as_default",
        "nxprocess_info",
        "measurements_to_copy",
        "flush_period",
        "overwrite",
    ],
    output_names=["nxdata_url", "info"],
):
    """Integrate all frames of a scan azimuthally, into a file in the layout of ewoksxrpd.

    Without other words 1024 bins of 2 theta in degrees, by pyFAI's bbox/histogram, as in ewoksxrpd; choose
    the method full/csr for the fast loop. With ``nbpt_azim`` into cakes. A scan that is still being
    measured is followed. The result appears when it is whole.

    Inputs
    ------
    filename : path
        The file with the scan.
    scan, subscan : int, default subscan 1
        The scan is called ``<scan>.<subscan>``.
    output_filename : path
        File to write or to add to; made with its folder if needed.
    external_output_filename : path, optional
        File that gets the result; ``output_filename`` then gets links to it.
    counter_names : list of str, optional
        Counters that are copied beside the result.
    measurements_to_copy : list of str, optional
        Patterns of names (``*``) of counters that are copied; the others are links to the raw file.
    nxprocess_name, nxmeasurement_name : str, optional
        Default ``<detector_name>_integrate`` and ``<detector_name>_integrated``.
    nxprocess_as_default : bool, default True
        Whether the file opens at the result.
    nxprocess_info : mapping, optional
        More values for the process; ``@name`` is an attribute.
    overwrite : bool, default False
        Replace an older result of this name; else it is an error.
    retry_timeout : float, default 10
        How many s to wait for a file, a scan or the next frame that is not there yet.
    flush_period, scan_memory_url, frame_band_index
        Not used: readers are shown what there is once a second, data come from the file, and every frame
        is integrated.

    Outputs
    -------
    nxdata_url : str, address of the NXdata
    info : mapping, everything that was used
    """

    def run(self) -> None:
        """Check all inputs, then integrate and write block by block."""
        self.check_ewoks_inputs()
        with self.open_scan(self.inputs.filename, self.scan_name) as scan, ExitStack() as stack:
            run = self.start(scan)
            names = sorted({*self.option("counter_names", []), *run.factors.names})
            for name in names:
                run.counters.read(name, 0, 0)
            writers: list[EwoksPatternWriter] = []

            def take(first: int, patterns: Patterns) -> None:
                if not writers:
                    writers.append(stack.enter_context(self._new_file(run, scan, patterns)))
                writers[0].append(*patterns, counters=run.counts(names, first, patterns))

            run.integrate(take)
            info = run.info()
        self.outputs.nxdata_url, self.outputs.info = writers[0].url, info

    def _new_file(self, run: ScanRun, scan: Scan, patterns: Patterns) -> Any:
        place = self._output_place()
        axes = [ewoks_axis("radial", run.integrator.radial, run.request.binning.unit)]
        if run.integrator.azimuthal is not None:
            axes.insert(0, ewoks_axis("azimuthal", run.integrator.azimuthal, AZIMUTHAL_UNIT))
        times = {name: scan.metadata[name] for name in ("start_time", "end_time") if name in scan.metadata}
        info = self.option("nxprocess_info")
        return new_ewoks_patterns(
            place,
            axes=axes,
            with_errors=patterns.sigma is not None,
            info=run.info(),
            metadata=times | ({place.process_name: dict(info)} if info else {}),
        )

    def _output_place(self) -> EwoksPlace:
        name, detector = self.scan_name, self.inputs.detector_name
        external = self.option("external_output_filename")
        return EwoksPlace(
            url=f"{self.inputs.output_filename}::/{name}",
            external_url=external and f"{external}::/{name}",
            process_name=self.option("nxprocess_name", f"{detector}_integrate"),
            measurement_name=self.option("nxmeasurement_name", f"{detector}_integrated"),
            as_default=bool(self.option("nxprocess_as_default", default=True)),
            bliss_scan_url=f"{self.inputs.filename}::/{name}",
            copied=tuple(self.option("measurements_to_copy", [])),
            overwrite=bool(self.option("overwrite", default=False)),
        )


class IntegrateBlissScanWithoutSaving(
    BlissScanTask,
    input_names=["detector_name"],
    output_names=[
        "radial",
        "azimuthal",
        "intensity",
        "intensity_error",
        "radial_units",
        "azimuthal_units",
        "info",
    ],
):
    """Integrate all frames of a scan azimuthally, and hand all patterns on: they must fit into memory.

    Inputs
    ------
    filename, scan, subscan, detector_name, retry_timeout, scan_memory_url, frame_band_index
        As of IntegrateBlissScan.

    Outputs
    -------
    radial : float64 (n_radial,), centre of each bin in ``radial_units``
    azimuthal : float64 (n_azimuthal,) in degrees, or None for patterns
    intensity : float32 (n_frames, n_radial) or (n_frames, n_azimuthal, n_radial)
    intensity_error : float32, as ``intensity``; NaN without an error model
    radial_units, azimuthal_units : str
        pyFAI's names; the latter None for patterns.
    info : mapping, everything that was used
    """

    def run(self) -> None:
        """Check all inputs, then integrate block by block."""
        self.check_ewoks_inputs()
        blocks: list[Patterns] = []
        with self.open_scan(self.inputs.filename, self.scan_name) as scan:
            run = self.start(scan)
            run.integrate(lambda _, patterns: blocks.append(patterns))
            self.outputs.info = run.info()
        intensity = np.concatenate([block.intensity for block in blocks])
        sigmas = [block.sigma for block in blocks if block.sigma is not None]
        self.outputs.intensity = intensity
        self.outputs.intensity_error = np.concatenate(sigmas) if sigmas else np.full_like(intensity, np.nan)
        self.outputs.radial, self.outputs.radial_units = run.integrator.radial, run.request.binning.unit
        self.outputs.azimuthal = run.integrator.azimuthal
        self.outputs.azimuthal_units = None if run.integrator.azimuthal is None else AZIMUTHAL_UNIT
