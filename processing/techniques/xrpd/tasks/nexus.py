"""Tasks that save patterns and cakes in HDF5: as valid NeXus, or in ewoksxrpd's layout."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import ewoks_axis, write_ewoks_result
from processing.nexus.pattern_writer import write_cake, write_pattern1d
from processing.techniques.xrpd.saved_info import own_info, own_metadata
from processing.techniques.xrpd.saving import SaveNexus, quantity_of, write_stack
from workflows import InputError

__all__ = ["SaveNexusIntegrated", "SaveNexusMultiPattern1D", "SaveNexusPattern1D"]

STACK = 2
AZIMUTHAL_UNITS = {"chi_deg": 1.0, "chi_rad": 180 / np.pi}
"""pyFAI's names of the units of an azimuth -> degrees in one of them."""


class SaveNexusPattern1D(
    SaveNexus,
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
        unit = self.given("xunits", "radial_units")
        if self.given("x", "radial") is None or self.given("y", "intensity") is None or unit is None:
            raise InputError(f"SaveNexusPattern1D needs x, y and a known unit of x, not {unit!r}")
        if self.given("azimuthal") is not None:
            raise InputError("SaveNexusPattern1D saves one-dimensional patterns only")
        super().run()

    def save_at_url(self) -> None:
        """Save in the layout of ewoksxrpd."""
        write_ewoks_result(
            self.place(),
            axes=[ewoks_axis("radial", self.given("x", "radial"), self.given("xunits", "radial_units"))],
            intensity=self.given("y", "intensity"),
            errors=self.given("yerror", "intensity_error"),
            info=self.given("header", "info"),
            metadata=self.metadata(),
        )

    def save_file(self, path: Path) -> None:
        """Save as a NeXus file."""
        quantity, unit = quantity_of(self.given("xunits", "radial_units"))
        write_pattern1d(
            path,
            radial=self.given("x", "radial"),
            intensity=self.given("y", "intensity"),
            errors=self.given("yerror", "intensity_error"),
            quantity=quantity,
            unit=unit,
            info=own_info(self.given("info", "header")),
            metadata=own_metadata(self.metadata()),
        )


class SaveNexusIntegrated(
    SaveNexus,
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

    def save_at_url(self) -> None:
        """Save in the layout of ewoksxrpd."""
        axes = [ewoks_axis("radial", self.inputs.radial, self.inputs.radial_units)]
        if (azimuthal := self.given("azimuthal")) is not None:
            axes.insert(0, ewoks_axis("azimuthal", azimuthal, self.given("azimuthal_units") or "chi_deg"))
        write_ewoks_result(
            self.place(),
            axes=axes,
            intensity=self.inputs.intensity,
            errors=self.given("intensity_error"),
            info=self.given("info"),
            metadata=self.metadata(),
        )

    def save_file(self, path: Path) -> None:
        """Save as a NeXus file."""
        quantity, unit = quantity_of(self.inputs.radial_units)
        about = {"info": own_info(self.given("info")), "metadata": own_metadata(self.metadata())}
        common = {"radial": self.inputs.radial, "quantity": quantity, "unit": unit, **about}
        intensity, errors = np.asarray(self.inputs.intensity), self.given("intensity_error")
        if (azimuthal := self.given("azimuthal")) is not None:
            name = self.given("azimuthal_units") or "chi_deg"
            if name not in AZIMUTHAL_UNITS:
                raise InputError(f"azimuthal_units {name!r} is not one of {', '.join(AZIMUTHAL_UNITS)}")
            degrees = np.asarray(azimuthal) * AZIMUTHAL_UNITS[name]
            write_cake(path, azimuthal=degrees, intensity=intensity, sigma=errors, **common)
        elif intensity.ndim == STACK:
            write_stack(path, intensity, errors, **common)
        else:
            write_pattern1d(path, intensity=intensity, errors=errors, **common)


class SaveNexusMultiPattern1D(
    SaveNexus,
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
        lists += [given for given in (self.given("yerror_list"), self._infos()) if given is not None]
        if not len(self.inputs.x_list) or len({len(values) for values in lists}) > 1:
            raise InputError(f"x_list, y_list and xunits must be of one length, not {[*map(len, lists)]}")
        super().run()

    def _infos(self) -> Sequence[Mapping[str, Any]] | None:
        return self.given("header_list", "info")

    def save_at_url(self) -> None:
        """Save in the layout of ewoksxrpd."""
        errors, infos = self.given("yerror_list"), self._infos()
        for i, (x, y, unit) in enumerate(
            zip(self.inputs.x_list, self.inputs.y_list, self.inputs.xunits, strict=True)
        ):
            write_ewoks_result(
                self.place(f"_{i}"),
                axes=[ewoks_axis("radial", x, unit)],
                intensity=y,
                errors=None if errors is None else errors[i],
                info=None if infos is None else infos[i],
                metadata=self.metadata(),
            )

    def save_file(self, path: Path) -> None:
        """Save as a NeXus file."""
        x_list, units, infos = self.inputs.x_list, self.inputs.xunits, self._infos()
        if len(set(units)) > 1 or any(not np.array_equal(x, x_list[0]) for x in x_list):
            raise InputError("The patterns have different axes: save them to a url, or to several files")
        quantity, unit = quantity_of(units[0])
        write_stack(
            path,
            np.asarray(self.inputs.y_list),
            self.given("yerror_list"),
            radial=x_list[0],
            quantity=quantity,
            unit=unit,
            info=own_info(infos[0] if infos else None),
            metadata=own_metadata(self.metadata()),
        )
