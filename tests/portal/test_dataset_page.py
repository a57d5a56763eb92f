"""The tabs of a dataset: what they show, to whom, and at what cost."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse

from portal.catalogue.models import Dataset
from portal.jobs.models import Job
from tests.factories import make_dataset, make_investigation, make_pipeline, the_past
from tests.portal.results import content_of, make_job, make_result
from tests.portal.world import PEOPLE, SEE

TABS = (
    "dataset",
    "dataset-processed",
    "dataset-files",
    "dataset-metadata",
    "dataset-provenance",
    "dataset-jobs",
)
HOSTILE = "<script>alert(1)</script>\"&'"


@pytest.fixture
def client(participant):
    """The participant's browser."""
    return browser(participant)


def browser(person=None):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def page_of(client, name, dataset, query=None):
    answer = client.get(reverse(name, args=[dataset.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def drawing_of(page):
    """The drawing of the provenance, which is well-formed XML."""
    start = page.index('<svg class="lineage"')
    return ET.fromstring(page[start : page.index("</svg>", start) + 6])


def links_of(drawing):
    return {link.get("href") for link in drawing.iter("a")}


# --- who sees what -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("which", SEE)
def test_what_a_person_may_not_know_of_has_no_tab(world, name, which):
    client, pk = browser(world.people[name]), world.ids(which)["datasets"]

    statuses = {client.get(reverse(tab, args=[pk])).status_code for tab in TABS}

    assert statuses == {200 if name in SEE[which] else 404}


def test_curves_of_embargoed_data_are_not_sent(dataset, pipeline, participant, stranger):
    result = make_result(dataset, pipeline)
    opened = make_dataset(make_investigation(release_date=the_past()))
    address, theirs = (reverse("dataset-csv", args=[pk]) for pk in (result.pk, opened.pk))

    assert browser(participant).get(address).status_code == 200
    assert [browser(person).get(address).status_code for person in (None, stranger)] == [404, 404]
    assert browser(stranger).get(theirs, {"result": result.pk}).status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_a_result_shows_nothing_of_a_source_that_the_visitor_may_not_see(tab, pipeline):
    secret = make_dataset(name="secret_sample", parameters={"InstrumentMonochromator_energy": 12.4})
    made_elsewhere = make_result(
        secret, pipeline, {"points": 777}, investigation=make_investigation(release_date=the_past())
    )

    page = page_of(browser(), tab, made_elsewhere)

    assert "secret_sample" not in page
    assert f"/datasets/{secret.pk}/" not in page
    assert str(made_elsewhere.output_of.job_id) not in page
    assert "777" not in page
    assert "image.h5" not in page or tab in ("dataset", "dataset-files")  # its own file has that name too
    assert "2" * 64 not in page


def test_outcomes_that_a_visitor_may_not_see_are_neither_listed_nor_counted(pipeline):
    source = make_dataset(make_investigation(release_date=the_past()))
    hidden = make_dataset(name="hidden_result", type=Dataset.Type.PROCESSED, inputs=[source])

    pages = {tab: page_of(browser(), tab, source) for tab in TABS}

    assert not any("hidden_result" in page or f"/datasets/{hidden.pk}/" in page for page in pages.values())
    assert all('Processed<span class="count">0</span>' in page for page in pages.values())


def test_a_result_that_is_chosen_but_hidden_is_as_one_that_does_not_exist(client, dataset, pipeline):
    shown, hidden = make_result(dataset, pipeline), make_result(make_dataset(), make_pipeline("other"))
    query = {"result": [shown.pk, hidden.pk, 10**9, "9" * 5000, "five", "\0"]}

    page = page_of(client, "dataset-processed", dataset, query)

    assert f"#{shown.pk}" in page
    assert f"#{hidden.pk}" not in page


# --- summary -----------------------------------------------------------------------------------


def test_the_summary_has_numbers_with_units_and_what_differs_from_the_form(client, dataset, pipeline):
    result = make_result(dataset, pipeline, {"points": 2000}, content=content_of(notes=["Beam centre moved"]))

    page = page_of(client, "dataset", result)
    made = page[page.index('id="made"') : page.index('id="facts-title"')]

    assert '10 <span class="unit">counts</span>' in page
    assert "Beam centre moved" in page
    assert "2000" in made
    assert "1000" in made  # what the form starts with
    assert "Photon energy" not in made  # as it was measured
    assert "Run again with changes" in page


def test_pictures_of_the_gallery_are_shown(client, investigation):
    files = {"gallery/map.PNG": b"png", "gallery/notes.txt": b"text", "map.png": b"elsewhere"}
    dataset = make_dataset(investigation, files=files)
    picture = dataset.datafiles.get(name="gallery/map.PNG")

    page = page_of(client, "dataset", dataset)

    assert page.count("<img ") == 2  # the site's own mark is the other
    assert f'src="/datafiles/{picture.pk}/view/" alt="gallery/map.PNG"' in page


def test_a_dataset_without_results_says_what_to_do(client, dataset):
    assert "Reprocess it" in page_of(client, "dataset", dataset)
    assert "Reprocess it" in page_of(client, "dataset-processed", dataset)
    assert "Reprocess it" in page_of(client, "dataset-jobs", dataset)


# --- results side by side ------------------------------------------------------------------------


def test_differing_parameters_are_marked_in_words(client, dataset, pipeline):
    make_result(dataset, pipeline, {"points": 1000})
    make_result(dataset, pipeline, {"points": 2000})

    page = page_of(client, "dataset-processed", dataset)
    table = page[page.index('class="table table-dense compared"') :]
    rows = {row.split("<")[0].split(">")[-1].strip(): row for row in table.split('<th scope="row">')[1:]}

    assert "≠ differs" in rows["Points"]
    assert "≠ differs" not in rows["Photon energy"]
    assert "≠ differs" not in rows["Maximum"]
    assert page.count("Points 2000") == 2  # in the list and in the legend


def test_curves_of_other_quantities_are_drawn_apart_and_the_page_says_so(client, dataset, pipeline):
    make_result(dataset, pipeline)
    make_result(dataset, pipeline, content=content_of(height=20.0))
    in_q = make_result(dataset, pipeline, content=content_of(x_label="q", x_unit="nm⁻¹"))

    page = page_of(client, "dataset-processed", dataset)
    only_angles = page_of(
        client,
        "dataset-processed",
        dataset,
        {"result": [r.pk for r in Dataset.objects.filter(inputs=dataset).exclude(pk=in_q.pk)]},
    )

    assert page.count("data-plot=") == 2
    assert "different quantities on their axes" in page
    assert only_angles.count("data-plot=") == 1
    assert "different quantities" not in only_angles


def test_results_of_several_datasets_are_compared_by_address(client, investigation, pipeline):
    cold, warm = make_dataset(investigation, name="cold"), make_dataset(investigation, name="warm")
    first, second = make_result(cold, pipeline), make_result(warm, pipeline)

    page = page_of(client, "dataset-processed", cold, {"result": [first.pk, second.pk]})

    assert "A: Pattern" in page
    assert "B: Pattern of warm" in page


def test_no_more_results_are_drawn_than_can_be_told_apart(client, dataset, pipeline):
    results = [make_result(dataset, pipeline, {"points": 10 + number}) for number in range(10)]

    page = page_of(client, "dataset-processed", dataset, {"result": [result.pk for result in results]})

    assert page.count('class="plot-sample"') == 8
    assert "the first 8 are drawn" in page


def test_a_result_is_compared_with_the_others_of_its_source(client, dataset, pipeline):
    first, second = make_result(dataset, pipeline), make_result(dataset, pipeline)

    page = page_of(client, "dataset-processed", first)

    assert "this one" in page
    assert f"/datasets/{second.pk}/" in page


def test_failed_jobs_are_named_with_their_reason(client, dataset, pipeline):
    make_job(dataset, pipeline, state=Job.State.FAILED, error_message="The mask has another shape.")

    page = page_of(client, "dataset-processed", dataset)

    assert "The mask has another shape." in page


def test_the_curves_come_as_columns(client, dataset, pipeline):
    make_result(dataset, pipeline)
    result = make_result(dataset, pipeline, content=content_of(height=20.0))
    ids = list(Dataset.objects.filter(inputs=dataset).order_by("pk").values_list("pk", flat=True))

    one = client.get(reverse("dataset-csv", args=[result.pk]))
    both = client.get(reverse("dataset-csv", args=[dataset.pk]), {"result": ids})
    rows = list(csv.reader(io.StringIO(both.content.decode())))

    assert list(csv.reader(io.StringIO(one.content.decode())))[2] == ["2.0", "20.0"]
    assert one["Content-Type"].startswith("text/csv")
    assert len(rows[0]) == 4
    assert "2θ (°)" in rows[0][0]
    assert rows[2] == ["2.0", "10.0", "2.0", "20.0"]


def test_a_name_never_becomes_a_formula_of_a_spreadsheet(client, dataset):
    series = {"label": "x", "x": [1, 2], "y": [1, 2], "x_label": "=cmd()", "y_label": "@y"}
    result = make_result(dataset, make_pipeline("formula"), content={"series": [series]})

    first = client.get(reverse("dataset-csv", args=[result.pk])).content.decode().splitlines()[0]

    assert [cell[0] for cell in next(csv.reader([first]))] == ["'", "'"]


# --- files and metadata --------------------------------------------------------------------------


def test_files_are_found_by_name(client, investigation):
    dataset = make_dataset(investigation, files={f"scan{n}/image.h5": b"1" for n in range(30)})

    page = page_of(client, "dataset-files", dataset, {"q": "SCAN7"})
    none = page_of(client, "dataset-files", dataset, {"q": "nothing\0"})

    assert "scan7/image.h5" in page
    assert "scan8/image.h5" not in page
    assert "No file has" in none


@pytest.mark.parametrize(
    ("search", "found"), [("photon", True), ("monochromator 12.4", True), ("KEV", True), ("kev 12.5", False)]
)
def test_metadata_are_found_by_name_value_unit_and_description(client, dataset, search, found):
    page = page_of(client, "dataset-metadata", dataset, {"q": search})

    assert ("InstrumentMonochromator_energy" in page) == found


# --- provenance ----------------------------------------------------------------------------------


def test_provenance_leads_both_ways_over_several_generations(client, dataset, pipeline):
    result = make_result(dataset, pipeline)
    refined = make_dataset(
        dataset.investigation, name="refined", type=Dataset.Type.PROCESSED, inputs=[result]
    )
    everything = {reverse("dataset", args=[row.pk]) for row in (dataset, result, refined)}
    job = reverse("job", args=[result.output_of.job_id])

    pages = {row.pk: page_of(client, "dataset-provenance", row) for row in (dataset, result, refined)}

    for page in pages.values():
        assert links_of(drawing_of(page)) == {*everything, job}
        assert all(
            page.count(f'href="{address}"') >= 2 for address in everything - {f"/datasets/{result.pk}/"}
        )


def test_far_and_numerous_outcomes_are_behind_more(client, dataset):
    chain = [dataset]
    for number in range(5):
        told = {"name": f"step{number}", "type": Dataset.Type.PROCESSED, "inputs": [chain[-1]]}
        chain.append(make_dataset(dataset.investigation, **told))
    many = [
        make_dataset(dataset.investigation, name="many", type=Dataset.Type.PROCESSED, inputs=[chain[-1]])
        for _ in range(12)
    ]

    links = links_of(drawing_of(page_of(client, "dataset-provenance", dataset)))
    last = links_of(drawing_of(page_of(client, "dataset-provenance", chain[-1])))

    assert reverse("dataset", args=[chain[3].pk]) in links
    assert reverse("dataset", args=[chain[4].pk]) not in links
    assert reverse("dataset-processed", args=[chain[3].pk]) in links
    assert sum(reverse("dataset", args=[row.pk]) in last for row in many) == 8
    assert reverse("dataset-processed", args=[chain[-1].pk]) in last
    assert reverse("dataset-provenance", args=[chain[2].pk]) in last


def test_a_dataset_made_from_itself_in_the_end_is_drawn(client, dataset):
    result = make_dataset(dataset.investigation, type=Dataset.Type.PROCESSED, inputs=[dataset])
    dataset.inputs.add(result)

    links = links_of(drawing_of(page_of(client, "dataset-provenance", dataset)))

    assert reverse("dataset", args=[result.pk]) in links


def test_the_record_of_the_run_is_complete(client, dataset, pipeline):
    page = page_of(client, "dataset-provenance", make_result(dataset, pipeline))

    assert "2" * 64 in page  # of the input file
    assert "numpy==2.0" in page
    assert "tasks.Integrate" in page
    assert "&quot;nodes&quot;" in page


# --- hostile texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_no_text_of_anybody_becomes_markup(client, investigation, tab):
    pipeline = make_pipeline("hostile", note={"type": "string", "title": HOSTILE})
    pipeline.graph["nodes"][0]["label"] = HOSTILE
    pipeline.label = HOSTILE
    pipeline.save()
    source = make_dataset(
        investigation, name=HOSTILE, files={"image.h5": b"1"}, parameters={HOSTILE: HOSTILE}
    )
    content = content_of(x_label=HOSTILE, x_unit=HOSTILE, notes=[HOSTILE])
    results = [
        make_result(source, pipeline, {"note": HOSTILE * n}, content=content, name=HOSTILE) for n in (1, 2)
    ]
    make_job(source, pipeline, state=Job.State.FAILED, error_message=HOSTILE)

    pages = [page_of(client, tab, row, {"q": ""}) for row in (source, *results)]

    for page in pages:
        assert "<script>alert" not in page
        assert " style=" not in page


@pytest.mark.parametrize(
    "series",
    [None, "x", [1], [{"x": 1, "y": []}], [{"x": ["a", None, True], "y": [1, 2, 3]}], [{"x": [1], "y": [1]}]],
)
def test_a_summary_without_usable_curves_has_a_page_all_the_same(client, dataset, pipeline, series):
    result = make_result(dataset, pipeline, content={"series": series})

    pages = [page_of(client, tab, result) for tab in TABS]

    assert not any("data-plot=" in page for page in pages)


# --- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_costs_the_same_queries_whatever_it_shows(
    client, dataset, pipeline, tab, django_assert_max_num_queries
):
    make_result(dataset, pipeline)
    address = reverse(tab, args=[dataset.pk])
    with django_assert_max_num_queries(16) as few:
        client.get(address)
    for number in range(12):
        middle = make_result(dataset, pipeline, {"points": 2 + number})
        make_job(dataset, pipeline, state=Job.State.FAILED)
        make_dataset(dataset.investigation, type=Dataset.Type.PROCESSED, inputs=[middle])
    with django_assert_max_num_queries(16) as many:
        answer = client.get(address)

    # Provenance asks once more for each further generation, of which there are three at most.
    assert len(many) <= len(few) + (3 if tab == "dataset-provenance" else 0)
    assert len(answer.content) < 300_000
