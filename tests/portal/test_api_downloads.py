"""Files and archives leave whole, in part, and with their true length."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.factories import FILES, make_folder

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
        ("bytes=-9999", CONTENT, "bytes 0-1023/1024"),
        ("Bytes=0-0", CONTENT[:1], "bytes 0-0/1024"),
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
    dated, _ = get(**{"Range": "bytes=512-", "If-Range": "Tue, 01 Jan 2030 00:00:00 GMT"})

    assert same.status_code == 206
    assert (other.status_code, body) == (200, CONTENT)
    assert dated.status_code == 200


def test_what_the_client_has_already_is_not_sent_again(get):
    etag = get()[0]["ETag"]

    assert get(**{"If-None-Match": etag})[0].status_code == 304
    assert get(**{"If-Match": '"another"'})[0].status_code == 412


def test_head_tells_of_the_whole_file_and_sends_nothing(api_of, participant, dataset):
    address = f"/api/datafiles/{dataset.datafiles.get(name='image.h5').pk}/content/"

    answer = api_of(participant).head(address, headers={"Range": "bytes=0-9"})

    assert (answer.status_code, answer.getvalue(), answer["Content-Length"]) == (200, b"", "1024")
    assert answer["Accept-Ranges"] == "bytes"


def test_no_cache_on_the_way_keeps_or_changes_it(get):
    assert get()[0]["Cache-Control"] == "private, no-transform"


def test_a_file_in_whose_place_a_link_was_put_is_not_followed_out(get, dataset):
    path = Path(dataset.location) / "image.h5"
    elsewhere = make_folder({"secret.h5": b"secret"}) / "secret.h5"
    path.unlink()
    path.symlink_to(elsewhere)

    answer, body = get()

    assert answer.status_code == 404
    assert b"secret" not in body


def test_behind_nginx_only_the_place_is_told(get, dataset, settings):
    settings.SENDFILE = "x-accel"
    file = dataset.datafiles.get(name="image.h5")
    (Path(dataset.location) / "50% ?λ.h5").write_bytes(b"1")
    file.name = "50% ?λ.h5"
    file.save()

    answer, body = get(Range="bytes=0-9")

    assert (answer.status_code, body) == (200, b"")
    assert answer["X-Accel-Redirect"] == f"/reprise-internal{dataset.location}/50%25%20%3F%CE%BB.h5"


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
