"""The main job over the REST API, as a program does it with a token: nothing but HTTP and a real worker."""

import hashlib
import json
import time
from urllib.error import HTTPError

import pytest

from processing.simulation import write_powder_dataset
from tests.site.rest import Api, api_of


@pytest.fixture(scope="module")
def scientist(site):
    """The API as the instrument's scientist, who may register data."""
    return api_of(site.url, "scientist")


def test_register_start_follow_and_download(site, scientist):
    folder = site.raw / "over_rest"
    write_powder_dataset(folder, calibrant="LaB6", name="over_rest", energy_kev=45.0)
    investigation = scientist.json("GET", "/api/investigations/")["results"][0]

    dataset = scientist.json(
        "POST",
        "/api/datasets/",
        {
            "investigation": investigation["id"],
            "name": "over_rest",
            "location": str(folder),
            "sample": "LaB6",
            "technique": "XRPD",
            "parameters": {"InstrumentMonochromator_energy": 45.0},
        },
    )
    offered = scientist.json("GET", f"/api/datasets/{dataset['id']}/pipelines/")
    geometry = {"dist": 0.2, "poni1": 0.09, "poni2": 0.09, "detector": "Pilatus1M"}
    job = scientist.json(
        "POST",
        "/api/jobs/",
        {"dataset": dataset["id"], "pipeline": "powder_pattern", "parameters": {"geometry": geometry}},
    )
    deadline = time.monotonic() + 30
    while job["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.1)
        job = scientist.json("GET", f"/api/jobs/{job['id']}/")
    files = scientist.json("GET", f"/api/datasets/{job['output']}/files/")["results"]
    file = next(row for row in files if row["name"] == "integrate.nxs")
    content = scientist.call("GET", f"/api/datafiles/{file['id']}/content/")

    assert "powder_pattern" in [pipeline["identifier"] for pipeline in offered]
    assert job["state"] == "succeeded"
    assert [step["state"] for step in job["steps"]] == ["succeeded"] * 4  # integrate, save twice, check
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert content.startswith(b"\x89HDF\r\n")


def test_without_a_token_embargoed_data_do_not_exist(site):
    with pytest.raises(HTTPError) as refused:
        Api(site.url).call("GET", "/api/datasets/1/")

    assert refused.value.code == 404
    assert json.loads(refused.value.read())["code"] == "not_found"
