"""Looking into files: who may, what is refused, and what the browser is allowed to do there."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse

from portal.catalogue.models import Datafile
from portal.storage.explore import _readers
from tests.factories import make_dataset, make_investigation, the_past
from tests.portal.world import PEOPLE, SEE

QUESTIONS = ("meta", "attr", "data", "stats", "paths")


@pytest.fixture(scope="module", autouse=True)
def no_reader_is_left():
    yield
    _readers.stop()


def hdf5(**datasets):
    """The bytes of an HDF5 file whose default plot is ``I`` against ``q``."""
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        file.attrs["default"] = "entry/data"
        group = file.create_group("entry/data")
        group.attrs.update(NX_class="NXdata", signal="I", axes=["q"])
        group["I"], group["q"] = np.array([1.0, 4.0, 2.0]), np.array([0.1, 0.2, 0.3])
        group["q"].attrs["units"] = "1/nm"
        for name, values in datasets.items():
            file[name] = values
        file.create_dataset("huge", shape=(1 << 20, 1 << 20), dtype="f8", chunks=(1, 1 << 17), fillvalue=1)
        file.flush()
        return file.id.get_file_image()


@pytest.fixture
def datafile(db):
    return open_dataset({"scan/a.h5": hdf5()}).datafiles.get()


def open_dataset(files):
    return make_dataset(make_investigation(release_date=the_past()), files=files)


def visitor(person=None):
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person)
    return client


def asked(question, datafile, *, client=None, **query):
    """The status and the content of the answer to one of h5web's questions."""
    answer = (client or visitor()).get(reverse("h5", args=[datafile.pk, question]), query)
    return answer, answer.getvalue()


def plain(datafile, **query):
    answer = visitor().get(reverse("explore-plain", args=[datafile.pk]), query)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("which", SEE)
def test_nobody_looks_into_what_they_may_not_know_of(world, which):
    datafile = world.datasets[which].datafiles.get(name__endswith=".h5")
    (settings.RAW_ROOTS[0] / datafile.dataset.name / datafile.name).write_bytes(hdf5())
    views = {name: reverse(name, args=[datafile.pk]) for name in ("explore", "explore-plain")}
    views["dataset-explore"] = reverse("dataset-explore", args=[datafile.dataset_id])
    views |= {question: reverse("h5", args=[datafile.pk, question]) for question in ("meta", "data")}

    for name in PEOPLE:
        client = visitor(world.people[name])
        may = name in SEE[which]
        for view, address in views.items():
            answer = client.get(address)
            answer.getvalue()
            expected = {"data": 422, "dataset-explore": 302}.get(view, 200)  # "/" has no values
            assert answer.status_code == (expected if may else 404), (name, view)


def test_only_the_interactive_page_may_make_code_from_text(datafile, world):
    staff = visitor(world.people["staff"])
    ids = {**world.ids("open"), "datafiles": datafile.pk}
    allowed = set()
    for pattern in get_resolver("portal.pages.urls").url_patterns:
        kind = str(pattern.pattern).partition("/")[0]
        if pattern.pattern.converters.keys() <= {"pk"}:
            args = [ids[kind]] if pattern.pattern.converters else []
            answer = staff.get(reverse(pattern.name, args=args))
            answer.getvalue()
            policy = answer.get("Content-Security-Policy", "")
            assert policy, pattern.name
            if "unsafe-eval" in policy:
                allowed.add(pattern.name)

    assert allowed == {"explore"}
    policy = staff.get(reverse("explore", args=[datafile.pk]))["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "unsafe-inline" not in policy


def test_h5web_is_told_where_to_start(datafile):
    address = reverse("explore", args=[datafile.pk])

    page = visitor().get(address, {"path": '/entry/"data"'}).content.decode()

    assert 'data-path="/entry/&quot;data&quot;"' in page
    assert 'data-path="/"' in visitor().get(address).content.decode()


def test_the_five_questions_are_answered(datafile):
    answers = {
        question: json.loads(
            asked(question, datafile, path="/entry/data/I" if question != "paths" else "/")[1]
        )
        for question in QUESTIONS
    }

    assert answers["meta"]["shape"] == [3]
    assert answers["attr"] == {}
    assert answers["data"] == [1.0, 4.0, 2.0]
    assert answers["stats"]["max"] == 4.0
    assert "/entry/data/q" in answers["paths"]


def test_numbers_travel_as_bytes_of_known_length(datafile):
    answer, content = asked(
        "data", datafile, path="/entry/data/I", format="bin", dtype="safe", selection="1:"
    )

    assert np.frombuffer(content, "<f8").tolist() == [4.0, 2.0]
    assert answer["Content-Length"] == "16"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("question", "query", "status"),
    [
        ("data", {"path": "/huge"}, 413),
        ("data", {"path": "/huge", "selection": "0:2,:", "format": "csv"}, 413),
        ("stats", {"path": "/huge"}, 413),
        ("meta", {"path": "/nowhere"}, 404),
        ("meta", {"path": "/a\0b"}, 404),
        ("data", {"path": "/entry/data/I", "selection": "9"}, 422),
        ("data", {"path": "/entry/data/I", "selection": "9" * 5000}, 422),
    ],
)
def test_a_refusal_says_why_in_a_form_that_h5web_shows(datafile, question, query, status):
    answer, content = asked(question, datafile, **query)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert len(json.loads(content)["message"]) > 10


def test_there_is_no_sixth_question(datafile):
    for question in ("look", "exec", "meta/"):
        assert visitor().get(f"/datafiles/{datafile.pk}/h5/{question}").status_code == 404


def test_a_file_that_is_gone_is_told(datafile):
    (settings.RAW_ROOTS[0] / datafile.dataset.name / datafile.name).unlink()

    answer, content = asked("meta", datafile)

    assert answer.status_code == 404
    assert "File not found" in json.loads(content)["message"]
    assert plain(datafile)[0] == 404


def test_a_link_into_another_dataset_is_not_followed(datafile):
    other = make_dataset(files={"b.h5": hdf5(secret=271828)})
    here = settings.RAW_ROOTS[0] / datafile.dataset.name / "scan"
    with h5py.File(here / "a.h5", "a") as file:
        file["x"] = h5py.ExternalLink(f"../../{other.name}/b.h5", "/secret")

    for question in QUESTIONS:
        answer, content = asked(question, datafile, path="/x")
        assert answer.status_code == 403
        assert b"271828" not in content
    assert "271828" not in plain(datafile)[1]


def test_the_plain_page_shows_the_plot_the_content_and_the_units(datafile):
    status, page = plain(datafile)

    assert status == 200
    assert '<polyline class="curve-line"' in page
    assert "q (1/nm)" in page
    assert "3 points, from 1 to 4" in page
    assert '?path=%2Fentry"' in page
    assert "All values as CSV" in plain(datafile, path="/entry/data/I")[1]


def test_a_table_is_saved_under_a_name_that_says_what_it_is(datafile):
    answer, content = asked("data", datafile, path="/entry/data/I", format="csv")

    assert content == b"1.0\n4.0\n2.0\n"
    assert answer["Content-Disposition"] == 'attachment; filename="a_I.csv"'


def test_the_plain_page_says_what_it_cannot_show(datafile):
    status, page = plain(datafile, path="/nowhere")
    _, huge = plain(datafile, path="/huge", frame="nonsense")

    assert status == 404
    assert "There is no /nowhere" in page
    assert "too large for a picture" in huge


def test_what_a_file_says_is_text_and_never_markup(db):
    evil = "<script>alert(1)</script>"
    content = hdf5(**{f"entry/{evil}": 1, "text": evil})
    dataset = open_dataset({"a.h5": content})

    for path in ("/entry", "/text", evil):
        assert evil not in plain(dataset.datafiles.get(), path=path)[1]


@pytest.mark.parametrize(("names", "status"), [(["a.h5"], 302), (["a.h5", "B.NXS"], 200), (["a.txt"], 200)])
def test_a_dataset_leads_to_its_only_file_or_lets_one_choose(db, names, status):
    dataset = open_dataset(dict.fromkeys(names, b"x"))

    answer = visitor().get(reverse("dataset-explore", args=[dataset.pk]))

    assert answer.status_code == status
    if status == 302:
        assert answer["Location"] == reverse("explore", args=[dataset.datafiles.get().pk])
    elif names == ["a.txt"]:
        assert b"nothing to look into" in answer.content
    else:
        assert all(name.encode() in answer.content for name in names)


def test_many_files_cost_as_many_queries_as_few(db, django_assert_max_num_queries):
    investigation = make_investigation(release_date=the_past())
    for n in (2, 60):
        files = {f"f{index:03}.h5": b"x" for index in range(n)}
        address = reverse("dataset-explore", args=[make_dataset(investigation, files=files).pk])
        with django_assert_max_num_queries(5):
            assert visitor().get(address).status_code == 200


def test_a_file_that_is_not_hdf5_cannot_be_looked_into(db):
    dataset = make_dataset(
        make_investigation(release_date=the_past()), files={"notes.txt": b"x", "a.h5": b"x"}
    )
    for view in ("explore", "explore-plain"):
        answer = visitor().get(reverse(view, args=[dataset.datafiles.get(name="notes.txt").pk]))
        assert answer.status_code == 400
        assert b"is not an HDF5 file" in answer.content

    status, page = plain(dataset.datafiles.get(name="a.h5"))
    assert status == 404
    assert "a.h5 is not an HDF5 file" in page


SHOWN = {
    "plot.png": "image/png",
    "plot.SVG": "image/svg+xml",
    "run.log": "text/plain; charset=utf-8",
    "page.html": "text/plain; charset=utf-8",
    "numbers.json": "application/json",
}


def test_pictures_and_texts_are_shown_where_nothing_in_them_can_run(db):
    dataset = make_dataset(
        make_investigation(release_date=the_past()), files=dict.fromkeys(SHOWN, b"content")
    )

    for datafile in dataset.datafiles.all():
        answer = visitor().get(reverse("view-file", args=[datafile.pk]))
        assert answer.getvalue() == b"content"
        assert answer["Content-Type"] == SHOWN[datafile.name]
        assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"] == f'inline; filename="{datafile.name}"'


def test_what_is_no_picture_or_too_large_is_not_shown(db, settings):
    settings.SHOWN_LIMIT_BYTES = 10
    files = {"a.exe": b"x", "large.png": b"x" * 11, "small.png": b"x" * 10}
    dataset = open_dataset(files)

    answers = {f.name: visitor().get(reverse("view-file", args=[f.pk])) for f in dataset.datafiles.all()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "a.exe": 400,
        "large.png": 400,
        "small.png": 200,
    }
    answers["small.png"].getvalue()
    assert b"download it" in answers["a.exe"].content


def test_a_file_under_embargo_is_not_shown_to_others(dataset, stranger, participant):
    picture = Datafile.objects.create(dataset=dataset, name="plot.png", size_bytes=1)
    (Path(dataset.location) / "plot.png").write_bytes(b"x")
    address = reverse("view-file", args=[picture.pk])

    statuses = []
    for person in (None, stranger, participant):
        answer = visitor(person).get(address)
        answer.getvalue()
        statuses.append(answer.status_code)

    assert statuses == [404, 404, 200]
