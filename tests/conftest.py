"""What the tests of the portal share: people in their parts, one investigation, one dataset."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from portal.catalogue.models import InvestigationUser
from tests.factories import make_dataset, make_instrument, make_investigation, make_pipeline, make_user

Role = InvestigationUser.Role


def pytest_configure():
    """Never write rows and files into the data folder of a real portal."""
    if settings.SETTINGS_MODULE == "portal.settings":
        raise pytest.UsageError("Run the tests with DJANGO_SETTINGS_MODULE=tests.settings.")


@pytest.fixture
def participant(db):
    return make_user("participant")


@pytest.fixture
def observer(db):
    return make_user("observer")


@pytest.fixture
def scientist(db):
    return make_user("scientist")


@pytest.fixture
def staff(db):
    return make_user("staff", is_staff=True)


@pytest.fixture
def stranger(db):
    """Somebody with a part in another investigation on another instrument."""
    user = make_user("stranger")
    make_investigation(people={user: Role.PARTICIPANT})
    return user


@pytest.fixture
def instrument(scientist):
    return make_instrument("ID01", scientists=[scientist])


@pytest.fixture
def investigation(instrument, participant, observer):
    """Under embargo."""
    return make_investigation(instrument, people={participant: Role.PARTICIPANT, observer: Role.OBSERVER})


@pytest.fixture
def dataset(investigation):
    return make_dataset(investigation)


@pytest.fixture
def pipeline(db):
    return make_pipeline()


@pytest.fixture
def api_of() -> Callable[..., APIClient]:
    """A client of the API for a person, or for nobody."""

    def client(person=None) -> APIClient:
        api = APIClient(raise_request_exception=False)
        if person is not None:
            api.force_login(person)
        return api

    return client


@pytest.fixture
def sent(monkeypatch) -> list[UUID]:
    """The ids of the jobs that were announced to the workers; nothing reaches a broker."""
    ids: list[UUID] = []
    monkeypatch.setattr("portal.jobs.services.announce_jobs", lambda jobs: ids.extend(job.pk for job in jobs))
    return ids
