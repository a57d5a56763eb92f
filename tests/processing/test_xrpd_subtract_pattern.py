"""Stored patterns minus a stored background, against numpy."""

import h5py
import numpy as np
import pytest

from processing.nexus.pattern_reader import open_patterns
from processing.nexus.writer import write_pattern1d
from processing.techniques.xrpd.tasks.subtract_pattern import SubtractBackgroundPattern
from workflows import InputError

N_BINS = 50
AXIS = np.linspace(1, 20, N_BINS)
RANDOM = np.random.default_rng(5)


def stored(path, intensity, errors=None, *, axis=AXIS, unit="deg", first="points"):
    """Patterns as ewoksxrpd stores them; returns the location of their NXdata."""
    intensity = np.asarray(intensity, "f4")
    with h5py.File(path, "w") as file:
        data = file.create_group("1.1/integrate/integrated")
        axes = ["2th"] if intensity.ndim == 1 else [first, "2th"]
        data.attrs.update(NX_class="NXdata", signal="intensity", axes=axes)
        data["intensity"] = intensity
        data["2th"] = axis
        data["2th"].attrs["units"] = unit
        if intensity.ndim > 1:
            data[first] = np.arange(intensity.shape[0])
        if errors is not None:
            data["intensity_errors"] = np.asarray(errors, "f4")
    return f"{path}::/1.1/integrate/integrated"


def curves(n=None):
    shape = (N_BINS,) if n is None else (n, N_BINS)
    return RANDOM.uniform(5, 50, shape).astype("f4"), RANDOM.uniform(0.1, 2, shape).astype("f4")


def subtract(url, background, target, **options):
    task = SubtractBackgroundPattern(
        inputs={
            "nxdata_url": url,
            "background_nxdata_url": background,
            "output_nxprocess_url": f"{target}::/1.1/subtracted",
            **options,
        }
    )
    task.execute()
    return task.outputs.nxdata_url


@pytest.mark.parametrize("n", [None, 3, 150])
@pytest.mark.parametrize("factor", [1, 0.4, 0])
def test_patterns_minus_the_background_have_the_errors_of_both(n, factor, tmp_path):
    (y, sigma), (background, background_sigma) = curves(n), curves()
    url = stored(tmp_path / "a.h5", y, sigma)
    other = stored(tmp_path / "b.h5", background, background_sigma)

    found = subtract(url, other, tmp_path / "c.h5", background_factor=factor)

    assert found == f"{tmp_path}/c.h5::/1.1/subtracted/integrated"
    with open_patterns(found) as patterns:
        intensity, errors = patterns.read(0, patterns.n_patterns)
        assert np.array_equal(patterns.radial, AXIS)
        assert (patterns.name, patterns.unit, patterns.is_single) == ("2th", "deg", n is None)
    assert intensity == pytest.approx(np.atleast_2d(y - factor * background), rel=1e-5, abs=1e-5)
    assert errors == pytest.approx(
        np.atleast_2d(np.sqrt(sigma**2 + (factor * background_sigma) ** 2)), rel=1e-6
    )


def test_errors_of_one_alone_are_not_those_of_the_difference(tmp_path):
    (y, sigma), (background, _) = curves(3), curves()
    found = subtract(
        stored(tmp_path / "a.h5", y, sigma), stored(tmp_path / "b.h5", background), tmp_path / "c.h5"
    )

    with open_patterns(found) as patterns:
        assert not patterns.has_sigma


def test_of_several_background_patterns_the_first_counts(tmp_path):
    (y, _), (backgrounds, _) = curves(), curves(3)
    found = subtract(stored(tmp_path / "a.h5", y), stored(tmp_path / "b.h5", backgrounds), tmp_path / "c.h5")

    with open_patterns(found) as patterns:
        assert patterns.read(0, 1)[0][0] == pytest.approx(y - backgrounds[0], rel=1e-5, abs=1e-5)


def test_our_own_patterns_can_be_subtracted(tmp_path):
    (y, sigma), (background, background_sigma) = curves(), curves()
    for name, values, errors in (("a", y, sigma), ("b", background, background_sigma)):
        write_pattern1d(
            tmp_path / f"{name}.nxs",
            radial=AXIS,
            intensity=values,
            errors=errors,
            quantity="2theta",
            unit="deg",
        )

    found = subtract(f"{tmp_path}/a.nxs::/entry/data", f"{tmp_path}/b.nxs::/entry/data", tmp_path / "c.h5")

    with open_patterns(found) as patterns:
        assert patterns.name == "2theta"
        assert patterns.read(0, 1)[0][0] == pytest.approx(y - background, rel=1e-5, abs=1e-5)


def test_it_may_add_to_the_file_that_it_reads(tmp_path):
    (y, _), (background, _) = curves(3), curves()
    url = stored(tmp_path / "a.h5", y)

    found = subtract(url, stored(tmp_path / "b.h5", background), tmp_path / "a.h5")

    with open_patterns(url) as before, open_patterns(found) as after:
        assert np.array_equal(before.read(0, 3)[0], y)
        assert after.read(0, 3)[0] == pytest.approx(y - background, rel=1e-5, abs=1e-5)


def test_an_external_file_gets_the_patterns_and_the_other_a_link(tmp_path):
    (y, _), (background, _) = curves(), curves()
    found = subtract(
        stored(tmp_path / "a.h5", y),
        stored(tmp_path / "b.h5", background),
        tmp_path / "c.h5",
        external_nxprocess_url=f"{tmp_path}/d.h5::/1.1/subtracted",
    )

    assert found == f"{tmp_path}/d.h5::/1.1/subtracted/integrated"
    with h5py.File(tmp_path / "c.h5") as file:
        assert isinstance(file.get("1.1/subtracted", getlink=True), h5py.ExternalLink)
        assert file["1.1/subtracted/integrated/intensity"][()] == pytest.approx(
            y - background, rel=1e-5, abs=1e-5
        )


def test_where_it_is_not_wanted_nothing_happens(tmp_path):
    assert subtract("a.h5::/x", "b.h5::/y", tmp_path / "c.h5", enabled=False) == "a.h5::/x"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("background", "words"),
    [
        ({"unit": "rad"}, "in 'rad', but the patterns are in 'deg'"),
        ({"axis": AXIS + 0.01}, "differ by up to 0.01 deg"),
        ({"axis": AXIS[:-1]}, "has 49 bins"),
    ],
)
def test_another_axis_is_refused(background, words, tmp_path):
    (y, _) = curves()
    size = len(background.get("axis", AXIS))

    with pytest.raises(InputError, match=words):
        subtract(
            stored(tmp_path / "a.h5", y), stored(tmp_path / "b.h5", y[:size], **background), tmp_path / "c.h5"
        )

    assert not (tmp_path / "c.h5").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"background_factor": -1}, "background_factor must be zero or more"),
        ({"background_factor": "twice"}, "finite number"),
        ({"nxdata_url": "{}"}, "Where in a.h5"),
        ({"nxdata_url": "{}::/1.1"}, "not a group of patterns"),
        ({"nxdata_url": "{}::/1.1/integrate/integrated/2th"}, "not a group of patterns"),
        ({"nxdata_url": "{}::/absent"}, "no /absent"),
        ({"output_nxprocess_url": "{}.c"}, "does not name an NXprocess"),
        ({"external_nxprocess_url": "{}.c::/1.1/other"}, "end in subtracted and other"),
    ],
)
def test_what_cannot_be_subtracted_is_refused(changes, words, tmp_path):
    y, _ = curves()
    url = stored(tmp_path / "a.h5", y)
    changes = {
        name: value.format(f"{tmp_path}/a.h5") if isinstance(value, str) else value
        for name, value in changes.items()
    }
    inputs = {
        "nxdata_url": url,
        "background_nxdata_url": url,
        "output_nxprocess_url": f"{tmp_path}/c.h5::/1.1/subtracted",
    }

    with pytest.raises(InputError, match=words):
        SubtractBackgroundPattern(inputs=inputs | changes).execute()


def test_cakes_are_refused(tmp_path):
    (y, _), (cake, _) = curves(), curves(4)

    with pytest.raises(InputError, match="holds no patterns"):
        subtract(
            stored(tmp_path / "a.h5", cake, first="chi"), stored(tmp_path / "b.h5", y), tmp_path / "c.h5"
        )


def test_the_output_of_another_run_is_not_replaced(tmp_path):
    y, _ = curves()
    url = stored(tmp_path / "a.h5", y)
    subtract(url, url, tmp_path / "c.h5")

    with pytest.raises(InputError, match="already"):
        subtract(url, url, tmp_path / "c.h5")
