"""A summary keeps what a card needs and survives its storage in a database row."""

import json

import numpy as np

from processing.summary import Column, Number, Series, Summary, Table, decimate, rounded


def test_a_summary_survives_json():
    summary = Summary(
        "xrpd",
        [Number("n_points", "Points", 1000), Number("space_group", "Space group", "P 1")],
        [Series("Pattern", [1.0], [2.0], "q", "nm⁻¹", "Intensity", "arb. u.")],
        [Table("Peaks", [Column("d", "d", "Å")], [[1.0], [None]])],
        ["a remark"],
    )

    assert Summary.from_dict(json.loads(json.dumps(summary.as_dict()))) == summary


def test_a_thinned_curve_keeps_every_narrow_peak():
    x = np.arange(100_000.0)
    y = np.random.default_rng(0).random(100_000)
    peaks = [17, 5_000, 42_424, 99_998]
    y[peaks] = [100, 50, 80, 60]

    thin_x, thin_y = decimate(x, y)

    assert len(thin_x) == len(thin_y) <= 500
    assert thin_x == sorted(thin_x)
    kept = dict(zip(thin_x, thin_y, strict=True))
    assert [kept[place] for place in peaks] == [100, 50, 80, 60]
    assert min(thin_y) == y.min()


def test_a_short_curve_is_untouched_but_for_what_is_no_number():
    x, y = decimate(np.array([1, 2, 3]), np.array([4, np.nan, 6]))

    assert (x, y) == ([1, 3], [4, 6])
    assert decimate(np.array([]), np.array([])) == ([], [])


def test_numbers_are_given_to_so_many_digits():
    assert rounded(4.15682634) == 4.15683
    assert rounded(1234567.8, 3) == 1230000
    assert np.isnan(rounded(float("nan")))
