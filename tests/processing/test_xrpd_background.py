"""Masks and backgrounds against physics: what is subtracted, what is refused, what the errors are."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from processing.pipelines import shipped_pipelines
from processing.recipe import Recipe
from processing.run import run_recipe
from processing.simulation import default_geometry, simulate_image
from processing.techniques.xrpd.masks import widened
from processing.techniques.xrpd.tasks.background import IntegrateWithBackground, SubtractBackground
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from processing.techniques.xrpd.tasks.mask import MaskDetection
from workflows import InputError

GEOMETRY = default_geometry("Pilatus100k", 38.0)
NAMED = {"geometry": GEOMETRY.as_dict(), "n_points": 200, "error_model": "poisson"}


def exposure(seed, exposure_s=1.0, calibrant="LaB6"):
    return simulate_image(calibrant, GEOMETRY, exposure_s=exposure_s, seed=seed)


def run(task_class, **inputs):
    task = task_class(inputs=inputs)
    task.execute()
    return task.outputs


class TestMask:
    def images(self):
        """Uniform scattering in a beam of 400 and of 100; four pixels do not follow it."""
        weak = np.full((20, 30), 1000, np.uint16)
        strong = 4 * weak
        strong[2, 3] = weak[2, 3] = 7  # always the same
        strong[4, 5], weak[4, 5] = 0, 0
        strong[6, 7] = 3000  # saturates
        strong[8, 9], weak[8, 9] = 65535, 65535  # a gap
        return strong, weak

    def test_pixels_that_do_not_count_with_the_beam_are_masked_whichever_image_comes_first(self):
        strong, weak = self.images()

        found = run(MaskDetection, image1=strong, monitor1=400, image2=weak, monitor2=100)
        swapped = run(MaskDetection, image1=weak, monitor1=100, image2=strong, monitor2=400)

        assert found.mask.dtype == np.int8
        assert list(zip(*np.nonzero(found.mask), strict=True)) == [(2, 3), (4, 5), (6, 7), (8, 9)]
        assert np.array_equal(found.mask, swapped.mask)

    def test_the_margin_is_a_fraction_of_the_ratio_of_the_monitors(self):
        strong, weak = self.images()
        inputs = {"image1": strong, "monitor1": 400, "image2": weak, "monitor2": 100}

        # 3000 / 1000 is a quarter off.
        assert run(MaskDetection, **inputs, monitor_ratio_margin=0.26).mask[6, 7] == 0
        assert run(MaskDetection, **inputs, monitor_ratio_margin=0.24).mask[6, 7] == 1

    @pytest.mark.parametrize("hwhm", [1, 2.5, 5])
    def test_a_smooth_mask_is_what_a_gaussian_over_the_grown_mask_reaches(self, hwhm):
        mask = np.zeros((90, 100), bool)
        mask[40, 50] = mask[2, 3] = True
        radius = round(2 * hwhm)
        y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
        grown = binary_dilation(mask, x * x + y * y <= radius**2)
        # Without the mirror of scipy's edges.
        sigma = hwhm / np.sqrt(2 * np.log(2))
        smooth = gaussian_filter(grown.astype(float), sigma, mode="constant") > 0

        assert np.array_equal(widened(mask, hwhm), smooth)

    def test_the_task_smooths_and_takes_files_and_monitors_from_files(self, tmp_path):
        strong, weak = self.images()
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file["strong"], file["weak"] = strong, weak
            file["beam"] = [400.0, 100.0]
        url = f"{tmp_path}/scan.h5::"

        found = run(
            MaskDetection,
            image1=f"{url}/strong",
            monitor1=f"{url}/beam?0",
            image2=f"{url}/weak",
            monitor2=f"{url}/beam?1",
            smooth=1,
        )

        assert found.mask[2, 3] == found.mask[3, 4] == 1
        assert not found.mask[15:, 20:].any()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"monitor2": 0}, "greater than zero"),
            ({"monitor1": -400}, "greater than zero"),
            ({"monitor1": "many"}, "finite number"),
            ({"monitor2": 390}, "strong and a weak beam"),
            ({"image2": np.ones((20, 31))}, "shapes"),
            ({"monitor_ratio_margin": 1.5}, "between 0 and 1"),
            ({"smooth": -1}, "smooth"),
            ({"monitor1": 4000}, "No pixel is left"),
            ({"monitor1": "no.h5"}, "finite number"),
            ({"monitor1": "no.h5::/beam"}, "does not exist"),
        ],
    )
    def test_what_gives_no_mask_is_refused(self, changes, words):
        strong, weak = self.images()
        inputs = {"image1": strong, "monitor1": 400, "image2": weak, "monitor2": 100} | changes

        with pytest.raises(InputError, match=words):
            run(MaskDetection, **inputs)

    def test_a_monitor_of_several_values_is_to_be_named(self, tmp_path):
        strong, weak = self.images()
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file["beam"] = [400.0, 100.0]

        with pytest.raises(InputError, match="has 2 values"):
            run(MaskDetection, image1=strong, monitor1=f"{tmp_path}/scan.h5::/beam", image2=weak, monitor2=1)


class TestSubtractedImage:
    def test_the_background_is_scaled_by_the_monitors(self):
        image, background = np.full((4, 5), 10, np.uint32), np.full((4, 5), 30, np.uint32)

        found = run(
            SubtractBackground, image=image, monitor=50, background=background, background_monitor=100
        )

        assert np.all(found.image == 10 - 30 / 2)
        assert found.monitor == 50

    def test_a_pixel_without_a_value_in_one_of_them_has_none_in_the_difference(self):
        image = np.array([[5, 2**32 - 1, 5, 2**32 - 2]], np.uint32)
        background = np.array([[1, 1, 2**32 - 2, 2**32 - 2]], np.uint32)
        signed = np.array([[-1, -2, -1, 5]], np.int32)

        found = run(SubtractBackground, image=image, monitor=1, background=background, background_monitor=1)
        of_signed = run(
            SubtractBackground,
            image=signed,
            monitor=1,
            background=np.array([[-1, -2, 3, 5]], np.int32),
            background_monitor=1,
        )

        assert np.array_equal(found.image, [[4, np.nan, np.nan, np.nan]], equal_nan=True)
        assert np.array_equal(of_signed.image, [[np.nan, np.nan, -4, 0]], equal_nan=True)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"background_monitor": 0}, "background_monitor must be greater than zero"),
            ({"monitor": -1}, "monitor must be greater than zero"),
            ({"monitor": float("nan")}, "finite"),
            ({"background": np.ones((5, 4))}, "shape"),
        ],
    )
    def test_what_cannot_be_subtracted_is_refused(self, changes, words):
        image = np.ones((4, 5))
        inputs = {"image": image, "monitor": 1, "background": image, "background_monitor": 1} | changes

        with pytest.raises(InputError, match=words):
            run(SubtractBackground, **inputs)


class TestSubtractedPattern:
    def test_it_is_the_difference_of_the_two_patterns_with_both_errors(self):
        image, empty = exposure(1), exposure(2, 0.5, "CeO2")
        ours = run(
            IntegrateWithBackground,
            image=image,
            background=empty,
            monitor=300,
            background_monitor=100,
            background_factor=0.5,
            **NAMED,
        )

        one, other = run(Integrate1D, image=image, **NAMED), run(Integrate1D, image=empty, **NAMED)
        factor = 0.5 * 300 / 100
        assert ours.y == pytest.approx(one.y.astype(float) - factor * other.y.astype(float), rel=1e-6)
        expected = np.sqrt(one.yerror.astype(float) ** 2 + factor**2 * other.yerror.astype(float) ** 2)
        assert ours.yerror == pytest.approx(expected, rel=1e-6)
        assert ours.info["background_factor"] == 0.5
        assert ours.info["background_scale"] == factor

    def test_the_same_powder_twice_leaves_nothing_but_noise_of_the_size_of_the_errors(self):
        ours = run(
            IntegrateWithBackground,
            image=exposure(3),
            background=exposure(4, 4.0),
            monitor=1,
            background_monitor=4,
            **NAMED,
        )

        seen = ours.yerror > 0
        pulls = ours.y[seen] / ours.yerror[seen]
        assert abs(pulls.mean()) < 5 / np.sqrt(pulls.size)
        # pyFAI shares pixels between bins, so neighbours are alike and vary less than each alone.
        assert 0.5 < pulls.std() < 1.2

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"background_factor": -0.1}, "background_factor must be zero or more"),
            ({"monitor": 3}, "give both"),
            ({"background_monitor": 3}, "give both"),
            ({"monitor": 3, "background_monitor": 0}, "background_monitor must be greater"),
            ({"background": np.ones((5, 5))}, "The background: The image has shape"),
            ({"image": "a.tif", "background": "a.tif"}, "the image itself"),
        ],
    )
    def test_what_is_no_background_is_refused(self, changes, words):
        with pytest.raises(InputError, match=words):
            run(
                IntegrateWithBackground,
                **{"image": exposure(1), "background": exposure(2), **NAMED, **changes},
            )

    def test_the_pipeline_gives_the_subtracted_pattern_and_its_card(self, tmp_path):
        image, background = tmp_path / "image.npy", tmp_path / "empty.npy"
        np.save(image, exposure(1, 1.0))
        np.save(background, exposure(2, 0.5, "CeO2"))
        [graph] = [each for each in shipped_pipelines() if each["graph"]["id"] == "powder_background"]
        staging = tmp_path / "staging"
        staging.mkdir()
        values = {"image": str(image), "background": str(background), "monitor": 2, "background_monitor": 1}
        told = []

        run_recipe(
            Recipe(
                job_id="1",
                attempt=1,
                workflow=graph,
                inputs=[{"id": "integrate", "name": k, "value": v} for k, v in (values | NAMED).items()],
                staging=str(staging),
                output_files=graph["graph"]["output_files"],
                summary="xrpd",
            ),
            told.append,
        )

        assert told[-1] == {"kind": "staged"}
        with h5py.File(staging / "integrate.nxs") as file:
            stored = file["entry/data/I"][0]
            assert file["entry/reduction/input/background_file"].asstr()[()] == "empty.npy"
            assert np.isfinite(file["entry/data/I_errors"][()]).any()
        one, other = (run(Integrate1D, image=np.load(path), **NAMED) for path in (image, background))
        assert stored == pytest.approx(one.y - 2 * other.y, rel=1e-5, abs=1e-3)
        summary = json.loads((staging / "manifest.json").read_text())["summary"]
        assert max(summary["series"][0]["y"]) == pytest.approx(stored.max(), rel=1e-4)


def test_the_form_of_the_background_asks_for_it_but_does_not_guess_it():
    [graph] = [each["graph"] for each in shipped_pipelines() if each["graph"]["id"] == "powder_background"]
    schema = graph["input_schema"]

    assert "background" not in schema["required"]
    assert schema["allOf"] == [{"required": ["background"]}]
    assert sorted(graph["ui_schema"]["ui:order"]) == sorted(schema["properties"])
    assert set(schema["properties"]) <= set(IntegrateWithBackground.input_names())
    assert Path(graph["output_files"][0]["value"]).suffix == ".nxs"
