"""Save a powder pattern: a function task for workflows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from processing.nexus import writer as _writer
from processing.techniques.xrpd.options import UNITS as _UNITS
from workflows import InputError as _InputError


def SaveNexusPattern1D(  # noqa: N802, PLR0917 -- name and inputs are those of ewoksxrpd
    filename: str | Path | None = None,
    url: str | None = None,
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    xunits: str | None = None,
    yerror: np.ndarray | None = None,
    radial: np.ndarray | None = None,
    intensity: np.ndarray | None = None,
    radial_units: str | None = None,
    intensity_error: np.ndarray | None = None,
    azimuthal: None = None,
    azimuthal_units: None = None,  # noqa: ARG001 -- comes with all outputs of Integrate1D
    info: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> str:
    """Save a powder pattern as a NeXus file (NXazint1d).

    It takes all outputs of ``Integrate1D``, so that the two tasks can be linked with all
    data.  The file appears whole, and replaces an older one at once.

    Parameters
    ----------
    filename : path
        File to write; its folder must exist.  ``url`` is another name of it, and may carry
        a path in the file (``file.nxs::/entry``), which is ignored: the layout is fixed.
    x, y, yerror : array (n,), or radial, intensity, intensity_error
        Centre of each bin, its intensity and, optionally, the standard error.
    xunits : str, or radial_units
        pyFAI name of the unit of x.
    info : mapping, optional
        What the integration used; all of it is stored.
    metadata : mapping, optional
        ``title``, ``sample``, ``instrument``, ``facility``.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    InputError
        There is no file name, pattern or known unit, or no such folder.
    OSError
        The disk is full (errno 28), or cannot be written.
    """
    target = filename or (url or "").partition("::")[0]
    x, y, unit = (_first(x, radial), _first(y, intensity), xunits or radial_units)
    if not target:
        raise _InputError("SaveNexusPattern1D needs a filename")
    if x is None or y is None or unit not in _UNITS:
        raise _InputError(f"SaveNexusPattern1D needs x, y and a known unit of x, not {unit!r}")
    if azimuthal is not None:
        raise _InputError("SaveNexusPattern1D saves one-dimensional patterns only")
    quantity, nexus_unit = _UNITS[unit]
    errors = _first(yerror, intensity_error)
    saved = _writer.write_pattern1d(
        target,
        radial=x,
        intensity=y,
        errors=errors,
        quantity=quantity,
        unit=nexus_unit,
        info=info,
        metadata=metadata,
    )
    return str(saved)


def _first(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return other if one is None else one
