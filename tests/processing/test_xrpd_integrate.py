"""Integrate1D gives pyFAI's numbers, finds rings where physics puts them, and refuses what is wrong."""

import h5py
import numpy as np
import pytest
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.nexus.images import read_image
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError

DIST, PIXEL, WAVELENGTH = 0.1, 1e-4, 1e-10
SHAPE = (300, 280)
GEOMETRY = {
    "dist": DIST, "poni1": 0.015, "poni2": 0.014, "pixel1": PIXEL, "pixel2": PIXEL, "wavelength": WAVELENGTH
}  # fmt: skip


def two_theta_of_pixels():
    """2 theta in rad of the centre of each pixel, for a detector across the beam: tan = r / dist."""
    rows, columns = ((np.arange(n) + 0.5) * PIXEL for n in SHAPE)
    radius = np.hypot(rows[:, None] - GEOMETRY["poni1"], columns[None] - GEOMETRY["poni2"])
    return np.arctan2(radius, DIST)


def ring(two_theta, width=5e-4):
    return np.exp(-(((two_theta_of_pixels() - two_theta) / width) ** 2)).astype("f4") * 1000


def integrate(**inputs):
    task = Integrate1D(inputs={"image": ring(0.08), "geometry": GEOMETRY, **inputs})
    task.execute()
    return task.outputs


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("2th_deg", np.degrees(0.08)),
        ("2th_rad", 0.08),
        ("q_nm^-1", 4 * np.pi / 0.1 * np.sin(0.04)),
        ("q_A^-1", 4 * np.pi / 1.0 * np.sin(0.04)),
        ("d*2_A^-2", (2 * np.sin(0.04) / 1.0) ** 2),
        ("r_mm", 100 * np.tan(0.08)),
    ],
)
def test_a_ring_is_found_where_physics_puts_it(unit, expected):
    outputs = integrate(unit=unit, n_points=400)

    found = outputs.x[outputs.y.argmax()]
    assert found == pytest.approx(expected, abs=outputs.x[1] - outputs.x[0])
    assert outputs.xunits == unit


@pytest.mark.parametrize("method", ["full/csr", "full/csc", "bbox/csr", "no/csr", "no/histogram", "full/lut"])
def test_the_numbers_are_those_of_pyfai(method):
    outputs = integrate(method=method, n_points=200, polarization_factor=0.9, error_model="poisson")

    detector = read_geometry(GEOMETRY).make_detector(SHAPE)
    place = {name: GEOMETRY[name] for name in ("dist", "poni1", "poni2", "wavelength")}
    direct = AzimuthalIntegrator(**place, detector=detector).integrate1d(
        ring(0.08), 200, unit="2th_deg", method=(*method.split("/"), "cython"), polarization_factor=0.9,
        error_model="poisson",
    )  # fmt: skip
    exact = 1e-6 if outputs.info["engine"] == "reprise" else 0  # our loop may round the last digit otherwise
    assert np.array_equal(outputs.x, direct.radial)
    assert np.allclose(outputs.y, direct.intensity, rtol=exact, atol=0)
    assert np.allclose(outputs.yerror, direct.sigma, rtol=exact, atol=0)


def test_the_solid_angle_of_a_tilted_pixel_is_corrected():
    flat = np.cos(two_theta_of_pixels()) ** 3 * 1000  # an isotropic source on a plane detector

    corrected = integrate(image=flat, n_points=50)
    raw = integrate(image=flat, n_points=50, correct_solid_angle=False)

    assert np.ptp(corrected.y) < 0.1
    assert np.ptp(raw.y) > 20


def test_the_polarisation_of_the_beam_is_corrected():
    two_theta = two_theta_of_pixels()
    rows, columns = ((np.arange(n) + 0.5) * PIXEL for n in SHAPE)
    azimuth = np.arctan2(rows[:, None] - GEOMETRY["poni1"], columns[None] - GEOMETRY["poni2"])
    polarised = (
        0.5 * (1 + np.cos(two_theta) ** 2 - 0.95 * np.cos(2 * azimuth) * np.sin(two_theta) ** 2) * 1000
    )

    corrected = integrate(image=polarised, polarization_factor=0.95, correct_solid_angle=False, n_points=50)

    assert corrected.y == pytest.approx(1000, rel=1e-4)


def test_a_masked_pixel_and_a_dark_and_flat_one_count_as_they_should():
    image = np.full(SHAPE, 110.0)
    image[140:160] = 1e6
    mask = np.zeros(SHAPE, dtype=bool)
    mask[140:160] = True
    dark, flat = np.full(SHAPE, 10.0), np.full(SHAPE, 0.5)

    outputs = integrate(
        image=image, mask=mask, darkcurrent=dark, flatfield=flat, monitor=4, reference=2, n_points=50,
        correct_solid_angle=False,
    )  # fmt: skip

    assert outputs.y == pytest.approx((110 - 10) / 0.5 / (4 / 2))
    assert outputs.info["n_masked_pixels"] == 20 * SHAPE[1]


@pytest.mark.parametrize("kind", [".npy", ".h5", "most of it"])
def test_a_mask_may_be_a_file_and_cover_most_of_the_image(kind, tmp_path):
    mask = np.ones(SHAPE, dtype=np.uint8)
    mask[150:170] = 0
    source = mask
    if kind == ".npy":
        source = tmp_path / "mask.npy"
        np.save(source, mask)
    elif kind == ".h5":
        source = tmp_path / "mask.h5"
        with h5py.File(source, "w") as file:
            file["mask"] = mask

    outputs = integrate(image=np.where(mask, 1e6, 7.0), mask=source, correct_solid_angle=False, n_points=50)

    covered = outputs.y[outputs.y != 0]
    assert covered == pytest.approx(7.0)
    assert outputs.info["n_masked_pixels"] == mask.sum()


def test_poisson_errors_are_the_root_of_the_counts():
    counts = np.full(SHAPE, 100, dtype=np.uint32)

    outputs = integrate(
        image=counts, error_model="poisson", correct_solid_angle=False, method="no/csr", n_points=20
    )

    pixels, _ = np.histogram(two_theta_of_pixels(), bins=20, range=(0, two_theta_of_pixels().max()))
    inner = slice(5, 15)
    assert outputs.yerror[inner] == pytest.approx(np.sqrt(100 / pixels[inner]), rel=0.05)
    assert np.isnan(integrate(n_points=20).yerror).all()


@pytest.mark.parametrize("dtype", [">i4", "<u2", ">f8", "u8", "f2", "bool"])
def test_the_byte_order_and_type_of_the_pixels_do_not_matter(dtype):
    counts = np.ones(SHAPE, dtype=dtype)

    assert integrate(image=counts, correct_solid_angle=False, n_points=20).y == pytest.approx(1.0)


def test_all_names_of_the_outputs_agree():
    outputs = integrate(n_points=100)

    assert outputs.x is outputs.radial
    assert outputs.y is outputs.intensity
    assert outputs.xunits == outputs.radial_units == "2th_deg"
    assert outputs.azimuthal is None
    assert outputs.info["method"] == "full/csr/cython"
    assert outputs.info["energy_kev"] == pytest.approx(12.39842, rel=1e-6)
    assert outputs.info["geometry"]["dist"] == DIST
    assert (outputs.x.dtype, outputs.y.dtype, len(outputs.x)) == (np.float64, np.float32, 100)


def test_options_may_come_by_pyfais_names_and_the_inputs_win():
    options = {"npt": 77, "unit": "q_nm^-1", "method": ["bbox", "csr", "cython"], "correctSolidAngle": False}

    outputs = integrate(integration_options=options)
    assert (len(outputs.x), outputs.xunits, outputs.info["method"]) == (77, "q_nm^-1", "bbox/csr/cython")
    assert outputs.info["correct_solid_angle"] is False
    assert len(integrate(integration_options=options, n_points=88).x) == 88


def test_an_empty_field_of_a_form_means_the_default():
    outputs = integrate(
        mask=None, polarization_factor=None, n_points=None, unit=None, detector=None, energy=None
    )

    assert len(outputs.x) == 1000


def test_a_range_limits_the_pattern():
    outputs = integrate(radial_range=[2, 5], azimuth_range=[-30, 30], n_points=30)

    assert outputs.x[0] > 2
    assert outputs.x[-1] < 5


WRONG = [
    ({"image": "/no/such.tif"}, "/no/such.tif does not exist"),
    ({"image": np.zeros(10)}, "two-dimensional"),
    ({"mask": np.zeros((3, 3))}, r"mask has shape \(3, 3\), but the image has \(300, 280\)"),
    ({"darkcurrent": np.zeros((3, 3))}, "darkcurrent has shape"),
    ({"geometry": GEOMETRY | {"dist": -1}}, "dist of the geometry must be greater than zero"),
    ({"geometry": GEOMETRY | {"dist": 0}}, "dist of the geometry must be greater than zero"),
    ({"geometry": GEOMETRY | {"poni2": float("nan")}}, "finite"),
    ({"geometry": GEOMETRY | {"wavelength": None}}, "needs an energy"),
    ({"energy": -3}, "energy must be greater than zero"),
    ({"geometry": GEOMETRY | {"pixel2": 0}}, "pixel2 of the geometry must be greater than zero"),
    ({"detector": "secret.h5"}, "not one of pyFAI's detectors"),
    ({"detector": "Pilatus1M", "geometry": {"dist": 1, "wavelength": 1e-10}}, "image has shape"),
    ({"detector_config": {"splineFile": "x"}}, "not accepted"),
    ({"unit": "furlong"}, "'furlong' is not one of 2th_deg"),
    ({"method": "full/magic"}, "method 'full/magic' is not one of"),
    ({"method": "full/csr/opencl"}, "is not one of"),
    ({"n_points": 9}, "10 to 100000"),
    ({"n_points": 100_001}, "10 to 100000"),
    ({"n_points": 10.5}, "10 to 100000"),
    ({"n_points": "many"}, "10 to 100000"),
    ({"polarization_factor": 1.5}, "from -1 to 1"),
    ({"polarization_factor": float("nan")}, "finite"),
    ({"error_model": "guess"}, "'guess' is not one of"),
    ({"monitor": 0}, "positive"),
    ({"radial_range": [5, 2]}, "two increasing numbers"),
    ({"integration_options": {"filename": "x.dat"}}, "'filename' is not accepted"),
    ({"integration_options": "fast"}, "must be a mapping"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_a_wrong_input_is_refused_in_one_sentence(wrong, words):
    with pytest.raises(InputError, match=words):
        integrate(**wrong)


def fe3o4(real_data):
    return real_data / "powder/Fe3O4C_M1_map_1_P1_E1_001"


def test_the_gaps_and_negative_pixels_of_a_named_detector_do_not_count(real_data):
    stem = fe3o4(real_data)
    image = read_image(stem.with_suffix(".tif")).data
    assert (image < 0).sum() > 70_000

    named = integrate(image=image, geometry=stem.with_suffix(".xy"), detector="Pilatus1M", method="no/csr")
    unnamed = integrate(image=image, geometry=stem.with_suffix(".xy"), mask=image < 0, method="no/csr")

    assert named.y == pytest.approx(unnamed.y, rel=1e-6)


def test_a_real_image_gives_what_pyfai_gives(real_data):
    stem = fe3o4(real_data)

    outputs = integrate(
        image=stem.with_suffix(".tif"), geometry=stem.with_suffix(".xy"), detector="Pilatus1M",
        polarization_factor=0.99, error_model="poisson",
    )  # fmt: skip

    geometry = read_geometry(stem.with_suffix(".xy"), detector="Pilatus1M")
    direct = AzimuthalIntegrator(
        geometry.dist, geometry.poni1, geometry.poni2, geometry.rot1, geometry.rot2, geometry.rot3,
        detector=geometry.make_detector((1043, 981)), wavelength=geometry.wavelength,
    ).integrate1d(
        read_image(stem.with_suffix(".tif")).data, 1000, unit="2th_deg", method=("full", "csr", "cython"),
        polarization_factor=0.99, error_model="poisson",
    )  # fmt: skip
    assert outputs.y == pytest.approx(direct.intensity, rel=1e-6)
    assert outputs.yerror == pytest.approx(direct.sigma, rel=1e-6)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_real_image_gives_the_pattern_that_came_with_it(real_data, number):
    """Dioptas made the pattern: it turns images upside down, splits by bounding box and masks nothing."""
    stem = real_data / f"powder/Fe3O4C_M1_map_{number}_P1_E1_001"
    x, y = np.loadtxt(stem.with_suffix(".xy")).T

    outputs = integrate(
        image=stem.with_suffix(".tif"), geometry=stem.with_suffix(".xy"), detector_config={"orientation": 2},
        method="bbox/csr", polarization_factor=0.99, n_points=len(x),
    )  # fmt: skip

    assert outputs.x == pytest.approx(x, abs=1e-4)
    assert np.corrcoef(outputs.y, y)[0, 1] > 0.99999
    assert outputs.y.sum() / y.sum() == pytest.approx(1, abs=2e-4)
