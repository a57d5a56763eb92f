"""Scans and cakes are shown as maps: on cards, on the result's page and side by side."""

import base64
import csv
import io
import re
import struct
import zlib

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from portal.catalogue.colour_scales import ColourScale, colour_scales, common_range
from portal.catalogue.heat_figures import card_picture, heat_figures
from portal.catalogue.heat_maps import maps_of
from tests.portal.results import content_of, make_result

HOSTILE = "<script>alert(1)</script>\"&'"


def map_of(values, *, x=None, y=None, **texts):
    """A heat map as a summary stores it."""
    values = np.asarray(values, dtype=float)
    told = {
        "label": "Patterns along the scan",
        "x": list(range(values.shape[1])) if x is None else x,
        "y": list(range(values.shape[0])) if y is None else y,
        "values": [[None if np.isnan(value) else value for value in row] for row in values.tolist()],
        "x_label": "2θ",
        "x_unit": "°",
        "y_label": "frame",
        "y_unit": "",
        "z_label": "Intensity",
        "z_unit": "arb. u.",
    }
    return {**told, **texts}


def figures_of(*maps):
    read = maps_of({"maps": list(maps)})
    return heat_figures([(one.label, one, 1, number) for number, one in enumerate(read)], prefix="map")


def pixels_of(address):
    """The palette's numbers and colours of one of our pictures, by the PNG specification."""
    png = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += 12 + length
    columns, rows = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()  # no filter
    return lines[:, 1:], np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3), chunks[b"tRNS"]


@pytest.fixture
def client(participant):
    client = Client()
    client.force_login(participant)
    return client


def page_of(client, name, dataset, query=None):
    answer = client.get(reverse(name, args=[dataset.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the drawing -------------------------------------------------------------------------------


def test_the_first_row_is_lowest_and_what_was_not_measured_is_clear():
    (figure,) = figures_of(map_of([[1, 2], [np.nan, 3]]))

    pixels, palette, clear = pixels_of(figure.pictures[0].address)

    assert pixels.tolist() == [[0, 255], [1, 128]]  # 1, 2 and 3 are the first, the middle and the last colour
    assert palette[1].tolist() == [68, 1, 84]  # viridis from its darkest
    assert palette[255].tolist() == [253, 231, 37]  # to its brightest
    assert clear == b"\0"


def test_colours_rise_evenly_in_lightness():
    _, palette, _ = pixels_of(figures_of(map_of([[1, 2]]))[0].bar)
    linear = (palette[1:] / 255.0) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16  # CIE 1976

    steps = np.diff(lightness[::8])
    assert steps.min() > 0
    assert steps.max() < 2.5 * steps.mean()


def test_a_logarithmic_scale_is_offered_first_where_a_linear_one_would_hide_most():
    faint, even = np.ones((4, 8)), np.full((4, 8), 3.0)
    faint[1, 2], even[0, 0] = 1000, 1.0

    assert [scale.kind for scale in figures_of(map_of(faint))[0].scales] == ["logarithmic", "linear"]
    assert [scale.kind for scale in figures_of(map_of(even))[0].scales] == ["linear"]


def test_values_below_a_logarithm_are_dark_not_missing():
    scale = ColourScale("logarithmic", 1.0, 100.0)

    assert scale.shares(np.array([-5.0, 0, 1, 10, 100])).tolist() == pytest.approx([0, 0, 0, 0.5, 1])
    assert [tick.label for tick in scale.ticks] == ["1", "2", "5", "10", "20", "50", "100"]


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.0, -1.0], [1e-300, 1e300], [-1.7e308, 1.7e308], [5.0]])
def test_any_finite_values_have_colours(values):
    for scale in colour_scales(common_range([np.array(values)])):
        shares = scale.shares(np.array(values))
        assert ((shares >= 0) & (shares <= 1)).all()
        assert all(0 <= tick.at <= 100 for tick in scale.ticks)


def test_ticks_stand_where_their_numbers_are_also_on_an_uneven_or_falling_axis():
    even = map_of(np.ones((1, 5)), x=[10.0, 20, 30, 40, 50])
    falling = map_of(np.ones((1, 5)), x=[50.0, 40, 30, 20, 10])
    uneven = map_of(np.ones((1, 4)), x=[0.0, 1, 2, 10])

    places = [
        {tick.label: tick.at for tick in figure.x_ticks} for figure in figures_of(even, falling, uneven)
    ]

    assert (places[0]["10"], places[0]["50"]) == (10, 90)  # the middle of the first and the last column
    assert (places[1]["10"], places[1]["50"]) == (90, 10)
    assert (places[2]["2"], places[2]["10"]) == (62.5, 87.5)


def test_frames_are_numbered_in_whole_numbers():
    (figure,) = figures_of(map_of(np.ones((3, 4))))

    assert [tick.label for tick in figure.y_ticks] == ["0", "1", "2"]


def test_maps_of_one_quantity_share_their_colours():
    bright, dim = figures_of(map_of([[1, 100]]), map_of([[1, 50]]))
    (counts,) = figures_of(map_of([[1, 50]], z_unit="counts"))

    assert bright.scales == dim.scales
    assert bright.scales[-1].high == 100
    assert counts.scales[-1].high == 50


def test_a_map_that_would_be_dark_beside_another_has_colours_of_its_own():
    counts, normalised, also = figures_of(map_of([[1, 1000]]), map_of([[0.001, 0.1]]), map_of([[0.002, 0.2]]))

    assert counts.scales[-1].high == 1000
    assert normalised.scales == also.scales
    assert normalised.scales[-1].high == 0.2


def test_a_shadow_does_not_take_the_colours_of_a_logarithm():
    values = np.full((10, 10), 100.0)
    values[:, :2], values[5, 5] = 1e-6, 10_000

    (logarithmic, _) = figures_of(map_of(values))[0].scales

    assert logarithmic.low == pytest.approx(100 / 30)


def test_what_a_map_shows_is_said_in_words():
    values = np.ones((2, 3))
    values[1, 2] = 1234.56

    (figure,) = figures_of(map_of(values, x=[5.0, 7.5, 10.0]))

    assert figure.words == (
        "Intensity over 2θ from 5 to 10 ° and frame from 0 to 1: 1 to 1235 arb. u., "
        "highest at 2θ 10 ° and frame 1"
    )


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {"maps": "text"},
        {"maps": [1, None]},
        {"maps": [{}]},
        {"maps": [map_of([[1, 2]]) | {"values": [[1], [2, 3]]}]},
        {"maps": [map_of([[1, 2]]) | {"values": [["a", "b"]]}]},
        {"maps": [map_of([[1, 2]]) | {"values": [[None, None]]}]},
        {"maps": [map_of([[1, 2]], x=[1, 1])]},
        {"maps": [map_of([[1, 2]], x=[1])]},
        {"maps": [map_of([[1, 2]], x=["1", "2"])]},
        {"maps": [map_of(np.ones((1, 5000)))]},
    ],
)
def test_what_is_no_map_is_left_out(broken):
    content = broken if isinstance(broken, dict) else {"maps": broken}

    assert maps_of(content) == []
    assert card_picture(content) == ""


def test_a_card_is_small_and_keeps_the_brightest_point():
    values = np.random.default_rng(0).random((64, 256))
    values[40, 200] = 50

    drawing = card_picture({"maps": [map_of(values)]})

    assert len(drawing) <= 8192
    pixels, _, _ = pixels_of(re.search(r'href="([^"]+)"', drawing)[1])
    row, column = np.unravel_index(pixels.argmax(), pixels.shape)
    assert pixels[row, column] == 255
    assert (1 - row / pixels.shape[0], column / pixels.shape[1]) == pytest.approx(
        (40 / 64, 200 / 256), abs=0.03
    )


# --- the pages ---------------------------------------------------------------------------------


def test_a_result_shows_its_map_with_axes_units_and_words(client, dataset, pipeline):
    values = np.ones((3, 4))
    values[0, 0] = 1000
    result = make_result(dataset, pipeline, content=content_of(maps=[map_of(values)]))

    page = page_of(client, "dataset", result)

    assert page.count('class="heat-field"') == 2  # logarithmic and linear
    assert 'role="img" aria-label="Intensity over 2θ from 0 to 3 ° and frame from 0 to 2: 1 to 1000' in page
    assert "Intensity (arb. u.)" in page
    assert 'type="radio"' in page
    assert "style=" not in page


def test_a_card_shows_the_map(client, dataset, pipeline):
    make_result(dataset, pipeline, content=content_of(maps=[map_of([[1, 2], [3, 4]])]))

    page = page_of(client, "investigation", dataset.investigation)

    assert '<svg class="card-plot"' in page
    assert 'href="data:image/png;base64,' in page


def test_results_are_compared_by_their_maps_in_the_same_colours(client, dataset, pipeline):
    for height in (50, 100):
        make_result(dataset, pipeline, content=content_of(maps=[map_of([[1, height], [2, 3]])]))

    page = page_of(client, "dataset-processed", dataset)

    assert page.count('<figure class="heat"') == 2
    assert "the same colour is the same value" in page
    assert len(set(re.findall(r'<svg class="heat-bar".*?</svg>', page))) == 2  # one for each kind of scale


def test_texts_of_a_map_never_become_markup(client, dataset, pipeline):
    hostile = dict.fromkeys(("label", "x_label", "x_unit", "y_label", "y_unit", "z_label", "z_unit"), HOSTILE)
    result = make_result(dataset, pipeline, content=content_of(maps=[map_of([[1, 2]], **hostile)]))

    for name in ("dataset", "dataset-processed"):
        assert "<script>alert" not in page_of(client, name, result)


def test_the_numbers_of_a_map_are_a_table(client, dataset, pipeline):
    content = content_of(maps=[map_of([[1, 2.5], [np.nan, 4]], x=[5.0, 6.0], y=[10.0, 20.0])])
    result = make_result(dataset, pipeline, content=content)

    rows = list(csv.reader(io.StringIO(page_of(client, "dataset-csv", result, {"map": "0"}))))

    assert rows == [["frame () \\ 2θ (°)", "5.0", "6.0"], ["10.0", "1.0", "2.5"], ["20.0", "", "4.0"]]


@pytest.mark.parametrize("number", ["1", "-1", "x", "", "0" * 50, "\0", "²"])
def test_a_map_that_is_not_there_is_not_found(client, dataset, pipeline, number):
    result = make_result(dataset, pipeline, content=content_of(maps=[map_of([[1, 2]])]))

    assert client.get(reverse("dataset-csv", args=[result.pk]), {"map": number}).status_code == 404


def test_maps_of_embargoed_data_are_not_sent(dataset, pipeline, stranger):
    result = make_result(dataset, pipeline, content=content_of(maps=[map_of([[1, 2]])]))
    other = Client()
    other.force_login(stranger)

    address = reverse("dataset-csv", args=[result.pk])
    assert [person.get(address, {"map": "0"}).status_code for person in (Client(), other)] == [404, 404]


def test_pictures_beside_a_result_are_shown_with_it_and_with_what_it_was_made_from(client, dataset, pipeline):
    files = {"rings.png": b"png", "rings.svg": b"<svg/>", "pattern.nxs": b"hdf", "gallery/other.png": b"png"}
    result = make_result(dataset, pipeline, files=files)
    picture = result.datafiles.get(name="rings.png")

    shown = f'<img src="/datafiles/{picture.pk}/view/" alt="rings.png, a picture that the pipeline made"'
    for page in (page_of(client, "dataset", result), page_of(client, "dataset", dataset)):
        assert shown in page
        assert page.count('class="result-picture"') == 1
