"""The integrating tasks by ewoksxrpd's inputs: pyFAI's numbers, one way of every option, nothing dropped."""

import json

import h5py
import numpy as np
import pytest
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.tasks.cakes import Integrate2D
from processing.techniques.xrpd.tasks.integrate import (
    Integrate1D,
    Integrate1DList,
    IntegrateSinglePattern,
    MultiConfigIntegrate1D,
    MultiConfigIntegrateSinglePattern,
)
from processing.techniques.xrpd.tasks.pyfaiconfig import PyFaiConfig
from workflows import InputError

SHAPE = (150, 140)
PLACE = {"dist": 0.1, "poni1": 0.0152, "poni2": 0.0138, "rot1": 0.02, "rot2": -0.01, "rot3": 0.3}
WAVELENGTH = 1e-10
PIXELS = {"pixel1": 2e-4, "pixel2": 2e-4}
GEOMETRY = PLACE | PIXELS | {"wavelength": WAVELENGTH}
RNG = np.random.default_rng(11)
IMAGE = RNG.poisson(50, SHAPE).astype(np.uint32)
TO_PART_IN_A_MILLION = {"rtol": 1e-6, "atol": 1e-7}


def pyfai(**place):
    return AzimuthalIntegrator(
        **(PLACE | place), wavelength=WAVELENGTH, detector=read_geometry(GEOMETRY).make_detector(SHAPE)
    )


def run(task_class, **inputs):
    task = task_class(inputs={"geometry": GEOMETRY, **inputs})
    task.execute()
    return task.outputs


def single(options=None, **inputs):
    return run(IntegrateSinglePattern, image=IMAGE, integration_options=options, **inputs)


def direct(npt=1024, method=("bbox", "histogram", "cython"), dist=PLACE["dist"], **options):
    return pyfai(dist=dist).integrate1d(IMAGE, npt, unit="2th_deg", method=method, **options)


CSR = ("full", "csr", "cython")
FEW = {"nbpt_rad": 100, "method": list(CSR)}
SAME = [
    ({}, {"npt": 1024, "method": ("bbox", "histogram", "cython")}),
    (FEW, {}),
    ({"n_points": 100, "method": "full/csr/opencl"}, {}),
    ({**FEW, "version": 3, "application": "pyfai-integrate", "poni_version": 2.1, "shape": [150, 140]}, {}),
    ({**FEW, "radial_range_min": 2, "radial_range_max": 9.5}, {"radial_range": (2, 9.5)}),
    ({**FEW, "radial_range_min": 2, "radial_range_max": 9, "do_radial_range": False}, {}),
    ({**FEW, "azimuthal_range_min": -90, "azimuthal_range_max": 10}, {"azimuth_range": (-90, 10)}),
    ({**FEW, "azimuth_range_min": -np.inf, "azimuth_range_max": np.inf}, {}),
    ({**FEW, "polarization_factor": [0.9, 0]}, {"polarization_factor": 0.9}),
    ({**FEW, "polarization_factor": 0.9, "do_polarization": False}, {}),
    ({**FEW, "do_solid_angle": False}, {"correctSolidAngle": False}),
    ({**FEW, "do_poisson": True}, {"error_model": "poisson"}),
    ({**FEW, "do_azimuthal_error": True}, {"error_model": "azimuthal"}),
    ({**FEW, "error_model": "no", "do_poisson": False}, {}),
    ({**FEW, "val_dummy": 50, "delta_dummy": 1.5}, {"dummy": 50, "delta_dummy": 1.5}),
    ({**FEW, "normalization_factor": 4}, {"normalization_factor": 4}),
    ({**FEW, "nbpt_azim": 1, "do_2D": False, "integrator_name": "integrate1d_ng", "extra_options": None}, {}),
]


@pytest.mark.parametrize(("options", "keywords"), SAME)
def test_options_by_the_names_of_pyfais_worker_mean_what_they_mean_there(options, keywords):
    outputs = single(options)

    expected = direct(**{"npt": 100, "method": CSR, **keywords})
    np.testing.assert_array_equal(outputs.radial, expected.radial)
    np.testing.assert_allclose(outputs.intensity, expected.intensity, rtol=1e-6)
    if expected.sigma is not None:
        there = expected.intensity > 0
        np.testing.assert_allclose(outputs.intensity_error[there], expected.sigma[there], rtol=1e-6)
        assert np.isnan(outputs.intensity_error[~there]).all()
    assert outputs.info["method"] == "/".join(keywords.get("method", CSR))


def test_sigma_clipping_and_another_origin_of_azimuths_are_pyfais():
    method = ("no", "csr", "cython")
    options = {"nbpt_rad": 60, "method": method, "error_model": "azimuthal"}
    clipping = {"integrator_name": "sigma_clip_ng", "extra_options": {"thres": 2, "max_iter": 2}}

    clipped = single({**options, **clipping})
    turned = single({**options, "chi_discontinuity_at_0": True, "azimuth_range": [90, 270]})

    common = {"unit": "2th_deg", "method": method, "error_model": "azimuthal"}
    expected = pyfai().sigma_clip_ng(IMAGE, 60, thres=2, max_iter=2, **common)
    np.testing.assert_allclose(clipped.intensity, expected.intensity, **TO_PART_IN_A_MILLION)
    assert clipped.info["integrator_thres"] == 2
    integrator = pyfai()
    integrator.setChiDiscAtZero()
    expected = integrator.integrate1d(IMAGE, 60, azimuth_range=(90, 270), **common)
    np.testing.assert_allclose(turned.intensity, expected.intensity, **TO_PART_IN_A_MILLION)


WRONG = [
    ({"nbpt_rd": 5}, "'nbpt_rd' is not accepted"),
    ({"nbpt_rad": 100, "npt": 200}, "two different values"),
    ({"method": "splitpixel"}, "'splitpixel' is not one of pyFAI's"),
    ({"method": ["pseudo", "csr", "cython"]}, "no method"),
    ({"radial_range_min": 3}, "radial_range needs both ends"),
    ({"radial_range": [3, np.inf]}, "radial_range needs both ends"),
    ({"do_2D": True}, "do_2D is True, but nbpt_azim is 1"),
    ({"do_2D": False, "nbpt_azim": 36}, "do_2D is False, but nbpt_azim is 36"),
    ({"polarization_factor": 0.9, "polarization_offset": 0.1}, "polarization_offset must be 0"),
    ({"integrator_class": "FiberIntegrator"}, "FiberIntegrator"),
    ({"integrator_name": "sigma_clip_legacy"}, "'sigma_clip_legacy' is not one of"),
    ({"integrator_name": "sigma_clip_ng", "method": "full_csr_cython"}, "no/csr, not full/csr/cython"),
    ({"extra_options": {"thres": 5}}, "extra_options of integrate1d may hold nothing"),
    ({"monitor_name": "mon"}, "'monitor_name' is not accepted"),
    ({"shape": [1000, 1000]}, r"options are for images of \(1000, 1000\)"),
    ({"delta_dummy": 1}, "delta_dummy needs val_dummy"),
    ({"error_model": "hybrid"}, "'hybrid' is not one of"),
    ({"darkflatmethod": "mean"}, "darkflatmethod must be 'counts'"),
    ({"normalization_factor": 0}, "normalization_factor must be positive"),
    ({"parallax": True}, "parallax is not done"),
    ({"poni": "a.poni"}, "poni among the integration options must be a mapping"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_an_option_that_cannot_be_honoured_is_refused_and_never_dropped(options, words):
    with pytest.raises(InputError, match=words):
        single(options)


def test_fixed_options_win_over_options_and_inputs_over_both():
    given = single({"nbpt_rad": 40, "unit": "r_mm"}, fixed_integration_options={"npt": None, "nbpt_rad": 50})

    assert (len(given.radial), given.radial_units) == (50, "r_mm")
    assert len(single({"nbpt_rad": 40}, fixed_integration_options={"nbpt_rad": 50}, n_points=60).radial) == 60


def test_only_integrate1d_has_other_defaults_and_only_without_options():
    assert len(single().radial) == len(single({}).radial) == 1024
    assert len(run(Integrate1D, image=IMAGE).x) == 1000
    assert run(Integrate1D, image=IMAGE, integration_options={}).info["method"] == "bbox/histogram/cython"


def test_the_last_image_of_a_stack_is_taken_unless_one_is_named(tmp_path):
    stack = np.stack([IMAGE, IMAGE * 2, IMAGE * 4])
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["data"] = stack
    url = f"silx://{tmp_path / 'stack.h5'}?path=/data"

    total = [
        run(IntegrateSinglePattern, image=image, **frame).intensity.sum()
        for image, frame in [
            (IMAGE, {}), (stack, {}), (url, {}), (stack, {"frame_band_index": 1}), (f"{url}&slice=0", {}),
        ]
    ]  # fmt: skip

    assert np.array(total) / total[0] == pytest.approx([1, 4, 4, 2, 1])


def test_monitors_and_references_multiply_and_may_be_stored(tmp_path):
    with h5py.File(tmp_path / "mon.h5", "w") as file:
        file["mon"] = [3.0, 8.0]
    url = f"silx://{tmp_path / 'mon.h5'}?path=/mon&slice=1"

    outputs = single(FEW, monitor=6, monitors=[url, None], references=[np.array(4.0), 3])

    np.testing.assert_allclose(outputs.intensity, direct(100, CSR).intensity / (6 * 8 / (4 * 3)), rtol=1e-6)
    assert outputs.info["normalization_factor"] == 4


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"monitors": [1], "references": []}, "1 monitors, but 0 references"),
        ({"monitor": "mon"}, "only a scan has counters"),
        ({"monitor": [1, 2]}, "must be a finite number"),
        ({"monitor": -1}, "must be positive"),
        ({"monitors": 3, "references": 1}, "monitors must be a list"),
        ({"mask": np.ones(SHAPE)}, "mask ignores every pixel"),
        ({"mask": np.full(SHAPE, np.nan)}, "no numbers"),
        ({"retry_timeout": -1}, "retry_timeout must be a time"),
        ({"maximum_persistent_workers": "many"}, "maximum_persistent_workers"),
    ],
)
def test_a_wrong_input_is_refused(inputs, words):
    with pytest.raises(InputError, match=words):
        single(FEW, **inputs)


def test_dark_and_flat_may_be_several_files_and_counted_with_the_dark(tmp_path):
    names = [str(tmp_path / f"{name}.npy") for name in ("one", "two")]
    for name, value in zip(names, (4.0, 8.0), strict=True):
        np.save(name, np.full(SHAPE, value))
    image = np.full(SHAPE, 26.0)

    for dark in (names, ", ".join(names)):
        options = {**FEW, "dark_current": dark, "do_dark": True, "correct_solid_angle": False}
        outputs = run(
            IntegrateSinglePattern, image=image, integration_options=options, flatfield=np.full(SHAPE, 16.0),
            darkflatmethod="counts",
        )  # fmt: skip
        assert outputs.intensity == pytest.approx((26 - 6) / (16 - 6))
    assert outputs.info["darkcurrent_file"] == ", ".join(names)


def test_the_demo_detector_is_one_pixel_too_large():
    larger = np.pad(IMAGE, ((0, 1), (0, 1)), constant_values=10**6)

    outputs = run(IntegrateSinglePattern, image=larger, integration_options=FEW, demo=True)

    np.testing.assert_array_equal(outputs.intensity, direct(100, CSR).intensity)


def test_a_file_that_is_missing_is_waited_for_as_long_as_asked():
    with pytest.raises(InputError, match="does not exist"):
        run(IntegrateSinglePattern, image="/no/such.tif", retry_timeout=0.05, retry_period=0.02)


def test_several_configurations_give_lists_and_win_over_everything():
    mask = np.zeros(SHAPE, bool)
    mask[:75] = True
    configs = [{}, {"nbpt_rad": 50, "mask_file": None}, {"nbpt_azim": 12}, {"dist": 0.2}, {"do_mask": False}]

    outputs = run(
        MultiConfigIntegrate1D, image=IMAGE, integration_options=FEW, configs=configs, mask=mask, n_points=90
    )

    expected = {"npt": 90, "method": CSR, "mask": mask.astype(np.int8)}
    np.testing.assert_array_equal(outputs.y[0], direct(**expected).intensity)
    np.testing.assert_array_equal(outputs.intensity[1], direct(**{**expected, "npt": 50}).intensity)
    assert outputs.intensity[2].shape == (12, 90)
    assert (outputs.azimuthal_units[1:3], outputs.azimuthal[0]) == ([None, "chi_deg"], None)
    np.testing.assert_array_equal(outputs.x[3], direct(**expected, dist=0.2).radial)
    np.testing.assert_array_equal(outputs.intensity[4], direct(90, CSR).intensity)
    assert [info["n_points"] for info in outputs.info] == [90, 50, 90, 90, 90]


def test_configurations_are_all_checked_before_the_first_is_used():
    with pytest.raises(InputError, match="'nbpt' is not accepted"):
        run(MultiConfigIntegrateSinglePattern, image=IMAGE, configs=[{}, {"nbpt": 1}])
    with pytest.raises(InputError, match="configs must be a list"):
        run(MultiConfigIntegrateSinglePattern, image=IMAGE, configs={})


@pytest.mark.parametrize("options", [{"error_model": "poisson"}, {"error_model": "azimuthal"}, {}])
def test_a_list_of_images_becomes_a_file_of_their_patterns(tmp_path, options):
    images = [IMAGE * (number + 1) for number in range(10)]
    names = []
    for number, image in enumerate(images):
        names.append(str(tmp_path / f"{number}.npy"))
        np.save(names[-1], image)
    output = str(tmp_path / "out.h5")
    monitors = [1.0, 2.0] * 5

    outputs = run(
        Integrate1DList, images=names, output_file=output, entry_name="scan", monitors=monitors, reference=2,
        integration_options=FEW | options,
    )  # fmt: skip

    assert outputs.output_uri == f"{output}::/scan/integrate/integrated"
    with h5py.File(output) as file:
        data = file["scan/integrate/integrated"]
        assert (data["2th"].attrs["units"], data.attrs["signal"]) == ("deg", "intensity")
        for number, image in enumerate(images):
            expected = pyfai().integrate1d(
                image, 100, unit="2th_deg", method=CSR, normalization_factor=monitors[number] / 2, **options
            )
            np.testing.assert_allclose(data["intensity"][number], expected.intensity, **TO_PART_IN_A_MILLION)
            if options:
                np.testing.assert_allclose(
                    data["intensity_errors"][number], expected.sigma, **TO_PART_IN_A_MILLION
                )
        assert ("intensity_errors" in data) == bool(options)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"images": []}, "at least one image"),
        ({"images": "a.tif"}, "images must be a list"),
        ({"images": [IMAGE, IMAGE[:-1]]}, r"Image 1 has shape \(149, 140\)"),
        ({"images": [IMAGE], "monitors": [1, 2]}, "2 monitors, but 1 images"),
    ],
)
def test_a_list_that_cannot_be_integrated_leaves_no_file(tmp_path, inputs, words):
    with pytest.raises(InputError, match=words):
        run(Integrate1DList, output_file=str(tmp_path / "out.h5"), integration_options=FEW, **inputs)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["full/csr", "full/csc", "bbox/csr", "no/csr", "no/histogram", "full/lut"])
def test_a_cake_has_pyfais_numbers(method):
    mask = np.zeros(SHAPE, bool)
    mask[20:40, 30:50] = True
    options = {"error_model": "poisson", "polarization_factor": 0.95, "radial_range": (2, 10)}

    outputs = run(
        Integrate2D, image=IMAGE, n_points=40, n_azimuthal=30, unit="q_nm^-1", method=method, mask=mask,
        monitor=2, **options,
    )  # fmt: skip

    expected = pyfai().integrate2d(
        IMAGE, 40, 30, unit="q_nm^-1", method=(*method.split("/"), "cython"), mask=mask.astype(np.int8),
        normalization_factor=2, **options,
    )  # fmt: skip
    np.testing.assert_allclose(outputs.radial, expected.radial, **TO_PART_IN_A_MILLION)
    np.testing.assert_allclose(outputs.azimuthal, expected.azimuthal, **TO_PART_IN_A_MILLION)
    np.testing.assert_allclose(outputs.intensity, expected.intensity, **TO_PART_IN_A_MILLION)
    np.testing.assert_allclose(outputs.intensity_error, expected.sigma, **TO_PART_IN_A_MILLION)
    assert (outputs.radial_units, outputs.azimuthal_units) == ("q_nm^-1", "chi_deg")
    assert outputs.info["engine"] == ("reprise" if method.endswith(("csr", "csc")) else "pyFAI")
    assert (outputs.info["method"], outputs.info["n_azimuthal"]) == (f"{method}/cython", 30)


def test_a_spot_on_the_image_is_at_its_azimuth_in_the_cake():
    image = np.zeros(SHAPE)
    image[120:124, 68:70] = 100.0  # above the centre: towards larger rows, along the first axis
    flat = {**GEOMETRY, "rot1": 0, "rot2": 0, "rot3": 0}

    outputs = run(Integrate2D, image=image, geometry=flat, n_points=50, n_azimuthal=36, method="no/csr")

    sector, _ = np.unravel_index(outputs.intensity.argmax(), outputs.intensity.shape)
    assert outputs.azimuthal[sector] == pytest.approx(90, abs=10)
    assert outputs.intensity.shape == (36, 50)


def test_a_cake_has_360_sectors_unless_told_and_may_have_one():
    assert run(Integrate2D, image=IMAGE, n_points=20).intensity.shape == (360, 20)
    assert run(Integrate2D, image=IMAGE, n_points=20, n_azimuthal=1).intensity.shape == (1, 20)


def configure(**inputs):
    task = PyFaiConfig(inputs=inputs)
    task.execute()
    return task.outputs


def test_a_configuration_is_merged_with_the_strongest_source_last(tmp_path):
    poni, first, second = (tmp_path / name for name in ("a.poni", "a.json", "b.json"))
    pyfai().save(str(poni))
    first.write_text(
        json.dumps({"version": 3, "nbpt_rad": 10, "unit": "r_mm", "dist": 0.3, "do_poisson": True})
    )
    nested = {"dist": 0.4, "wavelength": 2e-10, "detector": "Detector", "detector_config": PIXELS}
    second.write_text(json.dumps({"version": 4, "nbpt_rad": 20, "poni": nested}))

    outputs = configure(
        filename=str(poni), filenames=[str(first), str(second)], integration_options={"nbpt_rad": 30},
        darkflatmethod="counts", mask="mask.edf", calibrant="LaB6",
    )  # fmt: skip

    assert outputs.geometry == PLACE | {"dist": 0.4}
    assert outputs.energy == pytest.approx(12.39842 / 2)  # h c = 12.39842 keV angstrom
    assert (outputs.detector, outputs.detector_config) == ("Detector", PIXELS)
    assert outputs.integration_options == {
        "version": 4, "nbpt_rad": 30, "unit": "r_mm", "error_model": "poisson", "darkflatmethod": "counts"
    }  # fmt: skip
    assert (outputs.mask, outputs.flatfield, outputs.calibrant) == ("mask.edf", None, "LaB6")


def test_inputs_win_over_files(tmp_path):
    pyfai().save(str(tmp_path / "a.poni"))

    outputs = configure(
        filename=tmp_path / "a.poni", energy=20, geometry=PLACE | {"dist": 1}, detector="Eiger4M"
    )

    assert (outputs.energy, outputs.geometry["dist"], outputs.detector) == (20, 1, "Eiger4M")


def test_what_is_configured_integrates(tmp_path):
    pyfai().save(str(tmp_path / "a.poni"))

    found = configure(filename=str(tmp_path / "a.poni"), integration_options=FEW)
    names = ("geometry", "energy", "detector", "detector_config", "integration_options")
    outputs = run(IntegrateSinglePattern, image=IMAGE, **{name: getattr(found, name) for name in names})

    np.testing.assert_allclose(outputs.intensity, direct(100, CSR).intensity, **TO_PART_IN_A_MILLION)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"filename": "/no/such.poni"}, "does not exist"),
        ({"filenames": "a.poni"}, "filenames must be a list"),
        ({"energy": 0}, "energy must be greater than zero"),
        ({"geometry": {"dist": -1}}, "dist of the geometry must be greater than zero"),
        ({"geometry": {"dist": 1, "poni1": float("nan")}}, "finite"),
        ({"geometry": {"distance": 1}}, "'distance' is no field of a geometry"),
        ({"integration_options": {"wavelength": 0}}, "wavelength must be greater than zero"),
        ({"integration_options": {"method": "magic"}}, "not one of pyFAI's"),
        (
            {"integration_options": {"method": "full_csr_cython", "integrator_name": "sigma_clip"}},
            "no/csr, not full/csr/cython",
        ),
        ({"detector": "Camera"}, "not one of pyFAI's detectors"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(inputs, words):
    with pytest.raises(InputError, match=words):
        configure(**inputs)
