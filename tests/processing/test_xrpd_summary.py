"""The card of a powder pattern names its peaks by position and d-spacing."""

import json

import numpy as np
import pytest

from processing.nexus.writer import write_pattern1d
from processing.techniques.xrpd.summary import summarise
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from processing.techniques.xrpd.tasks.nexus import SaveNexusPattern1D
from workflows import InputError


def numbers_of(summary):
    return {number.name: number.value for number in summary.numbers}


def peaks_of(summary):
    """Position and d of each row of the table of peaks."""
    (table,) = summary.tables
    assert [column.name for column in table.columns] == ["position", "d", "height"]
    return [(row[0], row[1]) for row in table.rows]


def write_rings(path, positions, *, heights=(1000, 500), quantity="2theta", unit="deg", info=None):
    x = np.linspace(0.5, 30, 3000)
    noise = np.random.default_rng(0).normal(0, 1, x.size)
    y = (
        100
        + noise
        + sum(h * np.exp(-(((x - p) / 0.05) ** 2)) for h, p in zip(heights, positions, strict=False))
    )
    return write_pattern1d(path, radial=x, intensity=y, quantity=quantity, unit=unit, info=info)


def test_peaks_are_named_with_their_d_spacing(tmp_path):
    path = write_rings(
        tmp_path / "a.nxs", (10.0, 20.0), info={"wavelength_m": 1e-10, "geometry": {"dist": 0.2}}
    )

    summary = summarise(path)
    numbers = numbers_of(summary)

    assert numbers["n_peaks"] == 2
    (position, d), (_, second_d) = peaks_of(summary)
    assert position == pytest.approx(10.0, abs=0.005)
    assert d == pytest.approx(1 / (2 * np.sin(np.radians(5))), rel=1e-3)
    assert second_d == pytest.approx(1 / (2 * np.sin(np.radians(10))), rel=1e-3)
    assert (numbers["wavelength"], numbers["distance"]) == (1.0, 200.0)
    assert numbers["energy"] == pytest.approx(12.3984, rel=1e-5)
    assert numbers["max_over_background"] == pytest.approx(1100 / 100, rel=0.02)


def test_d_follows_from_q_without_a_wavelength(tmp_path):
    summary = summarise(write_rings(tmp_path / "a.nxs", (10.0, 20.0), quantity="q", unit="1/nm"))

    assert peaks_of(summary)[0][1] == pytest.approx(2 * np.pi / 1.0, rel=1e-3)
    assert "wavelength" not in numbers_of(summary)


def test_noise_makes_no_peaks(tmp_path):
    summary = summarise(write_rings(tmp_path / "a.nxs", ()))

    assert numbers_of(summary)["n_peaks"] == 0
    assert summary.notes == ["No peak rises clearly above the noise."]


def test_the_curve_is_small_keeps_the_peaks_and_is_fit_for_json(tmp_path):
    summary = summarise(write_rings(tmp_path / "a.nxs", (10.0, 20.0)))

    (curve,) = summary.series
    assert len(curve.x) <= 500
    assert max(curve.y) == pytest.approx(1100, rel=0.01)
    assert (curve.x_label, curve.x_unit, curve.y_label) == ("2θ", "°", "Intensity")
    assert len(json.dumps(summary.as_dict(), allow_nan=False)) < 20_000


def test_the_strongest_peaks_of_a_simulated_calibrant_are_those_of_its_card(simulated, tmp_path):
    task = Integrate1D(
        inputs={"image": simulated.image, "geometry": simulated.poni, "polarization_factor": 0.99}
    )
    task.execute()
    save = SaveNexusPattern1D(inputs={"filename": tmp_path / "a.nxs", **task.get_output_values()})
    save.execute()

    summary = summarise(tmp_path / "a.nxs")

    assert peaks_of(summary)[0][1] == pytest.approx(2.9393, abs=0.003)  # LaB6 (1 1 0) is the strongest
    assert peaks_of(summary)[1][1] == pytest.approx(4.1568, abs=0.006)
    assert numbers_of(summary)["energy"] == pytest.approx(38.0)


def test_an_image_is_no_pattern(simulated):
    with pytest.raises(InputError, match="no pattern"):
        summarise(simulated.image)
