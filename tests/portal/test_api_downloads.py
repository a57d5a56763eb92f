"""Files and archives leave whole, in part, and with their true length."""

import io
import zipfile

import pytest

from tests.factories import FILES

CONTENT = FILES["image.h5"]


@pytest.fixture
def get(api_of, participant, dataset):
    api = api_of(participant)
    address = f"/api/datafiles/{dataset.datafiles.get(name='image.h5').pk}/content/"

    def fetch(**headers):
        answer = api.get(address, headers=headers)
        return answer, answer.getvalue()

    return fetch


def test_a_file_arrives_whole_and_never_as_a_page(get):
    answer, body = get()

    assert (answer.status_code, body) == (200, CONTENT)
    assert answer["Content-Length"] == str(len(CONTENT))
    assert answer["Content-Disposition"] == 'attachment; filename="image.h5"'
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("wanted", "expected", "told"),
    [
        ("bytes=0-0", CONTENT[:1], "bytes 0-0/1024"),
        ("bytes=100-199", CONTENT[100:200], "bytes 100-199/1024"),
        ("bytes=1000-", CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=1000-9999", CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", CONTENT[-24:], "bytes 1000-1023/1024"),
    ],
)
def test_a_range_arrives_alone(get, wanted, expected, told):
    answer, body = get(Range=wanted)

    assert (answer.status_code, answer["Content-Range"], body) == (206, told, expected)
    assert answer["Content-Length"] == str(len(expected))


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_length(get, wanted):
    answer, _ = get(Range=wanted)

    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */1024")


@pytest.mark.parametrize(
    "wanted", ["bytes=", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,5-6", "bytes=" + "9" * 5000 + "-"]
)
def test_a_range_that_is_none_gets_the_whole_file(get, wanted):
    answer, body = get(Range=wanted)

    assert (answer.status_code, body) == (200, CONTENT)


def test_a_download_goes_on_only_while_the_file_is_the_same(get, dataset):
    etag = get()[0]["ETag"]

    same, _ = get(**{"Range": "bytes=512-", "If-Range": etag})
    other, body = get(**{"Range": "bytes=512-", "If-Range": '"another"'})

    assert same.status_code == 206
    assert (other.status_code, body) == (200, CONTENT)


def test_a_download_comes_whatever_the_client_accepts(get):
    assert get(Accept="application/x-hdf5")[0].status_code == 200


def test_a_file_that_is_gone_is_told(get, dataset, api_of, participant):
    file = dataset.datafiles.get(name="image.h5")
    file.name = "gone.h5"
    file.save()

    answer, _ = get(Accept="application/x-hdf5")

    assert (answer.status_code, answer.json()["message"]) == (404, "The file gone.h5 is not in place.")


def test_an_archive_has_its_exact_length_and_every_file(api_of, participant, dataset):
    answer = api_of(participant).get(
        f"/api/datasets/{dataset.pk}/archive/", headers={"Accept": "application/zip"}
    )
    body = answer.getvalue()

    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(body)))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    del contents["sha256sums.txt"]
    assert contents == {f"LaB6/{dataset.name}/{name}": content for name, content in FILES.items()}
