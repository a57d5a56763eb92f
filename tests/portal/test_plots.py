"""Plots as drawn by the server."""

import re
from xml.etree import ElementTree as ET

import pytest

from portal.catalogue.curves import curves_of, figures_of
from portal.catalogue.plots import curves_svg, line_svg

HEIGHT = 120


def points_in(svg):
    """The points of each line, as numbers."""
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
        for line in ET.fromstring(svg).iter("polyline")
    ]


def series_of(xs, ys, **values):
    axes = {"x_label": "q", "x_unit": "1/nm", "y_label": "I", "y_unit": "counts"}
    return {"label": "Pattern", "x": list(xs), "y": list(ys), **axes, **values}


def test_of_a_million_points_no_peak_is_lost_and_the_card_stays_small():
    ys = [0.0] * 1_000_000
    for peak in (17, 400_003, 999_990):
        ys[peak] = 1.0

    svg = line_svg([series_of(range(len(ys)), ys)])
    tops = [x for x, y in points_in(svg)[0] if y < HEIGHT / 2]

    assert len(svg) <= 8_000
    assert tops == pytest.approx([4, 4 + 0.4 * 312, 316], abs=1)


def test_a_card_follows_the_colour_of_its_page_and_holds_nothing_but_numbers():
    svg = line_svg([series_of([1, 2, 3], [5, "<script>", float("nan")]) | {"label": "<script>"}])
    drawn = line_svg([series_of([1, 2, 3], [5, 7, float("inf")], label="<script>")])

    assert svg == ""  # one point is no line
    assert "currentColor" in drawn
    assert "script" not in drawn
    assert len(points_in(drawn)[0]) == 2


@pytest.mark.parametrize("series", [[], [1], ["x"], [{}], [{"x": 1, "y": 2}], [{"x": [1], "y": [1]}]])
def test_what_is_no_curve_has_no_plot(series):
    assert line_svg(series) == ""


def test_curves_share_their_axes_and_keep_their_styles():
    svg = curves_svg([([0.0, 1.0], [0.0, 10.0], 1), ([0.0, 2.0], [0.0, 5.0], 4)])
    first, second = points_in(svg)

    assert re.findall(r'class="(curve-\d)"', svg) == ["curve-1", "curve-4"]
    assert first[1][0] == pytest.approx(sum(second[i][0] for i in (0, 1)) / 2)  # x = 1 is half of 2
    assert second[1][1] == pytest.approx(sum(first[i][1] for i in (0, 1)) / 2)  # y = 5 is half of 10


def test_a_flat_curve_is_drawn():
    assert len(points_in(line_svg([series_of([1, 2], [3, 3])]))[0]) == 2


def test_a_figure_says_in_words_what_it_shows():
    (figure,) = figures_of(curves_of({"series": [series_of([3, 1, 2], [4, 0.5, 12])]}), prefix="f")

    assert (
        figure.words
        == "I (counts) against q (1/nm), from 1 to 3. Pattern: 0.5 to 12 counts, highest at 2 1/nm."
    )
    assert figure.document["curves"] == [{"name": "Pattern", "x": [1, 2, 3], "y": [0.5, 12, 4]}]


def test_curves_of_one_summary_with_other_units_have_their_own_figure():
    series = [series_of([1, 2], [1, 2]), series_of([1, 2], [1, 2], x_unit="1/Å"), series_of([1, 2], [3, 4])]

    figures = figures_of(curves_of({"series": series}), prefix="f")

    assert [(figure.id, len(figure.curves)) for figure in figures] == [("f-0", 2), ("f-1", 1)]
