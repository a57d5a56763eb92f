"""Reading investigations and datasets."""

import pytest

from portal.catalogue.models import Dataset
from portal.catalogue.parameters import parameter
from portal.catalogue.services import ENERGY, store_summary
from tests.factories import make_dataset, make_investigation, the_past


@pytest.fixture
def api(api_of, participant):
    return api_of(participant)


def _names(answer):
    return [row["name"] for row in answer.json()["results"]]


def test_an_investigation_tells_when_it_opens(api_of, db):
    investigation = make_investigation(release_date=the_past(), licence="CC-BY-4.0", title="Cathodes")

    row = api_of().get(f"/api/investigations/{investigation.pk}/").json()

    assert (row["title"], row["licence"], row["embargoed"]) == ("Cathodes", "CC-BY-4.0", False)
    assert row["instrument"] == investigation.instrument.name
    assert (row["my_role"], row["may_process"]) == (None, False)


def test_parameters_come_with_unit_and_label(api, investigation):
    told = {ENERGY: "12.4", "Mystery_thing": "blue"}
    dataset = make_dataset(investigation, parameters=told)

    row = api.get(f"/api/datasets/{dataset.pk}/").json()

    energy = row["parameters"][ENERGY]
    assert energy == {"value": 12.4, "unit": "keV", "label": parameter(ENERGY).label}
    assert row["parameters"]["Mystery_thing"]["value"] == "blue"
    assert row["energy_kev"] == 12.4


def test_a_dataset_counts_its_files(api, investigation):
    dataset = make_dataset(investigation, files={"a.h5": b"12345", "b.h5": b"678"})

    row = api.get(f"/api/datasets/{dataset.pk}/").json()

    assert (row["file_count"], row["size_bytes"]) == (2, 8)


def test_a_result_names_its_input_and_shows_its_numbers(api, dataset, investigation):
    result = make_dataset(investigation, type=Dataset.Type.PROCESSED, inputs=[dataset])
    Dataset.objects.filter(pk=dataset.pk).update(latest_result=result)
    number = {"name": "n_peaks", "label": "Peaks", "value": 7, "unit": ""}
    store_summary(result, {"technique": "xrpd", "numbers": [number], "series": []})

    row = api.get(f"/api/datasets/{result.pk}/").json()

    assert (row["inputs"], row["numbers"]) == ([dataset.pk], [number])
    assert api.get(f"/api/datasets/{dataset.pk}/").json()["latest_result"] == result.pk


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("technique=xrpd", {"one", "two"}),
        ("technique=XAS", set()),
        ("sample=Si", {"two"}),
        ("name=ON", {"one"}),
        ("type=processed", set()),
        ("sample=Si&name=one", set()),
    ],
)
def test_datasets_are_narrowed(api, investigation, query, expected):
    make_dataset(investigation, name="one")
    make_dataset(investigation, name="two", sample="Si")

    assert set(_names(api.get(f"/api/datasets/?{query}"))) == expected


def test_datasets_are_narrowed_to_an_investigation(api, investigation):
    make_dataset(investigation, name="own")
    make_dataset(make_investigation(release_date=the_past()), name="other")

    assert _names(api.get(f"/api/datasets/?investigation={investigation.pk}")) == ["own"]


@pytest.mark.parametrize(
    "query",
    [
        "investigation=x",
        "investigation=1.5",
        f"investigation={10**30}",
        "type=raw",
        "page_size=0",
        "page_size=x",
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(api, query):
    answer = api.get(f"/api/datasets/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [query.split("=")[0]]


def test_pages_hold_every_dataset_once_while_new_ones_arrive(api, investigation):
    names = [f"d{number}" for number in range(5)]
    for name in names:
        make_dataset(investigation, name=name)

    answer = api.get("/api/datasets/?page_size=2")
    seen = _names(answer)
    make_dataset(investigation, name="late")
    while following := answer.json()["next"]:
        answer = api.get(following)
        seen += _names(answer)

    assert seen == names[::-1]


@pytest.mark.parametrize("cursor", ["x", "cD1ub3RoaW5n", "cD0lMDA=", "bz0tMSZwPTE=", "é"])
@pytest.mark.parametrize("kind", ["datasets", "jobs", "pipelines"])
def test_a_cursor_that_is_not_ours_is_refused(api, pipeline, kind, cursor):
    answer = api.get(f"/api/{kind}/", {"cursor": cursor})

    # A position among texts may be any text.
    assert answer.status_code in ({200, 400} if kind == "pipelines" else {400})


def test_a_list_costs_as_many_queries_for_many_rows_as_for_few(
    api, investigation, django_assert_max_num_queries
):
    for _ in range(3):
        make_dataset(investigation)

    with django_assert_max_num_queries(4):
        api.get("/api/datasets/")


@pytest.mark.parametrize("pk", [0, 10**30, "x", "1e3", "%00", "-1"])
@pytest.mark.parametrize("kind", ["investigations", "datasets", "datafiles", "jobs"])
def test_an_odd_id_names_nothing(api, kind, pk):
    suffix = "content/" if kind == "datafiles" else ""

    answer = api.get(f"/api/{kind}/{pk}/{suffix}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_files_are_listed_by_name(api, dataset):
    rows = api.get(f"/api/datasets/{dataset.pk}/files/").json()["results"]

    assert [(row["name"], row["size_bytes"]) for row in rows] == [("image.h5", 1024), ("scan1/notes.txt", 11)]
