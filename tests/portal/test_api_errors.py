"""Whatever is sent, the answer is JSON with a code and a sentence, never a trace."""

import json

import pytest
from rest_framework.exceptions import ValidationError

from portal.api import errors
from portal.api.parsers import MAX_BYTES, MAX_DEPTH


@pytest.fixture
def post(api_of, participant):
    api = api_of(participant)

    def send(body, content_type="application/json"):
        return api.post("/api/jobs/", body, content_type=content_type)

    return send


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        b"\xff\xfe",
        "nul",
        "NaN",
        '{"dataset": Infinity}',
        '{"dataset": 1e999}',
        '{"dataset": ' + "9" * 400 + "}",
        '{"dataset": ' + "9" * 5000 + "}",
        '{"pipeline": "\\u0000"}',
        '{"\\u0000": 1}',
        '{"pipeline": "\\ud800"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":' * 1200 + "1" + "}" * 1200,
        "[]",
        "1",
        '"x"',
        "null",
    ],
)
def test_odd_json_is_refused(post, body):
    answer = post(body)

    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid"}


@pytest.mark.parametrize(("depth", "code"), [(MAX_DEPTH - 2, "not_found"), (MAX_DEPTH, "parse_error")])
def test_nesting_has_a_bound(post, depth, code):
    nested = json.loads('{"a":' * depth + "1" + "}" * depth)

    answer = post(json.dumps({"dataset": 1, "pipeline": "x", "parameters": nested}))

    assert answer.json()["code"] == code


def test_a_body_that_is_too_large_is_refused(post):
    answer = post('"' + "x" * MAX_BYTES + '"')

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_type_of_body_is_refused(post):
    answer = post("<job/>", content_type="application/xml")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_every_fault_is_named(post):
    answer = post("{}")

    text = "This field is required."
    assert answer.json() == {
        "code": "invalid",
        "message": f"The request cannot be used. dataset: {text}; pipeline: {text}",
        "fields": {"dataset": text, "pipeline": text},
    }


@pytest.mark.parametrize("address", ["/api/nothing/", "/api/jobs", "/api/datasets/1"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_an_address_that_is_none_is_told_in_json(api_of, db, address, method):
    answer = getattr(api_of(), method)(address)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("address", ["", "investigations/", "datasets/", "jobs/", "pipelines/", "tokens/"])
def test_every_address_tells_its_methods(api_of, participant, address):
    answer = api_of(participant).options(f"/api/{address}")

    assert answer.status_code == (401 if address == "tokens/" else 200)


def test_another_method_is_refused(api_of, participant):
    answer = api_of(participant).delete("/api/jobs/")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_who_must_log_in_is_told_how(api_of, db):
    answer = api_of().post("/api/jobs/", {}, format="json")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "not_authenticated"


def test_a_page_of_another_site_cannot_start_a_job(participant, client):
    client.handler.enforce_csrf_checks = True
    client.force_login(participant)

    answer = client.post("/api/jobs/", "{}", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_fault_of_the_portal_shows_a_number_and_no_trace(api_of, participant, monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("secret")

    monkeypatch.setattr("portal.api.views.jobs.listed_jobs_visible_to", fail)

    answer = api_of(participant).get("/api/jobs/")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.content.decode()
    assert answer.json()["message"].split()[-1].rstrip(".") in caplog.text
    assert "secret" in caplog.text


def test_nested_faults_have_dotted_names():
    error = ValidationError({"files": [{}, {"name": ["too long"]}], "non_field_errors": ["no"]})

    answer = errors.handle(error, {})

    assert answer.data["fields"] == {"files.1.name": "too long", "": "no"}
