"""Tasks that save patterns as text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from processing.techniques.xrpd.ascii_patterns import TextPattern, write_text_pattern
from workflows import InputError, Task

__all__ = ["SaveAsciiMultiPattern1D", "SaveAsciiPattern1D"]

_UNIT_NAMES = ("xunits", "radial_units")


class SaveAsciiPattern1D(
    Task,
    input_names=["filename"],
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
        "metadata",
    ],
    output_names=["saved", "path"],
):
    """Save a powder pattern as text, whole or not at all.

    `numpy.loadtxt` reads it, as do refinement programs that skip lines which begin with #; for
    these ``.xye`` with x in ``2th_deg``, or in ``q_A^-1``, is the one to choose.

    Inputs
    ------
    filename : path
        Replaced if it exists; folders are made as needed.  ``.xy``: x and intensity; ``.xye``:
        x, intensity and error, without the points that have no error, or x and intensity if no
        errors are known; any other, as ``.dat``: x, intensity and, if known, error.
    x, y, yerror : array (n,), or radial, intensity, intensity_error
        Centre of each bin, its intensity and, optionally, the standard error (all NaN is none),
        written with all their digits.
    xunits : str, or radial_units
        pyFAI name of the unit of x; said in the file.
    header, info : mapping, optional
        What the integration used; goes into the lines above the numbers.
    metadata : mapping, optional
        More such lines.

    Outputs
    -------
    saved : bool, True
    path : str, the file

    Raises
    ------
    InputError
        There is no pattern or unit, or the arrays are not curves of one length.
    OSError
        The disk is full (errno 28) or cannot be written; an older file stays.
    """

    def run(self) -> None:
        """Save one pattern."""
        x, y, unit = (self._given(*names) for names in (("x", "radial"), ("y", "intensity"), _UNIT_NAMES))
        if x is None or y is None or unit is None:
            raise InputError(f"SaveAsciiPattern1D needs x, y and the unit of x, not {unit!r}")
        pattern = _pattern(x, y, unit, self._given("yerror", "intensity_error"))
        _save(self.inputs.filename, pattern, self._given("header", "info"), self._given("metadata"))
        self.outputs.saved, self.outputs.path = True, str(self.inputs.filename)

    def _given(self, *names: str) -> Any:
        """Value of the first of these inputs that has one."""
        values = (self.get_input_value(name, None) for name in names)
        return next((value for value in values if value is not None), None)


class SaveAsciiMultiPattern1D(
    Task,
    input_names=["filenames", "x_list", "y_list", "xunits_list"],
    optional_input_names=["header_list", "yerror_list", "metadata_list"],
    output_names=["saved", "paths"],
):
    """Save several powder patterns as text, each in a file of its own.

    Inputs
    ------
    filenames, x_list, y_list, xunits_list, yerror_list, header_list, metadata_list : lists
        As for `SaveAsciiPattern1D`, one of each a pattern.

    Outputs
    -------
    saved : bool, True
    paths : list of str, the files

    Raises
    ------
    InputError
        The lists have different lengths; and as for `SaveAsciiPattern1D`.
    OSError
        As for `SaveAsciiPattern1D`; the files before the one that failed are there.
    """

    def run(self) -> None:
        """Save the patterns."""
        names = self.inputs.filenames
        required = [self.inputs.x_list, self.inputs.y_list, self.inputs.xunits_list]
        optional = [self._list(name, len(names)) for name in ("yerror_list", "header_list", "metadata_list")]
        lengths = [len(values) for values in (names, *required, *optional)]
        if len(set(lengths)) > 1:
            raise InputError(f"The lists must be of one length, not {lengths}")
        for name, x, y, unit, errors, header, metadata in zip(names, *required, *optional, strict=True):
            self.check_cancelled()
            _save(name, _pattern(x, y, unit, errors), header, metadata)
        self.outputs.saved, self.outputs.paths = True, [str(name) for name in names]

    def _list(self, name: str, n: int) -> Sequence[Any]:
        given: Sequence[Any] | None = self.get_input_value(name, None)
        return [None] * n if given is None else given


def _pattern(x: Any, y: Any, unit: Any, errors: Any) -> TextPattern:
    known = errors is not None and np.isfinite(errors).any()
    return TextPattern(np.asarray(x), np.asarray(y), str(unit), np.asarray(errors) if known else None)


def _save(filename: str | Path, pattern: TextPattern, info: Any, metadata: Any) -> None:
    for name, given in (("header", info), ("metadata", metadata)):
        if given is not None and not isinstance(given, Mapping):
            raise InputError(f"The {name} must be a mapping, not {given!r}")
    write_text_pattern(Path(filename), pattern, info=info or {}, metadata=metadata or {})
