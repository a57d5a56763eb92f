"""pyFAI integrators that are built once per geometry and kept.

The arithmetic is pyFAI's own ``AzimuthalIntegrator.integrate1d``, for cakes ``integrate2d``.  What takes
long in its first call is kept: the sparse matrix from pixels to bins, the solid angle and the
polarisation of every pixel.  They are kept in this process, and on disk once
`keep_engines_in` was called, so that a fresh process starts as warm as an old one.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyFAI
from pyFAI.containers import Integrate1dResult, Integrate2dResult
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.techniques.xrpd import engines
from processing.techniques.xrpd.array_store import ArrayStore
from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.options import DEFAULT_METHOD, Binning, Binning2D, Method

MAX_IN_PROCESS = 4
"""Integrators kept in memory; one of a 4-megapixel detector takes about 200 MB."""

ENGINE_BYTES = 2 << 30
"""Default size of the folder of stored engines; one of 4 megapixels takes about 200 MB."""


class KeptIntegrator:
    """An integrator for images of one shape.

    Attributes
    ----------
    integrator : AzimuthalIntegrator
        pyFAI's object, for what it can do besides.
    origin : str
        Where its engine comes from: "disk", or "built" in the first call.
    """

    def __init__(
        self,
        geometry: Geometry,
        shape: tuple[int, int],
        binning: Binning | Binning2D,
        method: Method,
        mask: np.ndarray | None,
    ) -> None:
        self.geometry, self.shape, self.method = geometry, shape, method
        self.binning: Any = binning
        self.integrator = _make_integrator(geometry, shape)
        self.mask = _combined_mask(self.integrator, mask)
        self._lock = threading.Lock()
        self._store = _Kept.store
        self._place_key = _key(geometry, shape)
        self._engine_key = _key(geometry, shape, binning, method, self.mask)
        self._warm_for: set[float | None] = set()
        self._dimension = engines.dimension_of(binning)
        self.origin = "disk" if self._load_engine() else "built"
        is_storable = engines.has_storable_engine(method, self._dimension)
        self._is_to_be_stored = is_storable and self.origin == "built"

    @property
    def engine(self) -> Any:
        """PyFAI's engine (it has a sparse matrix if the method does), built now if it must be."""
        found = engines.built_engine(self.integrator, self.method, self._dimension)
        if found is None:
            self.integrate(np.zeros(self.shape, np.float32))
            found = engines.built_engine(self.integrator, self.method, self._dimension)
        return found

    def integrate(self, image: np.ndarray, **options: Any) -> Integrate1dResult | Integrate2dResult:
        """Integrate one image of ``shape``; ``options`` are keywords of pyFAI's ``integrate1d``."""
        with self._lock, self._corrected(options.get("polarization_factor")):  # an engine has one work space
            bins = self.binning
            common = {
                "unit": bins.unit,
                "method": tuple(self.method),
                "mask": self.mask,
                "radial_range": bins.radial_range,
                "azimuth_range": bins.azimuth_range,
            }
            if isinstance(bins, Binning2D):
                numbers = (bins.n_radial, bins.n_azimuthal)
                return self.integrator.integrate2d(image, *numbers, **common, **options)
            return self.integrator.integrate1d(image, bins.n_points, **common, **options)

    def weights(self, *, polarization_factor: float | None, solid_angle: bool) -> np.ndarray:
        """Return what each pixel counts for by solid angle and polarisation; float32 of ``shape``."""
        norm = np.ones(self.shape, np.float32)
        with self._lock, self._corrected(polarization_factor):
            if polarization_factor is not None:
                norm *= self.integrator.polarization(self.shape, polarization_factor)
            if solid_angle:
                norm *= self.integrator.solidAngleArray(self.shape)
        return norm

    @contextmanager
    def _corrected(self, polarization: float | None) -> Iterator[None]:
        """Load the corrections that are stored; store what is computed meanwhile."""
        is_fresh = polarization not in self._warm_for
        if self._store is not None and is_fresh:
            engines.load_corrections(self._store, self._place_key, self.integrator, polarization)
        yield
        if self._store is not None and (is_fresh or self._is_to_be_stored):
            self._keep(self._store, polarization)

    def _keep(self, store: ArrayStore, polarization: float | None) -> None:
        """Store what the call has computed, and go on with the stored arrays: they are shared."""
        self._warm_for.add(polarization)
        engines.save_corrections(store, self._place_key, self.integrator, polarization)
        is_built = engines.built_engine(self.integrator, self.method, self._dimension) is not None
        if self._is_to_be_stored and is_built:
            self._is_to_be_stored = False
            engines.save_engine(
                store, self._engine_key, self.integrator, method=self.method, dimension=self._dimension
            )
            self._load_engine()
            engines.load_corrections(store, self._place_key, self.integrator, polarization)

    def _load_engine(self) -> bool:
        """Go on with a stored engine, if there is one."""
        if self._store is None or not engines.has_storable_engine(self.method, self._dimension):
            return False
        fresh = _make_integrator(self.geometry, self.shape)
        is_stored = engines.load_engine(
            self._store,
            self._engine_key,
            fresh,
            method=self.method,
            binning=self.binning,
            mask=self.mask,
        )
        if is_stored:
            self.integrator = fresh
        return is_stored


class _Kept:
    """What this process keeps (least recently used first), and where it stores engines."""

    lock = threading.Lock()
    integrators: OrderedDict[str, KeptIntegrator] = OrderedDict()
    store: ArrayStore | None = None


def keep_engines_in(folder: Path | str | None, *, max_bytes: int = ENGINE_BYTES) -> None:
    """Store engines in a folder from now on; None ends that.  Forgets those in memory."""
    with _Kept.lock:
        _Kept.store = None if folder is None else ArrayStore(Path(folder), max_bytes)
        _Kept.integrators.clear()


def kept_integrator(
    geometry: Geometry,
    shape: tuple[int, int],
    *,
    mask: np.ndarray | None = None,
    method: Method = DEFAULT_METHOD,
    binning: Binning | Binning2D | None = None,
) -> KeptIntegrator:
    """Return the integrator of a geometry, made only if this process has none.

    Parameters
    ----------
    geometry : Geometry
    shape : (rows, columns) of the images
    mask : array (rows, columns), optional
        Not zero where a pixel is ignored, besides those that the detector itself masks.
    method : Method
    binning : Binning, optional
        Default 1000 bins of 2 theta in degrees.

    Raises
    ------
    InputError
        The detector of the geometry has another shape.
    """
    binning = binning or Binning()
    key = _key(geometry, shape, binning, method, mask)
    with _Kept.lock:
        kept = _Kept.integrators.pop(key, None) or KeptIntegrator(geometry, shape, binning, method, mask)
        _Kept.integrators[key] = kept
        while len(_Kept.integrators) > MAX_IN_PROCESS:
            _Kept.integrators.popitem(last=False)
    return kept


def _make_integrator(geometry: Geometry, shape: tuple[int, int]) -> AzimuthalIntegrator:
    return AzimuthalIntegrator(
        dist=geometry.dist,
        poni1=geometry.poni1,
        poni2=geometry.poni2,
        rot1=geometry.rot1,
        rot2=geometry.rot2,
        rot3=geometry.rot3,
        wavelength=geometry.wavelength,
        detector=geometry.make_detector(shape),
    )


def _combined_mask(integrator: AzimuthalIntegrator, mask: np.ndarray | None) -> np.ndarray | None:
    """Add the detector's own mask to that of the user; None lets pyFAI take the former."""
    if mask is None:
        return None
    own = integrator.mask
    combined = np.asarray(mask) != 0 if own is None else (np.asarray(mask) != 0) | (own != 0)
    return combined.astype(np.int8)


def _key(
    geometry: Geometry,
    shape: tuple[int, int],
    binning: Binning | Binning2D | None = None,
    method: Method | None = None,
    mask: np.ndarray | None = None,
) -> str:
    """Hash everything that an engine depends on, the version of pyFAI included."""
    what = [pyFAI.version, geometry.as_dict(), shape, binning and asdict(binning), method]
    digest = hashlib.sha256(json.dumps(what).encode())
    if mask is not None:
        digest.update(np.packbits(np.asarray(mask) != 0).tobytes())
    return digest.hexdigest()[:32]
