"""Fills one database and measures every list of the portal in it: ``measure.py N_DATASETS N_REPEATS``.

The database is that of ``DATABASE_URL`` (SQLite in ``REPRISE_DATA`` without). Prints one JSON document.
"""

import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from filling import fill

from portal.access.rules import datasets_visible_to, investigations_visible_to
from portal.catalogue.models import BY_DATE, Dataset
from portal.pages.paging import page_after

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
    if not Dataset.objects.exists():
        fill(n_datasets)
    told = {"filled_s": time.perf_counter() - started, "cases": []}
    for name in PEOPLE:
        person = User.objects.get(username=name)
        client = Client(SERVER_NAME="localhost")
        client.force_login(person)
        for case, address in addresses_for(person, n_datasets).items():
            told["cases"].append({"person": name, "case": case, **measured(client, address, repeats)})
    print(json.dumps(told))


def addresses_for(person: User, n_datasets: int) -> dict[str, str]:
    """Return every address with what exists and the person sees filled in, far pages included."""
    newest = investigations_visible_to(person).annotate(sorted_at=BY_DATE).order_by("-sorted_at")
    of_technique = datasets_visible_to(person).filter(type="acquisition", technique_id=1)
    visit = newest[0].pk
    within = {"visit": visit, "year": newest[0].start_date.year}
    told = {case: address.format(**within) for case, address in ADDRESSES.items()}
    pages = min(FAR_PAGE, of_technique.count() // SIZE)
    told["technique, page 500"] = (
        f"/?technique=XRPD&after={cursor(of_technique, ('-sorted_at', '-id'), pages)}"
    )
    pages = min(FAR_PAGE, newest.count() // SIZE) - 1
    told["home, far page"] = f"/?show=all&after={cursor(newest, ('-sorted_at', '-id'), pages)}"
    return told


def cursor(rows, order, pages: int) -> str:
    """Return what leads to the page with this number."""
    before = page_after(rows.order_by(), order=order, cursor="", size=SIZE * max(pages - 1, 1))
    return before.next_cursor


def measured(client: Client, address: str, repeats: int) -> dict[str, object]:
    """Return the seconds of some requests, and of their own SQL without Django around it."""
    asked: list[tuple[str, object]] = []
    with noted(asked):
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
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
    return {
        "served_s": served,
        "bare_s": bare,
        "cpu_s": worked,
        "n_queries": len(asked),
        "bytes": len(answer.content),
    }


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
def noted(asked: list[tuple[str, object]]):
    """Keep the reading statements that Django sends meanwhile."""

    def note(execute, statement, params, many, context):
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, params))
        return execute(statement, params, many, context)

    with connection.execute_wrapper(note):
        yield


if __name__ == "__main__":
    main()
