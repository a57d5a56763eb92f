"""What the tasks that integrate scans have in common."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import numpy as np

from processing.nexus.scans import Scan, open_scan
from processing.techniques.xrpd.frames import Patterns
from processing.techniques.xrpd.integration import Integrates, frame_integrator, integration_info
from processing.techniques.xrpd.integration_task import IntegrationTask
from processing.techniques.xrpd.request import Request
from processing.techniques.xrpd.scan import integrate_scan
from processing.techniques.xrpd.scan_factors import Counters, ScanFactors
from workflows import InputError

__all__ = ["BlissScanTask", "ScanRun", "ScanTask"]

WAIT_S = 10.0
"""How long a task by ewoksxrpd's name waits for what is being measured, unless told otherwise."""

PROGRESS_S = 0.5
"""Progress is told no more often than that."""


class ScanTask(
    IntegrationTask,
    optional_input_names=[
        "scan",
        "detector_name",
        "monitor_name",
        "reference",
        "monitors",
        "references",
        "n_processes",
    ],
    register=False,
):
    """Inputs of every task that integrates a scan, besides those of all that integrate.

    Inputs
    ------
    detector_name : str, optional
        Name of the detector in the file; default the only one.
    monitor_name, reference : str or float, optional
        Each pattern is divided by monitor / reference: names of counters of the scan, or numbers, or
        URLs of numbers. A frame without a positive count of the monitor becomes NaN.
    monitors, references : lists of the same length, optional
        More of them.
    n_processes : int, optional
        How many processes integrate; default one a processor where that pays.
    """

    default_wait_s = 0.0

    def open_scan(self, source: Any, scan: str | int | None) -> Scan:
        """Open the scan, waiting for it if that is asked for."""
        return open_scan(
            source,
            scan=scan,
            detector=self.option("detector_name"),
            wait_s=self._seconds("retry_timeout", self.default_wait_s),
        )

    def start(self, scan: Scan) -> "ScanRun":
        """Check all inputs against the scan; nothing is integrated yet."""
        if self.option("demo"):
            raise InputError("demo cuts off parts of single images only: leave it out for a scan")
        request = self.request(scan.shape)
        counters = Counters(scan)
        factors = ScanFactors(
            counters,
            [*self.option("monitors", []), self.option("monitor_name")],
            [*self.option("references", []), self.option("reference")],
            scale=request.factor,
        )
        for name in factors.names:
            counters.read(name, 0, 0)  # refused before the first frame
        return ScanRun(self, scan, request, counters, factors)

    def number_of_processes(self) -> int | None:
        """Read how many processes were asked for."""
        number = self.option("n_processes")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise InputError(f"n_processes must be a whole number from 1, not {number!r}")
        return number


class BlissScanTask(
    ScanTask,
    input_names=["filename", "scan"],
    optional_input_names=["subscan", "counter_names", "scan_memory_url", "frame_band_index"],
    register=False,
):
    """Inputs of the tasks by ewoksxrpd's names."""

    default_wait_s = WAIT_S

    @property
    def scan_name(self) -> str:
        """Name of the scan in the file: "1.1"."""
        scan = str(self.inputs.scan)
        return scan if "." in scan else f"{scan}.{self.option('subscan', 1)}"

    def check_ewoks_inputs(self) -> None:
        """Refuse what is not done here."""
        if self.option("scan_memory_url"):
            raise InputError(
                "scan_memory_url is not supported: leave it out, and the file is followed as it is written"
            )
        if self.option("frame_band_index", -1) not in (-1, 0):
            raise InputError("frame_band_index must be left out: every frame of a scan is integrated")


class ScanRun:
    """The integration of one scan by one task.

    Attributes
    ----------
    request : Request, counters : Counters, factors : ScanFactors
    integrator : what integrates, with ``radial`` and ``azimuthal``
    n_frames : int, how many were integrated
    """

    def __init__(
        self, task: ScanTask, scan: Scan, request: Request, counters: Counters, factors: ScanFactors
    ) -> None:
        self._task, self._scan = task, scan
        self.request, self.counters, self.factors = request, counters, factors
        self.n_processes = task.number_of_processes()
        self.integrator: Integrates = frame_integrator(request)
        self.n_frames = 0
        self._told_at = 0.0

    def info(self) -> dict[str, Any]:
        """Tell everything that decides about the numbers; ``n_frames`` so far."""
        source = self._scan.location
        return integration_info(self.request, engine=self.integrator.engine) | {
            "image_file": source.get("file", self._scan.url),
            "image_h5path": source.get("data"),
            "n_frames": self.n_frames,
            "monitor": ", ".join(self.factors.names) or None,
        }

    def integrate(self, take: Callable[[int, Patterns], None]) -> None:
        """Integrate all frames; ``take`` gets the number of the first and the patterns of each block."""

        def on_block(first: int, patterns: Patterns) -> None:
            take(first, patterns)
            self.n_frames = first + len(patterns.intensity)
            self._tell_progress()

        integrate_scan(
            self._scan,
            self.integrator,
            on_block=on_block,
            factors=self.factors,
            n_processes=self.n_processes,
            cancel=self._task.check_cancelled,
        )
        self._task.progress = 100

    def counts(self, names: list[str], first: int, patterns: Patterns) -> Mapping[str, np.ndarray]:
        """Return what counters have for the frames of a block."""
        last = first + len(patterns.intensity)
        return {name: self.counters.read(name, first, last) for name in names}

    def _tell_progress(self) -> None:
        now = monotonic()
        if now - self._told_at >= PROGRESS_S:
            self._told_at = now
            expected = max(self._scan.n_expected or 0, self._scan.n_frames)
            self._task.progress = 100 * self.n_frames / expected
