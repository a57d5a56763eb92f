"""Tasks that add the images of scans."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from processing.nexus.scans import Scan, open_scan
from processing.nexus.sum_writer import ImageResults, added_images
from processing.nexus.values import read_number
from processing.techniques.xrpd.sums import (
    BLOCK,
    FrameSum,
    PartSum,
    counter_of,
    is_background,
    read_whole,
    scan_numbers,
    sum_parts,
)
from workflows import InputError, Task

__all__ = ["SumBlissScanImages", "SumImages"]

SUM_TYPES = ("per_scan", "all_scans", "both")


class SumImages(
    Task,
    input_names=["filename", "detector_name", "output_filename"],
    optional_input_names=[
        "start_scan",
        "end_scan",
        "start_image",
        "end_image",
        "block_size",
        "monitor_name",
        "output_entry",
        "output_process",
        "sum_type",
    ],
    output_names=["output_uris", "monitor_uris"],
):
    """Add the images of one detector, scan by scan, of an HDF5 file with scans 1.1, 2.1, ...

    The names are those of ewoksxrpd.  Other than there, the sum of a scan holds nothing of the scan
    before it, whole numbers stay whole (int64), and dead pixels and gaps stay -2 and -1, see
    `processing.techniques.xrpd.sums.FrameSum`.  Memory does not grow with the number of images.

    Inputs
    ------
    filename : path of an HDF5 file
    detector_name : str
    output_filename : path of an HDF5 file
        Made, or added to; not ``filename`` itself: raw data are not changed.
    start_scan, end_scan : int, both included; default 1, and all that are there
    start_image, end_image : int, both included, counted from 0 in each scan; default all
    block_size : int, optional
        Images of one sum; default all of a scan.  The last one of a scan may have fewer.
    monitor_name : str, optional
        A counter of the scan that is added too.
    output_entry, output_process : str, default "processing" and "sum"
        Groups of the output file: NXentry and NXprocess.
    sum_type : str, default "per_scan"
        "per_scan", "all_scans" (one sum of all) or "both".

    Outputs
    -------
    output_uris : list of str
        ``file::/entry/process/results/name`` of each sum; int64, or float64 for images of that kind.
    monitor_uris : list of str, or None without a monitor

    Raises
    ------
    InputError
        There is no such scan, detector, image or counter, the frames of two scans differ in shape or
        type where they are to be added, a sum does not fit 8 bytes, or the output has such a process.
    """

    def run(self) -> None:
        """Add scan by scan; the output appears when all are added."""
        kind = self.get_input_value("sum_type", "per_scan")
        if kind not in SUM_TYPES:
            raise InputError(f"sum_type must be one of {', '.join(SUM_TYPES)}, not {kind!r}")
        source = Path(self.inputs.filename)
        numbers = scan_numbers(source, self._option("start_scan", 1), self._option("end_scan"))
        places: list[tuple[str, str]] = []
        with added_images(
            _target(source, self.inputs.output_filename),
            entry=self._option("output_entry", "processing"),
            process=self._option("output_process", "sum"),
        ) as results:
            whole: FrameSum | None = None
            for index, number in enumerate(numbers):
                with open_scan(source, detector=self.inputs.detector_name, scan=f"{number}.1") as scan:
                    if whole is None and kind != "per_scan":
                        whole = FrameSum(scan.shape, scan.dtype)
                    tell = partial(self._tell, index / len(numbers), 1 / len(numbers))
                    for part in self._parts(scan, whole, tell):
                        if kind != "all_scans":
                            name = f"Scan{number}-Images{part.first}-{part.last}"
                            places.append(_put(results, name, part.sum))
            if whole is not None:
                places.append(_put(results, f"Sum of scans {numbers[0]} to {numbers[-1]}", whole))
        self.outputs.output_uris = [uri for uri, _ in places]
        self.outputs.monitor_uris = [uri for _, uri in places if uri] or None

    def _option(self, name: str, default: Any = None) -> Any:
        value = self.get_input_value(name, default)
        return default if value is None else value

    def _parts(
        self, scan: Scan, whole: FrameSum | None, tell: Callable[[int, int], None]
    ) -> Iterator[PartSum]:
        """Sum the images of one scan that were asked for."""
        first = read_whole("start_image", self._option("start_image", 0))
        end = read_whole("end_image", self._option("end_image", scan.n_frames - 1))
        size = self._option("block_size")
        if not 0 <= first <= end < scan.n_frames:
            raise InputError(
                f"There are no images {first} to {end} in {scan.url}: it has {scan.n_frames}, counted from 0"
            )
        if size is not None and read_whole("block_size", size) < 1:
            raise InputError(f"block_size must be at least 1, not {size}")
        return sum_parts(
            scan,
            first=first,
            last=end + 1,
            size=None if size is None else int(size),
            monitor=counter_of(scan, self._option("monitor_name")),
            whole=whole,
            on_block=lambda n: tell(n, end + 1 - first),
        )

    def _tell(self, begin: float, share: float, n_done: int, n_frames: int) -> None:
        self.check_cancelled()
        self.progress = 100 * (begin + share * n_done / n_frames)


class SumBlissScanImages(
    Task,
    input_names=["filename", "scan", "detector_name", "output_filename"],
    optional_input_names=[
        "monitor_name",
        "subscan",
        "scan_memory_url",
        "output_process",
        "background_step",
        "retry_timeout",
        "retry_period",
    ],
    output_names=["output_uri", "monitor"],
):
    """Add the images of one detector in one BLISS scan, also while it is being measured.

    The names are those of ewoksxrpd; other than there, images and monitor are of the same points
    also where some are left out.  Sums as in `SumImages`.

    Inputs
    ------
    filename : path of an HDF5 file
    scan, subscan : int
        ``subscan`` is 1 by default.
    detector_name : str
    output_filename : path of an HDF5 file
        Gets ``/<scan>.<subscan>/<output_process>/results``; not ``filename`` itself.
    monitor_name : str, optional
    output_process : str, default "sum"
    background_step : int, default 1
        Which images are background and left out: none (-1), the first (0), or the first of each
        ``background_step + 1`` (so 1: every other).
    retry_timeout : float, default 0
        How long to wait, in seconds, for a scan or a next image that is not there yet.
    scan_memory_url : not accepted
    retry_period : accepted and not needed

    Outputs
    -------
    output_uri : str
    monitor : float, or None without ``monitor_name``

    Raises
    ------
    InputError
        As for `SumImages`; or no image is left.
    """

    def run(self) -> None:
        """Add all frames, then write."""
        if self.get_input_value("scan_memory_url", None):
            raise InputError("Scans are read from files here: scan_memory_url cannot be used")
        source = Path(self.inputs.filename)
        target = _target(source, self.inputs.output_filename)
        name = f"{self.inputs.scan}.{self.get_input_value('subscan', 1)}"
        wait_s = read_number("retry_timeout", self.get_input_value("retry_timeout", None) or 0)
        with open_scan(source, detector=self.inputs.detector_name, scan=name, wait_s=wait_s) as scan:
            taken, total = self._add_all(scan)
            if not taken:
                raise InputError(f"No image of {scan.url} is left: all {scan.n_frames} are background")
            monitor = counter_of(scan, self.get_input_value("monitor_name", None))
        total.monitor = None if monitor is None else float(monitor[taken].sum())
        process = self.get_input_value("output_process", "sum")
        with added_images(target, entry=name, process=process) as results:
            label = f"Scan{self.inputs.scan}-Images{taken[0]}-{taken[-1]}"
            self.outputs.output_uri, _ = _put(results, label, total)
        self.outputs.monitor = total.monitor

    def _add_all(self, scan: Scan) -> tuple[list[int], FrameSum]:
        """Add the frames that are no background; return their numbers and the sum."""
        step = read_whole("background_step", self.get_input_value("background_step", 1))
        total = FrameSum(scan.shape, scan.dtype)
        taken: list[int] = []
        for position, frames in scan.blocks(BLOCK):
            self.check_cancelled()
            numbers = range(position, position + len(frames))
            chosen = [number for number in numbers if not is_background(number, step)]
            total.add(frames[[number - position for number in chosen]])
            taken += chosen
            self.progress = 100 * numbers.stop / max(scan.n_expected or 0, scan.n_frames)
        return taken, total


def _put(results: ImageResults, name: str, total: FrameSum) -> tuple[str, str]:
    return results.put(name, total.image, n_frames=total.n_frames, monitor=total.monitor)


def _target(source: Path, target: str | Path) -> Path:
    """Return the output file; InputError where it is the file with the raw data."""
    if Path(target).resolve() == source.resolve():
        raise InputError(f"Raw data are not changed: output_filename must be another file than {source.name}")
    return Path(target)
