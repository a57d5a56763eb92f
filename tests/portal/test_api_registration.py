"""Registering measured datasets."""

import os

import pytest
from django.conf import settings

from portal.access.models import AuditEvent
from portal.catalogue.models import Datafile, Dataset
from tests.factories import make_folder


@pytest.fixture
def register(api_of, scientist, investigation):
    api = api_of(scientist)

    def post(**told):
        told = {"investigation": investigation.pk, "name": "scan", **told}
        return api.post("/api/datasets/", told, format="json")

    return post


def test_a_folder_is_registered_with_what_is_told(register, scientist):
    folder = make_folder()

    answer = register(
        location=str(folder),
        sample="LaB6",
        technique="XRPD",
        started_at="2026-01-02T03:04:05Z",
        ended_at="2026-01-02T03:05:05Z",
        parameters={"InstrumentMonochromator_energy": 12.4},
    )

    assert answer.status_code == 201
    row = answer.json()
    assert (row["sample"], row["technique"], row["started_at"]) == ("LaB6", "XRPD", "2026-01-02T03:04:05Z")
    assert (row["file_count"], row["energy_kev"]) == (2, 12.4)
    act = AuditEvent.objects.get(action="dataset.register")
    assert (act.user, act.subject) == (scientist, f"dataset {row['id']}")


def test_the_same_announcement_again_changes_nothing(register):
    told = {"location": str(make_folder()), "sample": "LaB6", "parameters": {"a": 1}}

    first, second = register(**told), register(**told)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert (Dataset.objects.count(), Datafile.objects.count()) == (1, 2)


def test_a_detour_to_the_same_folder_is_the_same_dataset(register):
    folder = make_folder()

    first, second = register(location=str(folder)), register(location=f"{folder}/scan1/..")

    assert first.json()["id"] == second.json()["id"]


def test_sizes_are_read_from_disk(register):
    folder = make_folder()

    row = register(location=str(folder), files=[{"name": "image.h5", "sha256": "0" * 64}]).json()

    file = Datafile.objects.get(dataset=row["id"])
    assert (file.name, file.size_bytes, file.sha256) == ("image.h5", 1024, "0" * 64)


def test_a_file_that_is_not_yet_whole_is_refused(register):
    answer = register(location=str(make_folder()), files=[{"name": "image.h5", "size_bytes": 2048}])

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["files.0.size_bytes"])
    assert Dataset.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["missing.h5", "../other/x.h5", "/etc/passwd", ".", "scan1", "./image.h5", "pipe"]
)
def test_only_regular_files_inside_of_the_folder_are_taken(register, name):
    folder = make_folder()
    os.mkfifo(folder / "pipe")

    answer = register(location=str(folder), files=[{"name": name}])

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["files.0.name"])


@pytest.mark.parametrize("files", [None, [{"name": "secret.h5"}]])
def test_a_link_that_leads_out_is_not_a_file_of_the_dataset(register, tmp_path, files):
    (tmp_path / "secret.h5").write_bytes(b"secret")
    folder = make_folder()
    (folder / "secret.h5").symlink_to(tmp_path / "secret.h5")

    answer = register(location=str(folder), **({"files": files} if files else {}))

    assert answer.status_code == (400 if files else 201)
    assert not Datafile.objects.filter(name="secret.h5").exists()


def test_a_single_file_does_not_bring_its_neighbours(register):
    folder = make_folder({"a.h5": b"1", "b.h5": b"2"})

    refused = register(location=str(folder / "a.h5"), files=[{"name": "b.h5"}])
    taken = register(location=str(folder / "a.h5"))

    assert refused.status_code == 400
    assert [file.name for file in Datafile.objects.filter(dataset=taken.json()["id"])] == ["a.h5"]


@pytest.mark.parametrize(
    "location",
    ["/etc", "relative", "/", "..", "{root}/../..", "{root}/none", "{root}/" + "x" * 300, "{root}/loop"],
)
def test_a_location_outside_of_the_raw_folders_is_refused(register, location):
    root = settings.RAW_ROOTS[0]
    (root / "loop").unlink(missing_ok=True)
    (root / "loop").symlink_to(root / "loop")

    answer = register(location=location.format(root=root))

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["location"])


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"technique": "alchemy"}, "technique"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2026-01-02T00:00:00Z", "ended_at": "2026-01-01T00:00:00Z"}, "ended_at"),
        ({"parameters": {"a": [1]}}, "parameters.a"),
        ({"parameters": [1]}, "parameters"),
        ({"files": [{"name": "a"}, {"name": "a"}]}, "files"),
        ({"files": [{"name": "a", "sha256": "xyz"}]}, "files.0.sha256"),
        ({"files": [{"name": "a"}, {}]}, "files.1.name"),
    ],
)
def test_what_cannot_be_used_is_named(register, told, field):
    answer = register(location=str(make_folder()), **told)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "-Infinity"])
def test_a_number_that_is_none_stays_a_text(register, value):
    answer = register(location=str(make_folder()), parameters={"InstrumentMonochromator_energy": value})

    assert answer.status_code == 201
    assert answer.json()["parameters"]["InstrumentMonochromator_energy"]["value"] == value
