"""The page that offers downloads, the lists for programs, and who gets any of it."""

import hashlib
import re
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from portal.catalogue.models import Dataset
from tests.factories import make_dataset, make_investigation, the_past
from tests.portal.archives import make_summed_dataset, visitor
from tests.portal.world import PEOPLE, SEE

METALINK = "{urn:ietf:params:xml:ns:metalink}"
HOSTILE = {'a"b&<c>.h5': b"1", "scan/λ.h5": b"2"}


def addresses(dataset):
    one, whole = f"?dataset={dataset.pk}", f"?investigation={dataset.investigation_id}"
    return [
        reverse("archive", args=[dataset.pk]),
        reverse("archive-selected") + one,
        reverse("archive-investigation", args=[dataset.investigation_id]),
        reverse("archive-investigation", args=[dataset.investigation_id]) + "?format=metalink",
        reverse("download-options") + one,
        reverse("download-options") + whole,
        reverse("api:dataset-archive-selected") + one,
        reverse("api:investigation-archive", args=[dataset.investigation_id]),
    ]


def status_of(client, address):
    """The status, after the whole body."""
    answer = client.get(address)
    answer.getvalue()
    return answer.status_code


@pytest.mark.parametrize("name", PEOPLE)
def test_only_who_may_see_data_gets_any_of_it(world, name):
    client = visitor(world.people[name])

    for which in SEE:
        statuses = {address: status_of(client, address) for address in addresses(world.datasets[which])}
        assert statuses == dict.fromkeys(statuses, 200 if name in SEE[which] else 404)


@pytest.mark.parametrize("route", ["archive-selected", "download-options", "api:dataset-archive-selected"])
def test_a_selection_with_something_hidden_is_refused_as_a_whole(world, route):
    ids = [world.datasets[which].pk for which in ("open", "foreign")]

    answer = visitor(world.people["participant"]).get(reverse(route), {"dataset": ids})

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "No dataset is chosen"),
        ("dataset=first", "named by its number"),
        ("dataset=1%00", "named by its number"),
        ("dataset=" + "9" * 30, "named by its number"),
        ("investigation=mine", "named by its number"),
        ("dataset={pk}&type=strange", "acquisition or processed"),
        ("dataset={pk}&format=rar", "choose one of zip, tar"),
    ],
)
def test_what_cannot_be_understood_is_told(participant, dataset, query, sentence):
    route = "archive-selected" if "format" in query else "download-options"

    answer = visitor(participant).get(f"{reverse(route)}?{query.format(pk=dataset.pk)}")

    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_a_metalink_names_every_file_and_a_token_opens_what_it_names(participant, investigation):
    dataset = make_summed_dataset(investigation, HOSTILE, name="scan")
    address = reverse("api:dataset-archive", args=[dataset.pk])
    api = APIClient(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(participant)[1]}")

    listed = ET.fromstring(api.get(address, {"format": "metalink"}).getvalue())

    for file in listed.iter(f"{METALINK}file"):
        url = file.find(f"{METALINK}url").text
        body = api.get(urlsplit(url).path).getvalue()
        assert url.startswith("http://testserver/api/datafiles/")
        assert file.find(f"{METALINK}hash").attrib == {"type": "sha-256"}
        assert file.find(f"{METALINK}hash").text == hashlib.sha256(body).hexdigest()
        assert file.find(f"{METALINK}size").text == str(len(body))
        assert APIClient().get(urlsplit(url).path).status_code == 404
    assert [file.get("name") for file in listed] == ['LaB6/scan/a"b&<c>.h5', "LaB6/scan/scan/λ.h5"]


def test_the_other_lists_name_the_same_files(participant, investigation):
    dataset = make_summed_dataset(investigation, HOSTILE, name="scan")
    client, address = visitor(participant), reverse("archive", args=[dataset.pk])

    lists = {
        kind: client.get(address, {"format": kind}).getvalue().decode()
        for kind in ("urls", "curl", "checksums")
    }

    first, second = dataset.datafiles.all()
    urls = [f"http://testserver/api/datafiles/{file.pk}/content/" for file in (first, second)]
    assert lists["urls"].splitlines() == urls
    assert lists["checksums"] == (
        f'{first.sha256}  LaB6/scan/a"b&<c>.h5\n{second.sha256}  LaB6/scan/scan/λ.h5\n'
    )
    assert lists["curl"] == (
        f'create-dirs\nurl = "{urls[0]}"\noutput = "LaB6/scan/a\\"b&<c>.h5"\n'
        f'url = "{urls[1]}"\noutput = "LaB6/scan/scan/λ.h5"\n'
    )


def test_the_page_says_how_much_it_is_and_offers_each_way(participant, investigation):
    make_dataset(investigation, files={"a.h5": b"12345"}, name="raw")
    make_dataset(investigation, files={"b.h5": b"123"}, name="made", type=Dataset.Type.PROCESSED)

    page = visitor(participant).get(reverse("download-options"), {"investigation": investigation.pk})
    text = page.content.decode()

    assert re.findall(r"<dd>(.*?)</dd>", text) == ["2", "2", "8\xa0bytes"]
    archive = reverse("archive-investigation", args=[investigation.pk])
    for kind in ("zip", "tar", "metalink", "curl", "urls", "checksums"):
        assert f'href="{archive}?format={kind}"' in text
    assert f"http://testserver/api/investigations/{investigation.pk}/archive/?format=tar" in text
    assert "Authorization: Token" in text

    narrowed = visitor(participant).get(
        reverse("download-options"), {"investigation": investigation.pk, "type": "acquisition"}
    )
    assert re.findall(r"<dd>(.*?)</dd>", narrowed.content.decode()) == ["1", "1", "5\xa0bytes"]


def test_open_data_need_no_token(db):
    dataset = make_dataset(make_investigation(release_date=the_past()))

    page = visitor().get(reverse("download-options"), {"dataset": dataset.pk})

    assert page.status_code == 200
    assert "Authorization" not in page.content.decode()


def test_a_selection_without_files_says_so(participant, investigation):
    dataset = make_dataset(investigation, files={})

    page = visitor(participant).get(reverse("download-options"), {"dataset": dataset.pk})
    archive = visitor(participant).get(reverse("archive", args=[dataset.pk]))

    assert "nothing to download" in page.content.decode()
    assert (archive.status_code, b"has no files to download" in archive.content) == (404, True)


def test_the_page_costs_the_same_for_one_dataset_and_for_many(
    participant, investigation, django_assert_num_queries
):
    client = visitor(participant)
    for n_more in (2, 20):
        for _ in range(n_more):
            make_dataset(investigation)
        ids = list(investigation.datasets.values_list("pk", flat=True))
        with django_assert_num_queries(6):
            client.get(reverse("download-options"), {"dataset": ids})
