"""Take apart what pyFAI builds for a geometry into plain arrays, and put it back.

Nothing here computes.  An engine that was put back goes through pyFAI's own checks in
``integrate1d`` (unit, bins, size, mask, ranges), which rebuilds it if anything differs.
"""

from typing import Any

import numpy as np
from pyFAI.containers import PolarizationArray, PolarizationDescription
from pyFAI.engines import Engine
from pyFAI.ext import splitBBoxCSC, splitBBoxCSR, splitPixelFullCSC, splitPixelFullCSR
from pyFAI.integrator.azimuthal import AzimuthalIntegrator
from pyFAI.method_registry import IntegrationMethod
from pyFAI.units import to_unit
from pyFAI.utils import crc32

from processing.techniques.xrpd.array_store import ArrayStore
from processing.techniques.xrpd.options import Method

ENGINES: dict[tuple[str, str], tuple[Any, Any]] = {
    ("full", "csr"): (splitPixelFullCSR.FullSplitCSR_1d, splitPixelFullCSR.CsrIntegrator),
    ("bbox", "csr"): (splitBBoxCSR.HistoBBox1d, splitBBoxCSR.CsrIntegrator),
    ("no", "csr"): (splitBBoxCSR.HistoBBox1d, splitBBoxCSR.CsrIntegrator),
    ("full", "csc"): (splitPixelFullCSC.FullSplitCSC_1d, splitPixelFullCSC.CscIntegrator),
    ("bbox", "csc"): (splitBBoxCSC.HistoBBox1d, splitBBoxCSC.CscIntegrator),
    ("no", "csc"): (splitBBoxCSC.HistoBBox1d, splitBBoxCSC.CscIntegrator),
}
"""Method -> class of its engine in pyFAI, and the base class that holds the sparse matrix."""

MATRIX = ("data", "indices", "indptr")
SOLID_ANGLE = "solid_angle#3.0"
"""Key under which pyFAI keeps the relative solid angle of each pixel."""


def has_storable_engine(method: Method) -> bool:
    """Whether the engine of a method is plain arrays."""
    return method.implementation == "cython" and method[:2] in ENGINES


def save_engine(store: ArrayStore, key: str, integrator: AzimuthalIntegrator, method: Method) -> None:
    """Store the engine that an integrator has built, if it has one."""
    held = integrator.engines.get(_registered(method))
    if held is None or held.engine is None:
        return
    engine = held.engine
    arrays = {name: getattr(engine, name) for name in (*MATRIX, "bin_centers")}
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
    unit: str,
    mask: np.ndarray | None,
) -> bool:
    """Give an integrator a stored engine; False if there is none that fits this pyFAI."""
    if (stored := store.load(key)) is None:
        return False
    arrays, values = stored
    engine_class, matrix_class = ENGINES[method.split, method.algorithm]
    engine = engine_class.__new__(engine_class)
    matrix = tuple(arrays[name] for name in MATRIX)
    empty = integrator._empty
    try:
        if method.algorithm == "csr":
            matrix_class.__init__(engine, matrix, values["size"], empty)
        else:
            matrix_class.__init__(engine, matrix, values["size"], values["bins"], empty)
        for name, value in values.items():
            setattr(engine, name, tuple(value) if isinstance(value, list) else value)
        engine.unit = to_unit(unit)
        # Not stored: pyFAI picks the faster of two checksums when imported; processes differ.
        engine.mask_checksum = integrator._normalize_mask(mask)[1]
        engine.bin_centers = np.asarray(arrays["bin_centers"])
        engine.cmask = np.asarray(arrays["cmask"]) if "cmask" in arrays else None
    except (AttributeError, TypeError, ValueError, KeyError, AssertionError):
        return False
    integrator.engines[_registered(method)] = Engine(engine)
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


def _registered(method: Method) -> IntegrationMethod:
    return IntegrationMethod.select_method(1, *method)[0]


def _plain(value: Any) -> Any:
    """Turn numpy numbers and tuples into what JSON keeps exactly."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
