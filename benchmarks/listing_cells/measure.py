"""Fills one database and measures every list of the portal in it: ``measure.py N_DATASETS N_REPEATS``.

The database is that of ``DATABASE_URL``, else SQLite in a folder that is thrown away. Prints JSON.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from filling import fill  # noqa: E402 - models can be imported only now

from portal.access.rules import datasets_visible_to, investigations_visible_to  # noqa: E402
from portal.catalogue.models import BY_DATE  # noqa: E402
from portal.pages.paging import page_after  # noqa: E402

SIZE, FAR_PAGE = 20, 500
PEOPLE = ("participant", "scientist", "staff", "stranger")
ADDRESSES = {
    "home": "/",
    "home, all I can see": "/?show=all",
    "investigations, words": "/?q=strain+mapping&kind=investigations",
    "text, common": "/?q=ceria",
    "text, rare": "/?q=ceo2x13n1",
    "text, two words": "/?q=cerium+oxide+45kev",
    "text, none found": "/?q=unobtainium",
    "files": "/?q=image+ceo2x13n1&kind=files",
    "technique, common": "/?technique=XRPD",
    "technique, rare": "/?technique=NRS",
    "energy, narrow": "/?energy_min=45&energy_max=45.2",
    "energy, wide": "/?energy_min=20&energy_max=80",
    "exposure and distance": "/?exposure_min=1&exposure_max=2&distance_max=0.5",
    "technique and energy": "/?technique=PDF&energy_min=45&energy_max=46",
    "text and technique": "/?q=ceria&technique=XRPD",
    "year": "/?when={year}",
    "instrument": "/?instrument=ID07",
    "open": "/?access=open",
    "last week": "/?when=week",
    "all facets": "/?technique=XRPD&instrument=ID07&when={year}&access=open",
    "sample": "/?sample=41",
    "investigation": "/investigations/{visit}/",
    "jobs": "/jobs/",
    "API, words": "/api/datasets/?q=ceria",
}


def main() -> None:
    """Fill, measure, print."""
    n_datasets, repeats = int(sys.argv[1]), int(sys.argv[2])
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    fill(n_datasets)
    told = {"filled_s": time.perf_counter() - started, "cases": []}
    for name in PEOPLE:
        person = User.objects.get(username=name)
        client = Client(SERVER_NAME="localhost")
        client.force_login(person)
        for case, address in addresses_for(person).items():
            told["cases"].append({"person": name, "case": case, **measured(client, address, repeats)})
    print(json.dumps(told))


def addresses_for(person: User) -> dict[str, str]:
    """Return every address with what exists and the person sees filled in, far pages included."""
    newest = investigations_visible_to(person).annotate(sorted_at=BY_DATE).order_by("-sorted_at")
    of_technique = datasets_visible_to(person).filter(type="acquisition", technique_id=1)
    visit = newest[0].pk
    within = {"visit": visit, "year": newest[0].start_date.year}
    told = {case: address.format(**within) for case, address in ADDRESSES.items()}
    pages = min(FAR_PAGE, of_technique.count() // SIZE)
    told["technique, page 500"] = f"/?technique=XRPD&after={cursor(of_technique, pages)}"
    pages = min(FAR_PAGE, newest.count() // SIZE) - 1
    told["home, far page"] = f"/?show=all&after={cursor(newest, pages)}"
    return told


def cursor(rows: QuerySet[Any], page: int) -> str:
    """Return what leads to the page of this number of a list, newest first."""
    before = page_after(rows, order=("-sorted_at", "-id"), cursor="", size=SIZE * max(page - 1, 1))
    return before.next_cursor


def measured(client: Client, address: str, repeats: int) -> dict[str, object]:
    """Return the seconds of some requests, and of their own SQL without Django around it."""
    asked: list[tuple[str, object]] = []
    with noted(asked):
        answer = client.get(address)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{address} answers {answer.status_code}")
    served, bare, worked = [], [], []
    for _ in range(repeats):
        started, worked_before = time.perf_counter(), cpu_s()
        client.get(address)
        served.append(time.perf_counter() - started)
        worked.append(cpu_s() - worked_before)
        started = time.perf_counter()
        with connection.cursor() as own:
            for statement, params in asked:
                own.execute(statement, params)
                own.fetchall()
        bare.append(time.perf_counter() - started)
    return {"served_s": served, "bare_s": bare, "cpu_s": worked, "n_queries": len(asked)}


def cpu_s() -> float:
    """Return the seconds of processor time that this process and its database server have had so far.

    On a machine that others use too it says what the clock would on a quiet one.
    """
    spent = time.process_time()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        backend = Path(f"/proc/{connection.connection.get_backend_pid()}/schedstat")
        spent += int(backend.read_text().split()[0]) / 1e9
    return spent


@contextmanager
def noted(asked: list[tuple[str, object]]) -> Iterator[None]:
    """Keep the reading statements that Django sends meanwhile."""

    def note(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, params))
        return execute(statement, params, many, context)

    with connection.execute_wrapper(note):
        yield


if __name__ == "__main__":
    main()
