"""Behind a real nginx that the portal's own command has configured, files leave by nginx alone."""

import io
import json
import os
import tarfile
from base64 import b64encode
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import quote

import pytest

from tests.site.web_servers import gunicorn, nginx, portal_environment

MIB = 1 << 20
# Larger than what fits into the buffers between the disk and the client.
LARGE = os.urandom(MIB) * 48
ODD_NAME = "50% of (it) ?λ.h5"


class Visitor:
    """Requests to a port, with a token or without."""

    def __init__(self, port, token=""):
        self._port, self._headers = port, {"Authorization": f"Token {token}"} if token else {}

    def open(self, address, method="GET", body=None, **headers):
        """The answer, before its body is read."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        told = {"Connection": "close", "Content-Type": "application/json", **self._headers, **headers}
        connection.request(method, address, body and json.dumps(body), headers=told)
        return connection.getresponse()

    def get(self, address, **headers):
        """Status, headers in small letters, body."""
        with self.open(address, **headers) as answer:
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def json(self, address, method="GET", body=None, **headers):
        with self.open(address, method, body, **headers) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def portal(site, tmp_path_factory):
    """The port of nginx, before a gunicorn on the data of the running portal."""
    folder = tmp_path_factory.mktemp("nginx")
    env = portal_environment(data=site.data, raw=site.raw, REPRISE_SENDFILE="x-accel")
    with (
        gunicorn(env, folder / "gunicorn.log") as (upstream, _),
        nginx(env, folder / "nginx", upstream=upstream) as port,
    ):
        yield port


@pytest.fixture(scope="module")
def scientist(portal):
    login = b64encode(b"scientist:scientist-diffraction").decode()
    told = Visitor(portal).json("/api/tokens/", "POST", {}, Authorization=f"Basic {login}")
    return Visitor(portal, told["token"])


@pytest.fixture(scope="module")
def dataset(site, scientist):
    """A dataset under embargo, with the addresses of its files by their names."""
    folder = site.raw / "behind nginx"
    folder.mkdir()
    for name, content in {"large.h5": LARGE, ODD_NAME: b"odd"}.items():
        (folder / name).write_bytes(content)
    investigation = scientist.json("/api/investigations/")["results"][0]
    row = scientist.json(
        "/api/datasets/",
        "POST",
        {"investigation": investigation["id"], "name": "behind", "location": str(folder)},
    )
    files = scientist.json(f"/api/datasets/{row['id']}/files/")["results"]
    contents = {file["name"]: f"/api/datafiles/{file['id']}/content/" for file in files}
    return {"id": row["id"], "folder": folder, "files": contents}


def test_nginx_sends_the_file_and_nobody_learns_where_it_is(scientist, dataset):
    status, told, body = scientist.get(dataset["files"]["large.h5"])

    assert status == 200
    assert body == LARGE
    assert not [name for name in told if name.startswith("x-accel")]
    assert str(dataset["folder"]) not in str(told)
    assert told["content-disposition"] == 'attachment; filename="large.h5"'
    assert told["content-type"] == "application/x-hdf5"
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-security-policy"] == "default-src 'none'; sandbox"
    assert told["cache-control"] == "private, no-transform"


def test_a_file_of_any_name_is_found(scientist, dataset):
    assert scientist.get(dataset["files"][ODD_NAME])[::2] == (200, b"odd")


def test_a_broken_download_goes_on(scientist, dataset):
    address = dataset["files"]["large.h5"]
    etag = scientist.get(address, Range="bytes=0-0")[1]["etag"]

    status, told, body = scientist.get(address, Range=f"bytes={47 * MIB}-", **{"If-Range": etag})
    beyond = scientist.get(address, Range=f"bytes={len(LARGE)}-")
    other = scientist.open(address, Range="bytes=1-", **{"If-Range": '"another"'})

    assert (status, body) == (206, LARGE[47 * MIB :])
    assert told["content-range"] == f"bytes {47 * MIB}-{len(LARGE) - 1}/{len(LARGE)}"
    assert (beyond[0], beyond[1]["content-range"]) == (416, f"bytes */{len(LARGE)}")
    assert other.status == 200
    other.close()


def test_a_stranger_gets_no_byte(portal, dataset):
    for address in (*dataset["files"].values(), f"/api/datasets/{dataset['id']}/archive/"):
        status, _, body = Visitor(portal).get(address)

        assert status == 404
        assert json.loads(body)["code"] == "not_found"


@pytest.mark.parametrize("way", ["/reprise-internal", "//reprise-internal", "/login/../reprise-internal"])
def test_the_inner_addresses_cannot_be_reached_from_outside(scientist, dataset, way):
    path = quote(str(dataset["folder"] / "large.h5"))

    assert scientist.get(way + path)[0] == 404
    assert scientist.get(f"{way}{path}/../../../etc/passwd")[0] in (400, 404)


def test_an_archive_passes_through_whole_and_in_part(scientist, dataset):
    address = f"/api/datasets/{dataset['id']}/archive/?format=tar"

    _, told, whole = scientist.get(address)
    status, _, rest = scientist.get(address, Range=f"bytes={len(whole) - 5000}-")

    assert told["content-length"] == str(len(whole))
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        assert archive.extractfile("no_sample/behind/large.h5").read() == LARGE
    assert (status, rest) == (206, whole[-5000:])


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_file_that_changes_on_the_way_breaks_the_connection(scientist, dataset, kind):
    with scientist.open(f"/api/datasets/{dataset['id']}/archive/?format={kind}") as answer:
        answer.read(MIB)
        with (dataset["folder"] / "large.h5").open("ab") as file:
            file.write(b"more")

        with pytest.raises(IncompleteRead):
            answer.read()
