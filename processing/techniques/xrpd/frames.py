"""Integrate the frames of a scan: several in one pass where our loop covers what is asked, else by pyFAI.

Both give the numbers of the method that was asked for, to a part in a million; `FrameIntegrator.engine` names
which of the two computed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from processing.techniques.xrpd.engines import units_of
from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.integrator import kept_integrator
from processing.techniques.xrpd.kernel import (
    DTYPES,
    WIDTH,
    Corrections,
    Matrix,
    add_frames,
    add_frames_with_variance,
    load,
    total,
)
from processing.techniques.xrpd.options import DEFAULT_METHOD, Binning, Binning2D, Method

__all__ = ["FrameIntegrator", "Patterns"]

OURS, PYFAI = "reprise", "pyFAI"
_NOTHING = np.empty(0, np.float32)
_NONE_LEFT, _LITTLE_LEFT = 1e-12, 1e-6
"""Parts of a bin: what is left by rounding alone, and what is too little to subtract the rest from."""


class Patterns(NamedTuple):
    """``intensity`` float32 (frames, bins), of cakes (frames, n_azimuthal, n_radial).

    ``sigma`` the same, or None without an error model.
    """

    intensity: np.ndarray
    sigma: np.ndarray | None


class FrameIntegrator:
    """Integrates frames of one shape with one geometry, to patterns or, with a `Binning2D`, to cakes.

    Attributes
    ----------
    radial : float64 (bins,), the centre of each bin in the unit of the binning
    azimuthal : float64 (n_azimuthal,), the centre of each bin in degrees; None for patterns
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
        binning: Binning | Binning2D | None = None,
        corrections: Mapping[str, Any] | None = None,
    ) -> None:
        self.shape, self.corrections = shape, dict(corrections or {})
        self.engine = OURS if _is_covered(method, self.corrections) else PYFAI
        # Ours needs the matrix by columns, whichever way round the method has it.
        built = Method(method.split, "csc", method.implementation) if self.engine == OURS else method
        self.kept = kept_integrator(geometry, shape, mask=mask, method=built, binning=binning)
        if self.engine == OURS:
            self._prepare()
            return
        result = self.kept.integrate(np.zeros(shape, np.float32), **self.corrections)
        self.radial: np.ndarray = result.radial
        self.azimuthal: np.ndarray | None = getattr(result, "azimuthal", None)

    def integrate(self, frames: np.ndarray, factors: Sequence[float] | None = None) -> Patterns:
        """Integrate frames.

        Parameters
        ----------
        frames : array (n, rows, columns), any real dtype
        factors : n floats, optional
            Each pattern is divided by its factor, as by a monitor; default 1.
        """
        patterns = self.integrate_by_loop(frames, factors) if self.engine == OURS else None
        return self._by_pyfai(frames, _divisors(frames, factors)) if patterns is None else patterns

    @property
    def is_forkable(self) -> bool:
        """Whether `integrate_by_loop` may be called, in a forked process too: pyFAI's threads may not."""
        return self.engine == OURS

    @staticmethod
    def load_loop(dtype: np.dtype) -> None:
        """Have the loop for frames of this type compiled, so that a fork has it."""
        load([_loop_dtype(dtype)])

    def integrate_by_loop(
        self, frames: np.ndarray, factors: Sequence[float] | None = None
    ) -> Patterns | None:
        """Integrate as `integrate` does, by our loop alone; None where it would not be exact enough.

        That is where almost all of a bin is lost to pixels that say nothing.
        """
        divisors = _divisors(frames, factors)
        blocks = []
        for first in range(0, len(frames), WIDTH):
            block = self._block(frames[first : first + WIDTH], divisors[first : first + WIDTH])
            if block is None:
                return None
            blocks.append(block)
        sigmas = [block.sigma for block in blocks if block.sigma is not None]
        intensity = np.concatenate([block.intensity for block in blocks])
        return Patterns(intensity, np.concatenate(sigmas) if sigmas else None)

    def _prepare(self) -> None:
        """Compute what is the same for all frames."""
        engine = self.kept.engine
        units = units_of(self.kept.binning)
        self.radial = (
            engine.bin_centers * units[0].scale if len(units) == 1 else engine.bin_centers0 * units[0].scale
        )
        self.azimuthal = None if len(units) == 1 else engine.bin_centers1 * units[1].scale
        self._matrix = Matrix(engine.data, engine.indices, engine.indptr)
        dark, flat = self.corrections.get("dark"), self.corrections.get("flat")
        self._dark = _NOTHING if dark is None else np.ascontiguousarray(dark, np.float32).ravel()
        norm = self.kept.weights(
            polarization_factor=self.corrections.get("polarization_factor"),
            solid_angle=self.corrections.get("correctSolidAngle", True),
        )
        if flat is not None:
            flat = np.asarray(flat, np.float32)
            dummy, delta = self._dummies(np.float32)
            norm *= flat
            norm[np.abs(flat - dummy) <= delta] = 0
        norm[~np.isfinite(norm)] = 0
        self._norm = norm.ravel()
        self._with_errors = self.corrections.get("error_model") == "poisson"
        totals = np.zeros((self._n_bins, 2))
        total(self._matrix, self._norm, totals)
        self._total_norm, self._total_part = totals[:, :1], totals[:, 1:]

    @property
    def _n_bins(self) -> int:
        return self.radial.size * (1 if self.azimuthal is None else self.azimuthal.size)

    def _dummies(self, dtype: Any) -> tuple[np.float32, np.float32]:
        """Return the value that says nothing and how near to it counts; (0, -1): there is none."""
        dummy, delta = self.kept.integrator.detector.get_dummies(np.empty(0, dtype))
        if dummy is None:
            return np.float32(0), np.float32(-1)
        return np.float32(dummy), np.float32(0 if delta is None else delta)

    def _sums(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sums = np.zeros((self._n_bins, 2 * WIDTH if self._with_errors else WIDTH))
        lost = np.zeros((self._n_bins, 2 * WIDTH))
        add = add_frames_with_variance if self._with_errors else add_frames
        add(rows, self._matrix, Corrections(self._dark, self._norm, *self._dummies(rows.dtype)), sums, lost)
        return sums, lost

    def _block(self, frames: np.ndarray, divisors: np.ndarray) -> Patterns | None:
        """Integrate at most as many frames as one pass takes."""
        n = len(frames)
        sums, lost = self._sums(_rows(frames))
        part = self._total_part - lost[:, WIDTH : WIDTH + n]
        left = np.divide(part, self._total_part, out=np.zeros_like(part), where=part > 0)
        if np.any((left > _NONE_LEFT) & (left < _LITTLE_LEFT)):
            return None
        norm = (self._total_norm - lost[:, :n]) * divisors
        is_there = left > _LITTLE_LEFT
        intensity = np.divide(sums[:, :n], norm, out=np.zeros_like(norm), where=is_there)
        if not self._with_errors:
            return Patterns(self._shaped(intensity), None)
        deviation = np.sqrt(sums[:, WIDTH : WIDTH + n])
        sigma = np.divide(deviation, norm, out=np.zeros_like(norm), where=is_there)
        return Patterns(self._shaped(intensity), self._shaped(sigma))

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        """Turn (bins, n) into what is given out; pyFAI's matrix has the bins of a cake by radius."""
        if self.azimuthal is None:
            return values.T.astype(np.float32)
        cakes = values.T.reshape(-1, self.radial.size, self.azimuthal.size)
        return cakes.transpose(0, 2, 1).astype(np.float32)

    def _by_pyfai(self, frames: np.ndarray, divisors: np.ndarray) -> Patterns:
        results = [
            self.kept.integrate(frame, **{**self.corrections, "normalization_factor": float(divisor)})
            for frame, divisor in zip(frames, divisors, strict=True)
        ]
        intensity = np.stack([result.intensity for result in results])
        if results[0].sigma is None:
            return Patterns(intensity, None)
        return Patterns(intensity, np.stack([result.sigma for result in results]))


def _rows(frames: np.ndarray) -> np.ndarray:
    """Give frames as the loop takes them, (WIDTH, pixels) of a known type: those given, if they are that."""
    frames = frames.astype(_loop_dtype(frames.dtype), copy=False)
    if len(frames) == WIDTH:
        return np.ascontiguousarray(frames).reshape(WIDTH, -1)
    rows = np.zeros((WIDTH, frames[0].size), frames.dtype)
    rows[: len(frames)] = frames.reshape(len(frames), -1)
    return rows


def _loop_dtype(dtype: np.dtype) -> np.dtype:
    """Return the type that the loop takes such frames as."""
    is_known = dtype.isnative and dtype.str[1:] in DTYPES
    return dtype if is_known else np.dtype(np.float32)  # in which it would compute anyhow


def _divisors(frames: np.ndarray, factors: Sequence[float] | None) -> np.ndarray:
    return np.ones(len(frames)) if factors is None else np.asarray(factors, dtype=float)


def _is_covered(method: Method, corrections: Mapping[str, Any]) -> bool:
    return (
        method.algorithm in ("csr", "csc")
        and method.implementation == "cython"
        and corrections.get("error_model") in (None, "poisson")
    )
