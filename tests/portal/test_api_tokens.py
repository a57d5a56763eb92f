"""Tokens: got with a password, used, ended."""

import base64
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone
from knox.models import AuthToken

from portal.access.models import AuditEvent
from tests.factories import PASSWORD


@pytest.fixture
def login(api_of, participant):
    def post(name="participant", password=PASSWORD, body=None, **options):
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        options = {"format": "json", **options}
        return api_of().post(
            "/api/tokens/", body, headers={"Authorization": f"Basic {credentials}"}, **options
        )

    return post


@pytest.fixture
def with_token(api_of):
    def client(token):
        api = api_of()
        api.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return api

    return client


def _days_left(answer):
    return (AuthToken.objects.get(token_key=answer.json()["token"][:15]).expiry - timezone.now()) / timedelta(
        days=1
    )


def test_a_token_opens_what_its_owner_sees_and_is_kept_as_a_digest(login, with_token, dataset, participant):
    answer = login()

    token = answer.json()["token"]
    assert answer.status_code == 201
    assert with_token(token).get(f"/api/datasets/{dataset.pk}/").status_code == 200
    assert token not in AuthToken.objects.values_list("digest", flat=True)
    assert AuditEvent.objects.get(action="token.create").user == participant


@pytest.mark.parametrize(
    ("body", "days"), [(None, 90), ({"lifetime_days": 365}, 365), ({"lifetime_days": 1}, 1)]
)
def test_a_token_lives_as_long_as_was_asked(login, body, days):
    assert _days_left(login(body=body)) == pytest.approx(days, abs=0.1)


@pytest.mark.parametrize("days", [0, 366, -1, "x", 10**30, 1.5])
def test_no_token_lives_longer_than_a_year(login, days):
    answer = login(body={"lifetime_days": days})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["lifetime_days"])


def test_an_expired_token_is_refused(login, with_token, dataset):
    token = login().json()["token"]
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))

    answer = with_token(token).get(f"/api/datasets/{dataset.pk}/")

    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_revoked_token_is_refused_and_others_stay(login, with_token):
    ended, kept = login().json()["token"], login().json()["token"]

    answer = with_token(ended).delete("/api/tokens/current/")

    assert answer.status_code == 204
    assert with_token(ended).get("/api/jobs/").status_code == 401
    assert with_token(kept).get("/api/jobs/").status_code == 200


def test_a_login_is_not_a_token(api_of, participant):
    assert api_of(participant).delete("/api/tokens/current/").status_code == 401
    assert api_of(participant).post("/api/tokens/").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "rpr_" + "0" * 64, "é", "a b", "\udcff", "x\0y"])
def test_what_is_no_token_is_refused(api_of, db, token):
    answer = api_of().get(
        "/api/jobs/", headers={"Authorization": f"Token {token}".encode("utf8", "surrogateescape")}
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [("participant", "wrong"), ("nobody", PASSWORD), ("x" * 300, "y"), ("a\0b", "y"), ("a", "\0"), ("", "")],
)
def test_a_wrong_password_and_an_unknown_name_are_told_alike(login, name, password):
    answer = login(name, password)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Basic realm="Reprise"'
    assert answer.json() == {"code": "authentication_failed", "message": "Invalid username/password."}


@pytest.mark.parametrize("credentials", ["", "x", "eA==", "////", "a b"])
def test_what_is_no_password_is_refused(api_of, db, credentials):
    answer = api_of().post("/api/tokens/", headers={"Authorization": f"Basic {credentials}"})

    assert answer.status_code == 401


def test_guessing_is_locked_even_for_the_right_password(login):
    wrong = [login(password="wrong").status_code for _ in range(settings.AXES_FAILURE_LIMIT)]

    answer = login()

    assert wrong == [401] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert answer["Retry-After"] == "900"
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "["),
        ("text/plain", "x"),
        ("application/x-www-form-urlencoded", "a=b"),
        ("multipart/form-data; boundary=x", "--x--"),
    ],
)
def test_a_body_that_cannot_be_read_does_not_hide_a_guess(login, content_type, body):
    answer = login(password="wrong", body=body, content_type=content_type, format=None)

    assert answer.status_code == 401
    assert AccessAttempt.objects.get().failures_since_start == 1


@pytest.mark.parametrize("password", ["wrong", PASSWORD])
def test_a_form_without_an_end_tells_nothing_of_the_password(login, password):
    answer = login(password=password, body="x", content_type="multipart/form-data", format=None)

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
