"""Integrate the frames of a scan: several in one pass where our loop covers what is asked, else by pyFAI.

Both give the numbers of the method that was asked for, to a part in a million; `FrameIntegrator.engine` names
which of the two computed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.integrator import kept_integrator
from processing.techniques.xrpd.kernel import (
    WIDTH,
    Corrections,
    Matrix,
    add_frames,
    add_frames_with_variance,
)
from processing.techniques.xrpd.options import DEFAULT_METHOD, Binning, Method

__all__ = ["FrameIntegrator", "Patterns"]

OURS, PYFAI = "reprise", "pyFAI"
_NOTHING = np.empty(0, np.float32)
_KNOWN_DTYPES = {"u2", "u4", "i4", "f4"}
_NONE_LEFT, _LITTLE_LEFT = 1e-12, 1e-6
"""Parts of a bin: what is left by rounding alone, and what is too little to subtract the rest from."""


class Patterns(NamedTuple):
    """``intensity`` float32 (frames, bins); ``sigma`` the same, or None without an error model."""

    intensity: np.ndarray
    sigma: np.ndarray | None


class FrameIntegrator:
    """Integrates frames of one shape with one geometry.

    Attributes
    ----------
    radial : float64 (bins,), the centre of each bin in the unit of the binning
    kept : KeptIntegrator
        pyFAI's integrator of the method that was asked for.
    engine : str
        "reprise" for our own loop over pyFAI's matrix, "pyFAI" where it does not cover what is asked:
        another algorithm than csr and csc, or another error model than Poisson's.
    """

    def __init__(
        self,
        geometry: Geometry,
        shape: tuple[int, int],
        *,
        mask: np.ndarray | None = None,
        method: Method = DEFAULT_METHOD,
        binning: Binning | None = None,
        corrections: Mapping[str, Any] | None = None,
    ) -> None:
        self.shape, self.corrections = shape, dict(corrections or {})
        self.engine = OURS if _is_covered(method, self.corrections) else PYFAI
        # Ours needs the matrix by columns, whichever way round the method has it.
        built = Method(method.split, "csc", method.implementation) if self.engine == OURS else method
        self.kept = kept_integrator(geometry, shape, mask=mask, method=built, binning=binning)
        result = self.kept.integrate(np.zeros(shape, np.float32), **self.corrections)
        self.radial: np.ndarray = result.radial
        if self.engine == OURS:
            self._prepare()

    def integrate(self, frames: np.ndarray, factors: Sequence[float] | None = None) -> Patterns:
        """Integrate frames.

        Parameters
        ----------
        frames : array (n, rows, columns), any real dtype
        factors : n floats, optional
            Each pattern is divided by its factor, as by a monitor; default 1.
        """
        divisors = np.ones(len(frames)) if factors is None else np.asarray(factors, dtype=float)
        if self.engine == PYFAI:
            return self._by_pyfai(frames, divisors)
        blocks = [
            self._block(frames[first : first + WIDTH], divisors[first : first + WIDTH])
            for first in range(0, len(frames), WIDTH)
        ]
        sigmas = [block.sigma for block in blocks if block.sigma is not None]
        intensity = np.concatenate([block.intensity for block in blocks])
        return Patterns(intensity, np.concatenate(sigmas) if sigmas else None)

    def _prepare(self) -> None:
        """Compute what is the same for all frames."""
        integrator = self.kept.integrator
        engine = next(held.engine for held in integrator.engines.values() if held.engine is not None)
        matrix = Matrix(engine.data, engine.indices, engine.indptr)
        dark, flat = self.corrections.get("dark"), self.corrections.get("flat")
        self._dark = _NOTHING if dark is None else np.ascontiguousarray(dark, np.float32).ravel()
        norm = np.ones(self.shape, np.float32)
        if flat is not None:
            norm *= np.asarray(flat, np.float32)
        if (factor := self.corrections.get("polarization_factor")) is not None:
            norm *= integrator.polarization(self.shape, factor)
        if self.corrections.get("correctSolidAngle", True):
            norm *= integrator.solidAngleArray(self.shape)
        self._norm = norm.ravel()
        self._matrix = self._without(matrix, self._says_nothing(flat))
        self._with_errors = self.corrections.get("error_model") == "poisson"
        alike = np.zeros((WIDTH, self._norm.size), np.float32)
        alike[0], alike[1] = np.where(np.isfinite(self._norm), self._norm, 0), 1
        sums, _ = self._sums(alike, _NOTHING, None)
        self._total_norm, self._total_part = sums[:, 0], sums[:, 1]

    def _says_nothing(self, flat: np.ndarray | None) -> np.ndarray:
        """Pixels that say nothing in any frame, whatever they count; bool (pixels,)."""
        nothing = ~np.isfinite(self._norm) | (self._norm == 0)
        if flat is not None:
            dummy, delta = self._dummies(np.float32)
            nothing |= np.abs(np.asarray(flat, np.float32).ravel() - dummy) <= delta
        return nothing

    def _without(self, matrix: Matrix, pixels: np.ndarray) -> Matrix:
        if not pixels.any():
            return matrix
        data = np.where(np.repeat(pixels[: matrix.indptr.size - 1], np.diff(matrix.indptr)), 0, matrix.data)
        return matrix._replace(data=data.astype(np.float32))

    def _dummies(self, dtype: Any) -> tuple[np.float32, np.float32]:
        """Return the value that says nothing and how near to it counts; (0, -1): there is none."""
        dummy, delta = self.kept.integrator.detector.get_dummies(np.empty(0, dtype))
        if dummy is None:
            return np.float32(0), np.float32(-1)
        return np.float32(dummy), np.float32(0 if delta is None else delta)

    def _sums(
        self, rows: np.ndarray, dark: np.ndarray, dtype: Any, *, with_errors: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        n_bins = self.radial.size
        sums = np.zeros((n_bins, 2 * WIDTH if with_errors else WIDTH))
        lost = np.zeros((n_bins, 2 * WIDTH))
        dummy, delta = (np.float32(0), np.float32(-1)) if dtype is None else self._dummies(dtype)
        add = add_frames_with_variance if with_errors else add_frames
        add(rows, self._matrix, Corrections(dark, self._norm, dummy, delta), sums, lost)
        return sums, lost

    def _block(self, frames: np.ndarray, divisors: np.ndarray) -> Patterns:
        """Integrate at most as many frames as one pass takes."""
        n = len(frames)
        if frames.dtype.str[1:] not in _KNOWN_DTYPES:
            frames = frames.astype(np.float32)  # as the loop would
        rows = np.zeros((WIDTH, self._norm.size), frames.dtype)
        rows[:n] = frames.reshape(n, -1)
        sums, lost = self._sums(rows, self._dark, frames.dtype, with_errors=self._with_errors)
        part = self._total_part[:, None] - lost[:, WIDTH : WIDTH + n]
        left = np.divide(part, self._total_part[:, None], out=np.zeros_like(part), where=part > 0)
        if np.any((left > _NONE_LEFT) & (left < _LITTLE_LEFT)):
            return self._by_pyfai(frames, divisors)
        norm = (self._total_norm[:, None] - lost[:, :n]) * divisors
        is_there = left > _LITTLE_LEFT
        intensity = np.divide(sums[:, :n], norm, out=np.zeros_like(norm), where=is_there)
        if not self._with_errors:
            return Patterns(intensity.T.astype(np.float32), None)
        deviation = np.sqrt(sums[:, WIDTH : WIDTH + n])
        sigma = np.divide(deviation, norm, out=np.zeros_like(norm), where=is_there)
        return Patterns(intensity.T.astype(np.float32), sigma.T.astype(np.float32))

    def _by_pyfai(self, frames: np.ndarray, divisors: np.ndarray) -> Patterns:
        results = [
            self.kept.integrate(frame, **{**self.corrections, "normalization_factor": float(divisor)})
            for frame, divisor in zip(frames, divisors, strict=True)
        ]
        intensity = np.stack([result.intensity for result in results])
        if results[0].sigma is None:
            return Patterns(intensity, None)
        return Patterns(intensity, np.stack([result.sigma for result in results]))


def _is_covered(method: Method, corrections: Mapping[str, Any]) -> bool:
    return (
        method.algorithm in ("csr", "csc")
        and method.implementation == "cython"
        and corrections.get("error_model") in (None, "poisson")
    )
