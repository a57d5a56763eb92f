"""Many files leave as one archive: whole, of known length, resumable, and never silently wrong."""

import os
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from django.urls import reverse

from portal.catalogue.models import Dataset
from portal.storage.archive_formats import FORMATS
from portal.storage.files import BLOCK_BYTES, FileChanged
from tests.factories import make_dataset, make_folder
from tests.portal.archives import FILES, make_summed_dataset, unpacked, visitor

KINDS = ["zip", "tar"]


@pytest.fixture
def dataset(investigation):
    return make_summed_dataset(investigation, name="scan")


@pytest.fixture
def client(participant):
    return visitor(participant)


def address_of(dataset, kind="zip"):
    return f"{reverse('archive', args=[dataset.pk])}?format={kind}"


def location(dataset, name="image.h5"):
    return Path(dataset.location) / name


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_has_every_file_under_its_sample_and_dataset(client, dataset, kind):
    answer = client.get(address_of(dataset, kind))
    body = answer.getvalue()

    files = unpacked(kind, body)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(body)))
    assert answer["Content-Disposition"] == f'attachment; filename="scan.{kind}"'
    assert next(iter(files)) == "sha256sums.txt"
    del files["sha256sums.txt"]
    assert files == {f"LaB6/scan/{name}": content for name, content in FILES.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_download_that_broke_anywhere_goes_on_to_the_same_bytes(client, dataset, kind):
    answer = client.get(address_of(dataset, kind))
    whole, etag = answer.getvalue(), answer["ETag"]
    chance = random.Random(4)
    places = [0, 1, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(25))]

    for place in places:
        rest = client.get(address_of(dataset, kind), headers={"Range": f"bytes={place}-", "If-Range": etag})
        assert (rest.status_code, rest["ETag"]) == (206, etag)
        assert rest["Content-Range"] == f"bytes {place}-{len(whole) - 1}/{len(whole)}"
        assert rest["Content-Length"] == str(len(whole) - place)
        assert rest.getvalue() == whole[place:]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_an_archive_make_the_whole(client, dataset, kind):
    whole = client.get(address_of(dataset, kind)).getvalue()
    step = 100_003

    parts = [
        client.get(address_of(dataset, kind), headers={"Range": f"bytes={at}-{at + step - 1}"}).getvalue()
        for at in range(0, len(whole), step)
    ]

    assert b"".join(parts) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_inside_proves_what_was_unpacked(client, dataset, kind, tmp_path):
    body = client.get(address_of(dataset, kind)).getvalue()
    for name, content in unpacked(kind, body).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    check = ["sha256sum", "--check", "--strict", "--quiet", "sha256sums.txt"]
    intact = subprocess.run(check, check=False, cwd=tmp_path, capture_output=True)
    (tmp_path / "LaB6/scan/image.h5").write_bytes(b"something else")
    damaged = subprocess.run(check, check=False, cwd=tmp_path, capture_output=True)

    assert (intact.returncode, intact.stdout) == (0, b"")
    assert damaged.returncode == 1


def test_a_file_without_a_known_checksum_is_named_in_the_list(client, investigation):
    dataset = make_dataset(investigation, files={"a.h5": b"1"}, name="scan")

    listed = unpacked("zip", client.get(address_of(dataset)).getvalue())["sha256sums.txt"].decode()

    assert listed == "# no checksum is known of LaB6/scan/a.h5\n"


@pytest.mark.parametrize("kind", KINDS)
def test_datasets_of_one_name_do_not_mix(client, investigation, kind):
    first = make_dataset(investigation, files={"image.h5": b"1"}, name="scan")
    second = make_dataset(investigation, files={"image.h5": b"2"}, name="SCAN")
    third = make_dataset(investigation, files={"image.h5": b"3"}, name="scan", sample="")

    address = reverse("archive-selected") + f"?dataset={first.pk}&dataset={second.pk}&dataset={third.pk}"
    files = unpacked(kind, client.get(f"{address}&format={kind}").getvalue())

    del files["sha256sums.txt"]
    assert files == {
        "LaB6/scan/image.h5": b"1",
        f"LaB6/SCAN_{second.pk}/image.h5": b"2",
        "no_sample/scan/image.h5": b"3",
    }


def test_nothing_in_an_archive_leads_out_of_the_folder_it_is_unpacked_in(client, investigation):
    dataset = make_dataset(
        investigation, files={"a\nb\\c.h5": b"1"}, name="../../etc", sample="/absolute\x01\u202e"
    )

    names = list(unpacked("zip", client.get(address_of(dataset)).getvalue()))

    assert names[1] == "%2Fabsolute%01%E2%80%AE/..%2F..%2Fetc/a%0Ab%5Cc.h5"


def test_an_investigation_comes_whole_or_one_type_alone(client, investigation):
    make_dataset(investigation, files={"raw.h5": b"1"}, name="raw")
    make_dataset(investigation, files={"made.h5": b"2"}, name="made", type=Dataset.Type.PROCESSED)
    address = reverse("archive-investigation", args=[investigation.pk])

    names = {
        type_: set(unpacked("tar", client.get(address, {"format": "tar", "type": type_}).getvalue()))
        for type_ in ("", "acquisition", "processed")
    }

    raw, made = "LaB6/raw/raw.h5", "LaB6/made/made.h5"
    assert names["acquisition"] == {"sha256sums.txt", raw}
    assert names["processed"] == {"sha256sums.txt", made}
    assert names[""] == {"sha256sums.txt", raw, made}


def _append(path):
    with path.open("ab") as file:
        file.write(b"more")


def _swap(path):
    """Put another file of the same size and time in its place."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"\xff" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def _link(path):
    """Put a link to somebody else's file in its place."""
    secret = make_folder({"secret.h5": b"SECRET" * 128_000}) / "secret.h5"
    path.unlink()
    path.symlink_to(secret)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [Path.unlink, _append, _swap, _link])
def test_a_file_that_changes_before_its_turn_breaks_the_archive_and_is_logged(
    client, dataset, kind, change, caplog
):
    answer = client.get(address_of(dataset, kind))
    change(location(dataset))
    received = []

    with pytest.raises(FileChanged):
        received.extend(answer)

    assert str(location(dataset)) in caplog.text
    assert len(b"".join(received)) < int(answer["Content-Length"])
    assert b"SECRET" not in b"".join(received)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_while_it_is_sent_breaks_the_archive(client, dataset, kind):
    answer = client.get(address_of(dataset, kind))
    blocks = iter(answer)
    assert len(next(blocks)) >= BLOCK_BYTES
    _append(location(dataset))

    with pytest.raises(FileChanged):
        list(blocks)


def test_a_download_does_not_go_on_in_changed_files(client, dataset):
    etag = client.head(address_of(dataset))["ETag"]
    _append(location(dataset))

    answer = client.get(address_of(dataset), headers={"Range": "bytes=1000-", "If-Range": etag})

    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(answer.getvalue())))


@pytest.mark.parametrize("kind", KINDS)
def test_a_download_does_not_go_on_in_an_archive_of_another_layout(client, dataset, kind, monkeypatch):
    etag = client.head(address_of(dataset, kind))["ETag"]
    monkeypatch.setitem(FORMATS, kind, replace(FORMATS[kind], layout="another"))

    answer = client.get(address_of(dataset, kind), headers={"Range": "bytes=1000-", "If-Range": etag})

    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(answer.getvalue())))


def test_head_tells_the_length_and_sends_nothing(client, dataset):
    told = client.head(address_of(dataset))

    assert told.getvalue() == b""
    assert told["Content-Length"] == str(len(client.get(address_of(dataset)).getvalue()))


def test_what_is_too_much_for_an_archive_says_so_and_offers_lists(
    client, api_of, participant, dataset, settings
):
    settings.ARCHIVE_LIMIT_BYTES = 1000

    page = client.get(address_of(dataset))
    told = api_of(participant).get(f"/api/datasets/{dataset.pk}/archive/")

    assert page.status_code == told.status_code == 400
    assert "one archive holds at most 1000" in told.json()["message"]
    assert "one archive holds at most 1000" in page.content.decode().replace("\xa0", " ")
    offered = re.findall(r'href="([^"]*format=(?:metalink|curl)[^"]*)"', page.content.decode())
    assert [client.get(address).status_code for address in offered] == [200, 200]


def test_archives_never_take_all_threads(client, api_of, participant, dataset, settings):
    settings.ARCHIVES_AT_A_TIME = 1
    running = client.get(address_of(dataset))._iterator
    next(running)

    page = client.get(address_of(dataset))
    told = api_of(participant).get(f"/api/datasets/{dataset.pk}/archive/")
    running.close()
    then = client.get(address_of(dataset))

    assert (page.status_code, page["Retry-After"]) == (503, "60")
    assert (told.status_code, told["Retry-After"], told.json()["code"]) == (503, "60", "busy")
    assert (then.status_code, len(then.getvalue())) == (200, int(then["Content-Length"]))


def test_what_sends_no_archive_leaves_room_for_one(client, investigation, dataset, settings):
    settings.ARCHIVES_AT_A_TIME = 1
    empty = make_dataset(investigation, files={})

    client.head(address_of(dataset))
    client.get(address_of(dataset), headers={"Range": "bytes=999999999-"})
    client.get(address_of(empty))
    answer = client.get(address_of(dataset))

    assert (answer.status_code, len(answer.getvalue())) == (200, int(answer["Content-Length"]))


@pytest.mark.parametrize("kind", [*KINDS, "metalink", "curl", "urls", "checksums"])
def test_many_datasets_cost_no_more_queries_than_one(client, investigation, kind, django_assert_num_queries):
    address = reverse("archive-investigation", args=[investigation.pk])
    session_and_investigation, amounts, datasets_and_files = 3, int(kind in KINDS), 3
    expected = session_and_investigation + amounts + datasets_and_files

    for n_more in (1, 20):
        for _ in range(n_more):
            make_dataset(investigation)
        with django_assert_num_queries(expected):
            client.get(address, {"format": kind}).getvalue()
