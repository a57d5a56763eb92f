"""Bar charts made on the server."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from portal.pages.charts import Series, bar_chart

DAYS = ["1 Nov", "2 Nov", "3 Nov"]


def jobs(ok=(3, 0, 1), failed=(1, 0, 0)):
    return bar_chart(
        title="Jobs a day",
        labels=DAYS,
        series=[Series("succeeded", ok, "good"), Series("failed", failed, "bad")],
        unit="jobs",
    )


def parsed(markup):
    return ET.fromstring(markup)


def bars(figure):
    return [group for group in figure.iter("g") if group.get("class") == "chart-bar"]


def heights(bar):
    return [float(piece.find("rect").get("height")) for piece in bar.findall("g")]


def test_the_height_of_a_piece_is_in_proportion_to_its_value():
    first, empty, last = bars(parsed(jobs()))

    assert heights(first)[0] == pytest.approx(3 * heights(last)[0], abs=0.2)
    assert heights(first)[1] == pytest.approx(heights(last)[0], abs=0.2)
    assert heights(empty) == []


def test_pieces_are_stacked_without_overlap():
    ok, failed = (piece.find("rect") for piece in bars(parsed(jobs()))[0].findall("g"))

    assert float(failed.get("y")) + float(failed.get("height")) == pytest.approx(float(ok.get("y")), abs=0.2)


def test_series_differ_by_more_than_colour():
    ok, failed = bars(parsed(jobs()))[0].findall("g")

    assert ok.find("path") is None
    assert failed.find("path").get("d").startswith("M")


def test_the_chart_tells_its_numbers_in_words():
    figure = parsed(jobs())

    assert figure.find(".//desc").text == "1 Nov: 3 succeeded, 1 failed jobs; 3 Nov: 1 succeeded jobs"
    assert [bar.find("title").text for bar in bars(figure)][1] == "2 Nov: 0 jobs"
    assert figure.find(".//svg[@role='img']").get("aria-label") == "Jobs a day"


def test_the_axis_has_round_numbers_up_to_the_highest_bar():
    figure = parsed(bar_chart(title="t", labels=["a"], series=[Series("", [87])]))
    grid = next(group for group in figure.iter("g") if group.get("class") == "chart-grid")

    assert [text.text for text in grid.iter("text")][:-1] == ["0", "50", "100"]


def test_hostile_words_stay_words():
    hostile = "</text><script>alert(1)</script>\"'&"

    figure = parsed(
        bar_chart(title=hostile, labels=[hostile], series=[Series(hostile, [1])] * 2, unit=hostile)
    )

    assert not list(figure.iter("script"))
    assert figure.find(".//svg[@role='img']").get("aria-label") == hostile


@pytest.mark.parametrize(
    "values", [[], [0, 0], [float("nan"), float("inf")], [-1, 1e-12], [1e18, 3], [0.25, 0.5]]
)
def test_any_numbers_can_be_drawn(values):
    labels = [str(number) for number in range(len(values))]

    figure = parsed(bar_chart(title="t", labels=labels, series=[Series("s", values)]))

    assert len(bars(figure)) == len(values)
    assert "nan" not in ET.tostring(figure, encoding="unicode")


def test_a_long_chart_grows_and_its_labels_keep_their_distance():
    labels = [f"day {number}" for number in range(365)]

    figure = parsed(bar_chart(title="t", labels=labels, series=[Series("s", [1] * 365)]))
    places = [float(text.get("x")) for text in figure.iter("text") if (text.text or "").startswith("day")]

    assert float(figure.find(".//svg[@role='img']").get("width")) > 365 * 5
    assert min(later - earlier for earlier, later in pairwise(places)) >= 60
