"""What the tasks that save in HDF5 have in common."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import EwoksPlace
from processing.nexus.pattern_writer import new_patterns
from processing.techniques.xrpd.options import UNITS
from workflows import InputError, Task

__all__ = ["SaveNexus", "quantity_of", "write_stack"]


class SaveNexus(
    Task,
    optional_input_names=[
        "filename",
        "url",
        "external_url",
        "bliss_scan_url",
        "metadata",
        "nxprocess_name",
        "nxmeasurement_name",
        "nxprocess_as_default",
        "retry_timeout",
        "retry_period",
        "lima_url_template",
        "lima_url_template_args",
        "prioritize_non_native_h5items",
    ],
    output_names=["saved", "path"],
    register=False,
):
    """What the tasks have in common: where to save, and how it is called there."""

    def run(self) -> None:
        """Check the inputs, save, tell where."""
        filename, url = self.given("filename"), self.given("url")
        if not filename and not url:
            raise InputError(f"{type(self).__name__} needs a filename or a url")
        if url:
            self.save_at_url()
        if filename:
            self.save_file(Path(filename))
        self.outputs.saved = True
        self.outputs.path = str(filename or url)

    def save_at_url(self) -> None:
        """Save in the layout of ewoksxrpd."""
        raise NotImplementedError

    def save_file(self, path: Path) -> None:
        """Save as a NeXus file."""
        raise NotImplementedError

    def given(self, *names: str) -> Any:
        """Value of the first of these inputs that has one."""
        values = (self.get_input_value(name, None) for name in names)
        return next((value for value in values if value is not None), None)

    def place(self, suffix: str = "") -> EwoksPlace:
        """Where the url leads; the suffix is for the names there."""
        as_default = self.given("nxprocess_as_default")
        return EwoksPlace(
            str(self.given("url")),
            external_url=self.given("external_url") or None,
            process_name=f"{self.given('nxprocess_name') or 'integrate'}{suffix}",
            measurement_name=f"{self.given('nxmeasurement_name') or 'integrated'}{suffix}",
            as_default=True if as_default is None else bool(as_default),
            bliss_scan_url=self.given("bliss_scan_url") or None,
        )

    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata; InputError where they are none."""
        metadata = self.given("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise InputError(f"metadata must be a mapping, not {metadata!r}")
        return metadata


def write_stack(path: Path, intensity: np.ndarray, errors: Any, **common: Any) -> None:
    """Write patterns (n, bins) and, unless all are NaN, their errors; the rest as for `new_patterns`."""
    known = errors is not None and np.isfinite(errors).any()
    with new_patterns(path, with_errors=known, **common) as writer:
        writer.append(intensity, np.asarray(errors) if known else None)


def quantity_of(unit: Any) -> tuple[str, str]:
    """Return the quantity and the NeXus unit of a pyFAI unit; InputError where it is not known."""
    if unit not in UNITS:
        raise InputError(f"The known units of x are {', '.join(UNITS)}, not {unit!r}")
    return UNITS[unit]
