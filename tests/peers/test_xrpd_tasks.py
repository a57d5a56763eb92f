"""Workflows that name tasks of ewoksxrpd give the same arrays by its classes, in ewoks, and by ours."""

from copy import deepcopy
from importlib import import_module

import h5py
import numpy as np
import pytest

ewoks = pytest.importorskip("ewoks", reason="ewoks is not installed (make test-peers)")
pytest.importorskip("ewoksxrpd", reason="ewoksxrpd is not installed (pip install ewoksxrpd)")

from processing.nexus.images import read_image  # noqa: E402
from processing.simulation import write_powder_dataset  # noqa: E402
from tests.peers.test_real_packages import CONFIGURED, link, node  # noqa: E402
from tests.workflows.package_samples import announce_replacement  # noqa: E402
from workflows import execute_graph  # noqa: E402
from workflows.catalog.replacements import SWITCH  # noqa: E402

# The packages of others may use what is deprecated in those that they use.
pytestmark = pytest.mark.filterwarnings("default")

OPTIONS = {"method": "full_csr_cython", "nbpt_rad": 800, "unit": "q_nm^-1", "error_model": "poisson"}
ARRAYS = ("radial", "intensity", "intensity_error")
TO_PART_IN_A_MILLION = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(scope="module")
def exposure(tmp_path_factory):
    """An image as an array, the file of it and its geometry."""
    written = write_powder_dataset(tmp_path_factory.mktemp("exposure"), calibrant="LaB6")
    return np.asarray(read_image(written.image).data), written.image, written.poni


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Run a workflow by ewoks with the classes of ewoksxrpd, and by us with ours."""
    announce_replacement(tmp_path, "ewoksxrpd.tasks", "processing.techniques.xrpd.tasks")
    monkeypatch.syspath_prepend(tmp_path)
    # The worker that ewoksxrpd keeps may have the axis of another test.
    monkeypatch.setattr("ewoksxrpd.tasks.worker._WORKER_POOL", None)

    def run(document, inputs=(), *, between=None):
        graph = {"graph": {"id": "xrpd", "schema_version": "1.1"}, **document}
        outputs = [{"id": "integrate"}]
        theirs = ewoks.execute_graph(deepcopy(graph), inputs=list(inputs), outputs=outputs)
        if between is not None:
            between()
        monkeypatch.setenv(SWITCH, "always")
        events = []
        ours = execute_graph(graph, list(inputs), outputs=outputs, events=[events.append])
        ran = {event.task_identifier for event in events if event.task_identifier}
        assert {name.partition(".")[0] for name in ran} == {"processing"}
        return theirs, ours

    return run


def configured(poni, task, options, **inputs):
    """Configure from a PONI file, then integrate."""
    nodes = [
        node("config", "pyfaiconfig.PyFaiConfig", filename=str(poni), integration_options=options),
        node("integrate", task, **inputs),
    ]
    links = [link("config", "integrate", {name: name for name in (*CONFIGURED, "flatfield", "darkcurrent")})]
    return {"nodes": nodes, "links": links}


CASES = {
    "plain": {},
    "no split": {"method": "no_csr_cython"},
    "without a method and a number of bins": {"method": None, "nbpt_rad": None},
    "csr alone": {"method": "csr"},
    "opencl": {"version": 3, "application": "pyfai-integrate", "method": ["full", "csr", "opencl"]},
    "azimuthal errors": {"error_model": "azimuthal"},
    "ranges": {
        "radial_range_min": 10, "radial_range_max": 60, "azimuth_range_min": -90, "azimuth_range_max": 45,
    },
    "open ranges": {"radial_range_min": -np.inf, "radial_range_max": np.inf},
    "corrections": {"polarization_factor": 0.95, "correct_solid_angle": False, "normalization_factor": 3.0},
    "switched off": {"polarization_factor": 0.95, "do_polarization": False},
    "dummy": {"val_dummy": 0.0, "delta_dummy": 0.5},
    "2theta": {"unit": "2th_deg"},
    "radius": {"unit": "r_mm"},
    "sigma clipping": {
        "method": "no_csr_cython", "integrator_name": "sigma_clip_ng",
        "extra_options": {"max_iter": 3, "thres": 4},
    },
    "chi at zero": {"chi_discontinuity_at_0": True, "azimuth_range_min": 90, "azimuth_range_max": 270},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_pattern_is_the_same(both, exposure, name):
    image, _, poni = exposure
    options = {key: value for key, value in {**OPTIONS, **CASES[name]}.items() if value is not None}
    document = configured(poni, "integrate.IntegrateSinglePattern", options)

    theirs, ours = both(document, [{"id": "integrate", "name": "image", "value": image}])

    for array in ARRAYS:
        np.testing.assert_allclose(ours[array], theirs[array], **TO_PART_IN_A_MILLION, err_msg=array)
    assert ours["radial_units"] == theirs["radial_units"]
    assert ours["intensity"].max() > 0


@pytest.mark.parametrize("task", ["IntegrateSinglePattern", "Integrate1D"])
def test_images_beside_the_image_and_monitors_are_the_same(both, exposure, tmp_path, task):
    image, file, poni = exposure
    rng = np.random.default_rng(3)
    mask = (rng.random(image.shape) < 0.1).astype(np.uint8) | (image < 0)
    dark, flat = np.full(image.shape, 2.0), 1 + rng.random(image.shape)
    with h5py.File(tmp_path / "mon.h5", "w") as stored:
        stored["mon"] = 3.0
    document = configured(
        poni, f"integrate.{task}", {**OPTIONS, "darkflatmethod": "counts"}, monitor=4.0, reference=2.0,
        monitors=[f"silx://{tmp_path / 'mon.h5'}?path=/mon"], references=[1.5], image=f"silx://{file}",
    )  # fmt: skip
    inputs = [{"id": "config", "name": "mask", "value": mask}]
    inputs += [{"id": "config", "name": "flatfield", "value": flat * 50}]
    inputs += [{"id": "config", "name": "darkcurrent", "value": dark}]
    inputs += [{"id": "integrate", "name": "image", "value": image}]

    theirs, ours = both(document, inputs)

    for array in ("radial", "intensity"):
        np.testing.assert_allclose(ours[array], theirs[array], **TO_PART_IN_A_MILLION, err_msg=array)
    told = np.isfinite(theirs["intensity_error"])  # where the intensity is positive
    error, expected = ours["intensity_error"][told], theirs["intensity_error"][told]
    np.testing.assert_allclose(error, expected, **TO_PART_IN_A_MILLION)
    if task == "Integrate1D":
        np.testing.assert_array_equal(ours["y"], ours["intensity"])
        assert ours["xunits"] == theirs["xunits"]


def test_a_cake_is_the_same(both, exposure):
    image, _, poni = exposure
    options = {**OPTIONS, "nbpt_rad": 200, "nbpt_azim": 60, "do_2D": True}
    document = configured(poni, "integrate.IntegrateSinglePattern", options)

    theirs, ours = both(document, [{"id": "integrate", "name": "image", "value": image}])

    assert ours["intensity"].shape == (60, 200)
    for array in (*ARRAYS, "azimuthal"):
        np.testing.assert_allclose(ours[array], theirs[array], **TO_PART_IN_A_MILLION, err_msg=array)
    assert (ours["radial_units"], ours["azimuthal_units"]) == ("q_nm^-1", "chi_deg")
    assert theirs["azimuthal_units"] == "chi_deg"


@pytest.mark.parametrize("task", ["MultiConfigIntegrateSinglePattern", "MultiConfigIntegrate1D"])
def test_several_configurations_are_the_same(both, exposure, task):
    image, _, poni = exposure
    configs = [
        {"azimuth_range_min": -90, "azimuth_range_max": 0},
        {"nbpt_rad": 300, "unit": "2th_deg"},
        {"nbpt_rad": 100, "nbpt_azim": 36},
        {"error_model": "azimuthal", "method": "no_csr_cython"},
        {"dist": 0.2, "wavelength": 5e-11},
    ]
    document = configured(
        poni, f"integrate.{task}", {**OPTIONS, "method": "full_csr_cython"}, configs=configs
    )

    theirs, ours = both(document, [{"id": "integrate", "name": "image", "value": image}])

    assert len(ours["intensity"]) == len(configs)
    for number in range(len(configs)):
        for array in ARRAYS:
            np.testing.assert_allclose(
                ours[array][number],
                theirs[array][number],
                **TO_PART_IN_A_MILLION,
                err_msg=f"{number} {array}",
            )
    assert list(ours["radial_units"]) == list(theirs["radial_units"])
    assert list(ours["azimuthal_units"]) == list(theirs["azimuthal_units"])


def test_a_list_of_images_is_the_same_in_its_file(both, exposure, tmp_path):
    image, _, poni = exposure
    images = []
    for number in range(3):
        images.append(str(tmp_path / f"image{number}.npy"))
        np.save(images[-1], image * (number + 1))
    document = configured(poni, "integrate.Integrate1DList", {**OPTIONS, "method": "full_csr_cython"})
    inputs = [{"id": "integrate", "name": "images", "value": [f"fabio://{name}" for name in images]}]
    inputs.append({"id": "integrate", "name": "monitors", "value": [1.0, 2.0, 4.0]})
    inputs.append({"id": "integrate", "name": "reference", "value": 0.5})
    document["nodes"][1]["default_inputs"].append({"name": "output_file", "value": str(tmp_path / "out.h5")})

    theirs, ours = both(
        document, inputs, between=lambda: (tmp_path / "out.h5").rename(tmp_path / "theirs.h5")
    )

    assert ours == theirs == {"output_uri": f"{tmp_path / 'out.h5'}::/processing/integrate/integrated"}
    with h5py.File(tmp_path / "theirs.h5") as first, h5py.File(tmp_path / "out.h5") as second:
        data, expected = (file["processing/integrate/integrated"] for file in (second, first))
        assert data.keys() >= expected.keys()
        for name in ("q", "intensity", "intensity_errors"):
            np.testing.assert_allclose(
                data[name][()], expected[name][()], **TO_PART_IN_A_MILLION, err_msg=name
            )
            assert dict(data[name].attrs) == dict(expected[name].attrs)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("integrate", "Integrate1D"),
        ("integrate", "Integrate1DList"),
        ("integrate", "IntegrateSinglePattern"),
        ("integrate", "MultiConfigIntegrate1D"),
        ("integrate", "MultiConfigIntegrateSinglePattern"),
        ("pyfaiconfig", "PyFaiConfig"),
    ],
)
def test_every_input_and_output_of_ewoksxrpd_is_known(module, name):
    theirs = getattr(import_module(f"ewoksxrpd.tasks.{module}"), name)
    ours = getattr(import_module(f"processing.techniques.xrpd.tasks.{module}"), name)

    inputs = {*ours.required_input_names(), *ours.optional_input_names()}
    assert set(theirs.input_names()) - inputs == set()
    assert set(ours.required_input_names()) <= set(theirs.required_input_names())
    assert set(theirs.output_names()) == set(ours.output_names())
