"""Frames integrated several at a time give the numbers of pyFAI's method of the same name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.techniques.xrpd.frames import FrameIntegrator
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.integrator import keep_engines_in
from processing.techniques.xrpd.options import read_binning, read_binning2d, read_method
from workflows import InputError

SHAPE = (60, 70)
CLOSE = 1e-6


def geometry_of(**changes):
    place = {
        "dist": 0.05,
        "poni1": 0.003,
        "poni2": 0.0035,
        "pixel1": 1e-4,
        "pixel2": 1e-4,
        "wavelength": 1e-10,
    }
    return read_geometry({**place, **changes})


def make_integrator(geometry, shape):
    place = {
        name: getattr(geometry, name)
        for name in ("dist", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength")
    }
    return AzimuthalIntegrator(**place, detector=geometry.make_detector(shape))


def by_pyfai(geometry, frame, method, binning, mask=None, **corrections):
    return make_integrator(geometry, frame.shape).integrate1d(
        frame, binning.n_points, unit=binning.unit, method=tuple(method),
        mask=None if mask is None else mask.astype("i1"), **corrections,
    )  # fmt: skip


def assert_close(ours, theirs):
    scale = np.abs(theirs).max()
    assert np.all(np.abs(ours - theirs) <= CLOSE * np.maximum(np.abs(theirs), 1e-3 * scale))


@given(
    seed=st.integers(0, 2**32 - 1),
    method=st.sampled_from(["no/csr", "bbox/csc", "bbox/csr", "full/csr", "full/csc"]),
    unit=st.sampled_from(["2th_deg", "q_nm^-1", "q_A^-1"]),
    dtype=st.sampled_from(["u1", "u2", "u4", "i4", "f4", "f8", "i8"]),
    error_model=st.sampled_from([None, "poisson"]),
)
@settings(max_examples=40, deadline=None)
def test_random_frames_agree_with_pyfai_one_by_one(seed, method, unit, dtype, error_model):
    rng = np.random.default_rng(seed)
    n_frames = int(rng.integers(1, 12))
    geometry = geometry_of(
        dist=rng.uniform(0.03, 0.3),
        poni1=rng.uniform(-0.002, 0.008),
        rot1=rng.uniform(-0.3, 0.3),
        rot2=rng.uniform(-0.3, 0.3),
    )
    mask = rng.random(SHAPE) < 0.1
    frames = rng.poisson(rng.uniform(0.5, 200), (n_frames, *SHAPE)).clip(0, 250).astype(dtype)
    if dtype[0] == "f":
        frames[:, 3, 4] = np.nan
        frames[0, 5, 6] = np.inf
    corrections = {
        "polarization_factor": rng.choice([None, 0.95]),
        "correctSolidAngle": bool(rng.integers(2)),
        "error_model": error_model,
        "dark": rng.uniform(0, 0.5, SHAPE).astype("f4") if rng.integers(2) else None,
        "flat": rng.uniform(0.8, 1.2, SHAPE).astype("f4") if rng.integers(2) else None,
    }
    factors = rng.uniform(0.5, 2, n_frames)
    method, binning = read_method(method), read_binning(80, unit)

    integrator = FrameIntegrator(
        geometry, SHAPE, mask=mask, method=method, binning=binning, corrections=corrections
    )
    patterns = integrator.integrate(frames, factors)

    assert integrator.engine == "reprise"
    for frame, factor, intensity, place in zip(
        frames, factors, patterns.intensity, range(n_frames), strict=True
    ):
        expected = by_pyfai(
            geometry, frame, method, binning, mask, normalization_factor=factor, **corrections
        )
        assert_close(intensity, expected.intensity)
        assert_close(integrator.radial, expected.radial)
        if error_model:
            assert_close(patterns.sigma[place], expected.sigma)


def test_dead_and_overflown_pixels_of_a_known_detector_are_left_out():
    geometry = geometry_of(
        dist=0.2, detector="Pilatus100k", pixel1=172e-6, pixel2=172e-6, poni1=0.02, poni2=0.04
    )
    shape = (195, 487)
    rng = np.random.default_rng(3)
    frames = rng.poisson(30, (9, *shape)).astype("i4")
    frames[rng.random(frames.shape) < 0.01] = -2
    frames[4, :, :240] = -2  # bins of this frame that only have dead pixels
    method, binning = read_method("full/csr"), read_binning(200, "2th_deg")

    integrator = FrameIntegrator(
        geometry, shape, method=method, binning=binning, corrections={"error_model": "poisson"}
    )
    patterns = integrator.integrate(frames)

    for frame, intensity, sigma in zip(frames, patterns.intensity, patterns.sigma, strict=True):
        expected = by_pyfai(geometry, frame, method, binning, error_model="poisson")
        assert_close(intensity, expected.intensity)
        assert_close(sigma, expected.sigma)


def test_what_the_loop_does_not_cover_is_left_to_pyfai_and_says_so():
    frames = np.random.default_rng(5).poisson(50, (2, *SHAPE)).astype("u2")
    binning = read_binning(50, "2th_deg")
    for method, corrections in (("full/histogram", {}), ("full/csr", {"error_model": "azimuthal"})):
        integrator = FrameIntegrator(
            geometry_of(), SHAPE, method=read_method(method), binning=binning, corrections=corrections
        )

        patterns = integrator.integrate(frames)

        assert integrator.engine == "pyFAI"
        expected = by_pyfai(geometry_of(), frames[1], read_method(method), binning, **corrections)
        assert np.array_equal(patterns.intensity[1], expected.intensity)


def test_a_bin_without_any_valid_pixel_is_zero():
    mask = np.ones(SHAPE, dtype=bool)
    mask[:, 40:] = False
    frames = np.full((1, *SHAPE), 7.0, dtype="f4")
    integrator = FrameIntegrator(
        geometry_of(), SHAPE, mask=mask, binning=read_binning(400, "2th_deg"), method=read_method("no/csr")
    )

    (intensity,) = integrator.integrate(frames).intensity

    assert intensity.min() == 0
    assert intensity.max() == pytest.approx(7.0, rel=0.05)


@pytest.mark.parametrize("method", ["full/csr", "bbox/csc", "no/csr"])
@pytest.mark.parametrize("error_model", [None, "poisson"])
def test_cakes_agree_with_pyfai_one_by_one_also_from_a_stored_engine(method, error_model, tmp_path):
    rng = np.random.default_rng(11)
    geometry, method = geometry_of(rot1=0.1, rot2=-0.05), read_method(method, dimension=2)
    mask = rng.random(SHAPE) < 0.1
    frames = rng.poisson(40, (3, *SHAPE)).astype("u4")
    factors = [1.0, 2.5, 0.3]
    binning = read_binning2d(25, 36, "q_nm^-1", azimuth_range=(-100, 120))
    corrections = {"polarization_factor": 0.95, "error_model": error_model}

    for origin in ("built", "disk"):
        keep_engines_in(tmp_path)
        integrator = FrameIntegrator(
            geometry, SHAPE, mask=mask, method=method, binning=binning, corrections=corrections
        )
        cakes = integrator.integrate(frames, factors)

        assert (integrator.engine, integrator.kept.origin) == ("reprise", origin)
        assert cakes.intensity.shape == (3, 36, 25)
        for place, factor in enumerate(factors):
            expected = make_integrator(geometry, SHAPE).integrate2d(
                frames[place], 25, 36, unit="q_nm^-1", method=tuple(method), mask=mask.astype("i1"),
                azimuth_range=(-100, 120), normalization_factor=factor, **corrections,
            )  # fmt: skip
            assert_close(integrator.radial, expected.radial)
            assert_close(integrator.azimuthal, expected.azimuthal)
            assert_close(cakes.intensity[place], expected.intensity)
            if error_model:
                assert_close(cakes.sigma[place], expected.sigma)


def test_cakes_that_the_loop_does_not_cover_are_left_to_pyfai():
    frames = np.random.default_rng(5).poisson(50, (2, *SHAPE)).astype("u2")
    method = read_method("full/histogram", dimension=2)
    integrator = FrameIntegrator(
        geometry_of(), SHAPE, method=method, binning=read_binning2d(20, 30, "2th_deg")
    )

    cakes = integrator.integrate(frames)

    expected = make_integrator(geometry_of(), SHAPE).integrate2d(
        frames[1], 20, 30, unit="2th_deg", method=tuple(method)
    )
    assert integrator.engine == "pyFAI"
    assert np.array_equal(cakes.intensity[1], expected.intensity)
    assert np.array_equal(integrator.azimuthal, expected.azimuthal)


@pytest.mark.parametrize("numbers", [(5, 36), (100, 0), (100, 2.5), (100_000, 3600), ("many", 4)])
def test_bins_of_a_cake_that_cannot_be_are_refused(numbers):
    with pytest.raises(InputError, match=r"n_radial|n_azimuthal|at most"):
        read_binning2d(*numbers, "2th_deg")


def test_frames_that_cannot_be_written_to_are_taken_too():
    frames = np.random.default_rng(5).poisson(50, (8, *SHAPE)).astype("u2")
    integrator = FrameIntegrator(geometry_of(), SHAPE, binning=read_binning(50, "2th_deg"))
    expected = integrator.integrate(frames)
    frames.flags.writeable = False

    assert np.array_equal(integrator.integrate(frames).intensity, expected.intensity)
