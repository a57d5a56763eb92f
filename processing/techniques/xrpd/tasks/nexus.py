"""Tasks that save patterns and cakes in HDF5: as valid NeXus, or in ewoksxrpd's layout."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import EwoksPlace, ewoks_axis, write_ewoks_result
from processing.nexus.pattern_writer import new_patterns, write_cake, write_pattern1d
from processing.techniques.xrpd.options import UNITS
from processing.techniques.xrpd.saved_info import own_info, own_metadata
from workflows import InputError, Task

__all__ = ["SaveNexusIntegrated", "SaveNexusMultiPattern1D", "SaveNexusPattern1D"]

STACK = 2
AZIMUTHAL_UNITS = {"chi_deg": 1.0, "chi_rad": 180 / np.pi}
"""pyFAI's names of the units of an azimuth -> degrees in one of them."""


class _SaveNexus(
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
        filename, url = self._given("filename"), self._given("url")
        if not filename and not url:
            raise InputError(f"{type(self).__name__} needs a filename or a url")
        if url:
            self._save_at_url()
        if filename:
            self._save_file(Path(filename))
        self.outputs.saved = True
        self.outputs.path = str(filename or url)

    def _save_at_url(self) -> None:
        raise NotImplementedError

    def _save_file(self, path: Path) -> None:
        raise NotImplementedError

    def _given(self, *names: str) -> Any:
        """Value of the first of these inputs that has one."""
        values = (self.get_input_value(name, None) for name in names)
        return next((value for value in values if value is not None), None)

    def _place(self, suffix: str = "") -> EwoksPlace:
        as_default = self._given("nxprocess_as_default")
        return EwoksPlace(
            str(self._given("url")),
            external_url=self._given("external_url") or None,
            process_name=f"{self._given('nxprocess_name') or 'integrate'}{suffix}",
            measurement_name=f"{self._given('nxmeasurement_name') or 'integrated'}{suffix}",
            as_default=True if as_default is None else bool(as_default),
            bliss_scan_url=self._given("bliss_scan_url") or None,
        )

    def _metadata(self) -> Mapping[str, Any]:
        metadata = self._given("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise InputError(f"metadata must be a mapping, not {metadata!r}")
        return metadata


class SaveNexusPattern1D(
    _SaveNexus,
    optional_input_names=[
        "x",
        "y",
        "xunits",
        "yerror",
        "header",
        "radial",
        "intensity",
        "radial_units",
        "intensity_error",
        "azimuthal",
        "azimuthal_units",
        "info",
    ],
):
    """Save a powder pattern: as a NeXus file (NXazint1d), in ewoksxrpd's layout, or both.

    It takes all outputs of ``Integrate1D``, so that the two tasks can be linked with all data.
    Files appear whole, and a file that is added to is replaced at once by one with both.

    Inputs
    ------
    x, y, yerror : array (n,), or radial, intensity, intensity_error
        Centre of each bin, its intensity and, optionally, the standard error.
    xunits : str, or radial_units
        pyFAI name of the unit of x.
    filename : path, optional
        NeXus file to write; its folder must exist, an older file is replaced.
    url : str, optional
        Place for ewoksxrpd's layout: ``file.h5::/group`` or ``file.h5?path=/group``; file, folders
        and groups are made as needed.  One of ``filename`` and ``url`` is needed; with both, both
        are written.
    header, info : mapping, optional
        What the integration used; all of it is stored.
    metadata : mapping, optional
        For ``filename``: ``title``, ``sample``, ``instrument``, ``facility``.  For ``url``: nested
        values to add to the group; ``@name`` is an attribute, ``field@name`` one of a field.
    external_url, bliss_scan_url, nxprocess_name, nxmeasurement_name, nxprocess_as_default
        For ``url``, see `processing.nexus.ewoks_places.EwoksPlace`.
    retry_timeout, retry_period, lima_url_template, lima_url_template_args, prioritize_non_native_h5items
        Accepted and not needed: nothing is waited for.

    Outputs
    -------
    saved : bool, True
    path : str, the file, or the url

    Raises
    ------
    InputError
        There is no place, pattern or known unit, no such folder, or the place is taken.
    OSError
        The disk is full (errno 28), or cannot be written.
    """

    def run(self) -> None:
        """Save one pattern."""
        unit = self._given("xunits", "radial_units")
        if self._given("x", "radial") is None or self._given("y", "intensity") is None or unit is None:
            raise InputError(f"SaveNexusPattern1D needs x, y and a known unit of x, not {unit!r}")
        if self._given("azimuthal") is not None:
            raise InputError("SaveNexusPattern1D saves one-dimensional patterns only")
        super().run()

    def _save_at_url(self) -> None:
        write_ewoks_result(
            self._place(),
            axes=[ewoks_axis("radial", self._given("x", "radial"), self._given("xunits", "radial_units"))],
            intensity=self._given("y", "intensity"),
            errors=self._given("yerror", "intensity_error"),
            info=self._given("header", "info"),
            metadata=self._metadata(),
        )

    def _save_file(self, path: Path) -> None:
        quantity, unit = _quantity(self._given("xunits", "radial_units"))
        write_pattern1d(
            path,
            radial=self._given("x", "radial"),
            intensity=self._given("y", "intensity"),
            errors=self._given("yerror", "intensity_error"),
            quantity=quantity,
            unit=unit,
            info=own_info(self._given("info", "header")),
            metadata=own_metadata(self._metadata()),
        )


class SaveNexusIntegrated(
    _SaveNexus,
    input_names=["radial", "intensity", "radial_units"],
    optional_input_names=["info", "azimuthal", "intensity_error", "azimuthal_units"],
):
    """Save a pattern, a cake, or those of many frames: as NeXus, in ewoksxrpd's layout, or both.

    Inputs
    ------
    radial : array (n_radial,), centre of each bin in ``radial_units``, a pyFAI name
    azimuthal : array (n_azimuthal,), optional, in ``azimuthal_units``: chi_deg (default) or chi_rad
    intensity, intensity_error : array ([n_frames,] [n_azimuthal,] n_radial)
        In the NeXus file (``filename``) these are NXazint1d, or NXazint2d where there is an azimuth,
        which is then in degrees.
    info, filename, url, metadata and the others
        As for `SaveNexusPattern1D`.

    Outputs
    -------
    saved, path
        As for `SaveNexusPattern1D`.

    Raises
    ------
    InputError, OSError
        As for `SaveNexusPattern1D`.
    """

    def _save_at_url(self) -> None:
        axes = [ewoks_axis("radial", self.inputs.radial, self.inputs.radial_units)]
        if (azimuthal := self._given("azimuthal")) is not None:
            axes.insert(0, ewoks_axis("azimuthal", azimuthal, self._given("azimuthal_units") or "chi_deg"))
        write_ewoks_result(
            self._place(),
            axes=axes,
            intensity=self.inputs.intensity,
            errors=self._given("intensity_error"),
            info=self._given("info"),
            metadata=self._metadata(),
        )

    def _save_file(self, path: Path) -> None:
        quantity, unit = _quantity(self.inputs.radial_units)
        about = {"info": own_info(self._given("info")), "metadata": own_metadata(self._metadata())}
        common = {"radial": self.inputs.radial, "quantity": quantity, "unit": unit, **about}
        intensity, errors = np.asarray(self.inputs.intensity), self._given("intensity_error")
        if (azimuthal := self._given("azimuthal")) is not None:
            name = self._given("azimuthal_units") or "chi_deg"
            if name not in AZIMUTHAL_UNITS:
                raise InputError(f"azimuthal_units {name!r} is not one of {', '.join(AZIMUTHAL_UNITS)}")
            degrees = np.asarray(azimuthal) * AZIMUTHAL_UNITS[name]
            write_cake(path, azimuthal=degrees, intensity=intensity, sigma=errors, **common)
        elif intensity.ndim == STACK:
            _write_stack(path, intensity, errors, **common)
        else:
            write_pattern1d(path, intensity=intensity, errors=errors, **common)


class SaveNexusMultiPattern1D(
    _SaveNexus,
    input_names=["x_list", "y_list", "xunits"],
    optional_input_names=["header_list", "yerror_list", "info"],
):
    """Save several powder patterns: as NeXus, in ewoksxrpd's layout, or both.

    Inputs
    ------
    x_list, y_list, yerror_list : lists of arrays (n,)
        As for `SaveNexusPattern1D`.  The NeXus file (``filename``) is one NXazint1d of many frames,
        and takes patterns on one axis only; the layout of ``url`` has a process for each, numbered.
    xunits : list of str, pyFAI name of the unit of each x
    header_list, info : list of mappings, optional
        What the integrations used; the NeXus file stores the first.
    filename, url, metadata and the others
        As for `SaveNexusPattern1D`.

    Outputs
    -------
    saved, path
        As for `SaveNexusPattern1D`.

    Raises
    ------
    InputError
        The lists have different lengths or no pattern, or the patterns of a NeXus file have
        different axes; and as for `SaveNexusPattern1D`.
    OSError
        As for `SaveNexusPattern1D`.
    """

    def run(self) -> None:
        """Save the patterns."""
        lists = [self.inputs.x_list, self.inputs.y_list, self.inputs.xunits]
        lists += [given for given in (self._given("yerror_list"), self._infos()) if given is not None]
        if not len(self.inputs.x_list) or len({len(values) for values in lists}) > 1:
            raise InputError(f"x_list, y_list and xunits must be of one length, not {[*map(len, lists)]}")
        super().run()

    def _infos(self) -> Sequence[Mapping[str, Any]] | None:
        return self._given("header_list", "info")

    def _save_at_url(self) -> None:
        errors, infos = self._given("yerror_list"), self._infos()
        for i, (x, y, unit) in enumerate(
            zip(self.inputs.x_list, self.inputs.y_list, self.inputs.xunits, strict=True)
        ):
            write_ewoks_result(
                self._place(f"_{i}"),
                axes=[ewoks_axis("radial", x, unit)],
                intensity=y,
                errors=None if errors is None else errors[i],
                info=None if infos is None else infos[i],
                metadata=self._metadata(),
            )

    def _save_file(self, path: Path) -> None:
        x_list, units, infos = self.inputs.x_list, self.inputs.xunits, self._infos()
        if len(set(units)) > 1 or any(not np.array_equal(x, x_list[0]) for x in x_list):
            raise InputError("The patterns have different axes: save them to a url, or to several files")
        quantity, unit = _quantity(units[0])
        _write_stack(
            path,
            np.asarray(self.inputs.y_list),
            self._given("yerror_list"),
            radial=x_list[0],
            quantity=quantity,
            unit=unit,
            info=own_info(infos[0] if infos else None),
            metadata=own_metadata(self._metadata()),
        )


def _write_stack(path: Path, intensity: np.ndarray, errors: Any, **common: Any) -> None:
    known = errors is not None and np.isfinite(errors).any()
    with new_patterns(path, with_errors=known, **common) as writer:
        writer.append(intensity, np.asarray(errors) if known else None)


def _quantity(unit: Any) -> tuple[str, str]:
    if unit not in UNITS:
        raise InputError(f"The known units of x are {', '.join(UNITS)}, not {unit!r}")
    return UNITS[unit]
