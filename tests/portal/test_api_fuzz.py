"""Whatever fits the API's description, and much that does not, gets an answer that fits it too."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from knox.models import AuthToken
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.wsgi import application
from tests.factories import make_user

DESCRIBED = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def one_connection(db):
    """A request does not close the connection that holds the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def token(one_connection, dataset, pipeline):
    return AuthToken.objects.create(make_user(is_staff=True))[1]


# The client here does not close a file that it was sent; downloads have tests of their own.
@DESCRIBED.exclude(path_regex="content|archive").parametrize()
@settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_odd_requests_get_orderly_answers(case, token):
    answer = case.call(app=application, headers={"Authorization": f"Token {token}"})

    case.validate_response(answer, checks=CHECKS)
