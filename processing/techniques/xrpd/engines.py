"""Take apart what pyFAI builds for a geometry into plain arrays, and put it back.

Nothing here computes.  An engine that was put back goes through pyFAI's own checks in
``integrate1d`` and ``integrate2d`` (unit, bins, size, mask, ranges), which rebuilds it if anything differs.
"""

from typing import Any

import numpy as np
from pyFAI.containers import PolarizationArray, PolarizationDescription
from pyFAI.engines import Engine
from pyFAI.ext import splitBBoxCSC, splitBBoxCSR, splitPixelFullCSC, splitPixelFullCSR
from pyFAI.integrator.azimuthal import AzimuthalIntegrator
from pyFAI.method_registry import IntegrationMethod
from pyFAI.units import Unit, to_unit
from pyFAI.utils import crc32

from processing.techniques.xrpd.array_store import ArrayStore
from processing.techniques.xrpd.options import AZIMUTHAL_UNIT, Binning, Binning2D, Method

_BOX_CSR, _FULL_CSR, _BOX_CSC, _FULL_CSC = (
    splitBBoxCSR.CsrIntegrator,
    splitPixelFullCSR.CsrIntegrator,
    splitBBoxCSC.CscIntegrator,
    splitPixelFullCSC.CscIntegrator,
)
ENGINES: dict[tuple[int, str, str], tuple[Any, Any]] = {
    (1, "full", "csr"): (splitPixelFullCSR.FullSplitCSR_1d, _FULL_CSR),
    (1, "bbox", "csr"): (splitBBoxCSR.HistoBBox1d, _BOX_CSR),
    (1, "no", "csr"): (splitBBoxCSR.HistoBBox1d, _BOX_CSR),
    (1, "full", "csc"): (splitPixelFullCSC.FullSplitCSC_1d, _FULL_CSC),
    (1, "bbox", "csc"): (splitBBoxCSC.HistoBBox1d, _BOX_CSC),
    (1, "no", "csc"): (splitBBoxCSC.HistoBBox1d, _BOX_CSC),
    (2, "full", "csr"): (splitPixelFullCSR.FullSplitCSR_2d, _FULL_CSR),
    (2, "bbox", "csr"): (splitBBoxCSR.HistoBBox2d, _BOX_CSR),
    (2, "no", "csr"): (splitBBoxCSR.HistoBBox2d, _BOX_CSR),
    (2, "full", "csc"): (splitPixelFullCSC.FullSplitCSC_2d, _FULL_CSC),
    (2, "bbox", "csc"): (splitBBoxCSC.HistoBBox2d, _BOX_CSC),
    (2, "no", "csc"): (splitBBoxCSC.HistoBBox2d, _BOX_CSC),
}
"""Dimension and method -> class of its engine in pyFAI, and the base class that holds the sparse matrix."""

MATRIX = ("data", "indices", "indptr")
CENTERS = {1: ("bin_centers",), 2: ("bin_centers0", "bin_centers1")}
SOLID_ANGLE = "solid_angle#3.0"
"""Key under which pyFAI keeps the relative solid angle of each pixel."""


def dimension_of(binning: Binning | Binning2D) -> int:
    """1 for patterns, 2 for cakes."""
    return 2 if isinstance(binning, Binning2D) else 1


def units_of(binning: Binning | Binning2D) -> list[Unit]:
    """Return pyFAI's units of the axes: radial, and azimuthal for a cake."""
    names = [binning.unit, AZIMUTHAL_UNIT]
    return [to_unit(name) for name in names[: dimension_of(binning)]]


def has_storable_engine(method: Method, dimension: int = 1) -> bool:
    """Whether the engine of a method is plain arrays."""
    return method.implementation == "cython" and (dimension, *method[:2]) in ENGINES


def built_engine(integrator: AzimuthalIntegrator, method: Method, dimension: int = 1) -> Any:
    """Return the engine that an integrator has for a method: pyFAI's object, or None."""
    held = integrator.engines.get(_registered(method, dimension))
    return held and held.engine


def save_engine(
    store: ArrayStore, key: str, integrator: AzimuthalIntegrator, *, method: Method, dimension: int = 1
) -> None:
    """Store the engine that an integrator has built, if it has one."""
    engine = built_engine(integrator, method, dimension)
    if engine is None:
        return
    arrays = {name: getattr(engine, name) for name in (*MATRIX, *CENTERS[dimension])}
    if engine.cmask is not None:
        arrays["cmask"] = np.asarray(engine.cmask)
    names = ("size", "bins", "pos0_range", "pos1_range")
    values = {name: getattr(engine, name) for name in names}
    store.save(key, arrays, {name: _plain(value) for name, value in values.items()})


def load_engine(
    store: ArrayStore,
    key: str,
    integrator: AzimuthalIntegrator,
    *,
    method: Method,
    binning: Binning | Binning2D,
    mask: np.ndarray | None,
) -> bool:
    """Give an integrator a stored engine; False if there is none that fits this pyFAI."""
    if (stored := store.load(key)) is None:
        return False
    arrays, values = stored
    dimension, units = dimension_of(binning), units_of(binning)
    engine_class, matrix_class = ENGINES[dimension, method.split, method.algorithm]
    engine = engine_class.__new__(engine_class)
    matrix = tuple(arrays[name] for name in MATRIX)
    empty = integrator._empty
    try:
        if method.algorithm == "csr":
            matrix_class.__init__(engine, matrix, values["size"], empty)
        else:
            matrix_class.__init__(engine, matrix, values["size"], int(np.prod(values["bins"])), empty)
        for name, value in values.items():
            setattr(engine, name, tuple(value) if isinstance(value, list) else value)
        engine.unit = units[0] if dimension == 1 else tuple(units)
        engine.space = units[0].space if dimension == 1 else tuple(unit.space for unit in units)
        # Not stored: pyFAI picks the faster of two checksums when imported; processes differ.
        engine.mask_checksum = integrator._normalize_mask(mask)[1]
        for name in CENTERS[dimension]:
            setattr(engine, name, np.asarray(arrays[name]))
        engine.cmask = np.asarray(arrays["cmask"]) if "cmask" in arrays else None
    except (AttributeError, TypeError, ValueError, KeyError, AssertionError):
        return False
    integrator.engines[_registered(method, dimension)] = Engine(engine)
    return True


def save_corrections(
    store: ArrayStore, key: str, integrator: AzimuthalIntegrator, polarization: float | None
) -> None:
    """Store the solid angle and the polarisation that an integrator has computed."""
    kept = integrator._cached_array
    computed = {f"{key}-solid": kept.get(SOLID_ANGLE)}
    if polarization is not None:
        pair = kept.get(PolarizationDescription(polarization, 0.0))
        computed[f"{key}-polarization{polarization}"] = pair and pair.array
    for name, array in computed.items():
        if array is not None and name not in store:
            store.save(name, {"array": array}, {})


def load_corrections(
    store: ArrayStore, key: str, integrator: AzimuthalIntegrator, polarization: float | None
) -> None:
    """Give an integrator the stored solid angle and polarisation, where there are any."""
    kept = integrator._cached_array
    if stored := store.load(f"{key}-solid"):
        kept[SOLID_ANGLE] = array = np.asarray(stored[0]["array"])
        kept[f"{SOLID_ANGLE}_crc"] = crc32(array)
    if polarization is not None and (stored := store.load(f"{key}-polarization{polarization}")):
        array = np.asarray(stored[0]["array"])
        kept[PolarizationDescription(polarization, 0.0)] = PolarizationArray(array, crc32(array))


def _registered(method: Method, dimension: int) -> IntegrationMethod:
    return IntegrationMethod.select_method(dimension, *method)[0]


def _plain(value: Any) -> Any:
    """Turn numpy numbers and tuples into what JSON keeps exactly."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
