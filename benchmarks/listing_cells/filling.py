"""Fills a database with datasets of 20 parameters, a hundred in each investigation, in bulk.

Ten years of measuring on 20 instruments, opened after three years each, as at a real facility: what a
stranger sees begins three years ago. Every tenth dataset is a result; one in twenty was asked for by a job.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.utils import CursorWrapper

from portal.catalogue.models import Facility, Instrument, Investigation, InvestigationUser, Sample, Technique
from portal.catalogue.search.structures import drop_structures, make_structures
from portal.jobs.models import Pipeline

PER_INVESTIGATION, N_SAMPLES, N_INSTRUMENTS = 100, 4, 20
# Out of a thousand investigations.
TECHNIQUES = {"XRPD": 300, "SAXS": 250, "XANES": 200, "XRF": 130, "PDF": 70, "MX": 40, "RIXS": 9, "NRS": 1}
FORMULAS = ("CeO2", "LaB6", "Al2O3", "Si", "TiO2", "ZnO", "Fe3O4", "LiFePO4", "NaCl", "BaTiO3", "Ni", "Cu2O")
TOPICS = ("thermal expansion", "phase transition", "strain mapping", "operando cycling", "pigments", "glass")
YEARS = 10
TABLES = (
    *("catalogue_dataset", "catalogue_datafile", "catalogue_datasetsummary", "jobs_job", "jobs_output"),
    "catalogue_dataset_inputs",
)
FIRST = datetime.now(tz=UTC).replace(microsecond=0) - timedelta(days=365 * YEARS)


def fill(n_datasets: int) -> None:
    """Fill an empty, migrated database."""
    fill_small_tables(n_datasets // PER_INVESTIGATION)
    is_postgresql = connection.vendor == "postgresql"
    drop_structures("default")
    with connection.cursor() as cursor:
        indexes = dropped_indexes(cursor)
        if is_postgresql:
            cursor.execute("SET session_replication_role = replica")  # the rows are known to fit together
        else:
            cursor.execute("PRAGMA foreign_keys = OFF")
        for statement in statements():
            cursor.execute(statement.replace("{n}", str(n_datasets)))
        for index in indexes:
            cursor.execute(index)
    make_structures("default")
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("RESET session_replication_role")
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")


def fill_small_tables(n_investigations: int) -> None:
    """Make people, instruments, investigations and samples; ids count from 1."""
    chance = random.Random(2026)
    users = User.objects.bulk_create(User(username=f"user{n}") for n in range(200))
    User.objects.bulk_create([User(username="staff", is_staff=True), User(username="scientist")])
    User.objects.bulk_create([User(username="participant"), User(username="stranger")])
    facility = Facility.objects.create(name="Lumen")
    instruments = Instrument.objects.bulk_create(
        Instrument(facility=facility, name=f"ID{n:02}") for n in range(1, N_INSTRUMENTS + 1)
    )
    instruments[0].scientists.add(User.objects.get(username="scientist"))
    Technique.objects.bulk_create(
        Technique(pid=f"http://example.org/{name}", name=name, acronym=name) for name in TECHNIQUES
    )
    graph = {"graph": {}, "nodes": []}
    Pipeline.objects.create(identifier="pattern", label="Pattern", graph=graph, digest="0")
    step = timedelta(days=365 * YEARS) / n_investigations
    visits = Investigation.objects.bulk_create(
        (visit(instruments, n, FIRST + step * n) for n in range(1, n_investigations + 1)),
        batch_size=1000,
    )
    people = [(v, u) for v in visits for u in chance.sample(users, 4)]
    own = User.objects.get(username="participant")
    people += [(v, own) for v in visits[:: max(n_investigations // 30, 1)]]
    InvestigationUser.objects.bulk_create(
        (InvestigationUser(investigation=v, user=u) for v, u in people), batch_size=5000
    )
    Sample.objects.bulk_create((sample(v, n) for v in visits for n in range(N_SAMPLES)), batch_size=5000)


def visit(instruments: list[Instrument], number: int, start: datetime) -> Investigation:
    """Return one investigation; its release date is three years after its start."""
    title = f"{TOPICS[number % len(TOPICS)]} of {FORMULAS[number % len(FORMULAS)]}"
    return Investigation(
        pk=number,
        instrument=instruments[number * 7 % N_INSTRUMENTS],
        name=f"MA-{number}",
        title=title.capitalize(),
        summary="What was measured, and why. " * 8,
        start_date=start.replace(microsecond=0),
        release_date=start + timedelta(days=3 * 365),
    )


def sample(investigation: Investigation, number: int) -> Sample:
    """Return one sample; its name is one word."""
    formula = FORMULAS[(investigation.pk + number) % len(FORMULAS)]
    name = f"{formula.lower()}x{investigation.pk % 97}"
    pk = (investigation.pk - 1) * N_SAMPLES + number + 1
    return Sample(pk=pk, investigation=investigation, name=f"{name}n{number}", formula=formula)


def dropped_indexes(cursor: CursorWrapper) -> list[str]:
    """Drop the indexes of the big tables, those of constraints apart; return what makes them again."""
    names = ", ".join(f"'{table}'" for table in TABLES)
    if connection.vendor == "postgresql":
        cursor.execute(
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({names}) AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)"
        )
    else:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
            f"AND tbl_name IN ({names}) AND sql NOT LIKE 'CREATE UNIQUE%'"
        )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]


def statements() -> list[str]:
    """Return the statements that fill the big tables, {n} standing for the number of datasets."""
    words = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    bounds = list(accumulate(TECHNIQUES.values()))
    told = {
        **words,
        "key_a": words["key"].replace("{salt}", "a"),
        "key_b": words["key"].replace("{salt}", "b"),
        "parameters": parameters(),
        "technique": " ".join(
            f"WHEN v.id * 7919 % 1000 < {bound} THEN {number}" for number, bound in enumerate(bounds, start=1)
        ),
    }
    return [statement.format(n="{n}", **told) for statement in STATEMENTS]


def parameters() -> str:
    """Return the twenty parameters of dataset ``i`` as arguments of the database's JSON function."""
    searched = {
        "InstrumentMonochromator_energy": "5 + (i * 7919 % 95000) / 1000.0",
        "HTXRPD_exposureTime": "(i * 104729 % 2000) / 100.0",
        "XRPD_geometry_dist": "(i * 611953 % 400) / 100.0",
    }
    numbers = {f"SampleValue_{k}": f"(i * {7919 + k} % 10000) / 100.0" for k in range(10)}
    texts = {f"Note_{k}": f"'value ' || (i * {31 + k} % 50)" for k in range(7)}
    return ", ".join(f"'{name}', {value}" for name, value in {**searched, **numbers, **texts}.items())


POSTGRESQL = {
    "series": "(SELECT g AS i FROM generate_series(1::bigint, {n}) g) s",
    "object": "jsonb_build_object",
    "started": "v.start_date + (i % 100) * interval '20 minutes'",
    "later": "d.sorted_at + interval '1 hour'",
    "key": "md5(d.id::text || '{salt}')::uuid",
    "svg": "repeat('<path d=\"M1 2\"/>', 60)",
}
SQLITE = {
    "series": """(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {n})
    SELECT i FROM c) s""",
    "object": "json_object",
    "started": "strftime('%Y-%m-%d %H:%M:%S', v.start_date, '+' || ((i % 100) * 20) || ' minutes')",
    "later": "strftime('%Y-%m-%d %H:%M:%S', d.sorted_at, '+1 hour')",
    "key": "lower(hex(randomblob(16)))",
    "svg": "replace(hex(zeroblob(60)), '00', '<path d=\"M1 2\"/>')",
}
STATEMENTS = (
    """INSERT INTO catalogue_dataset (id, investigation_id, sample_id, technique_id, type, name, location,
    started_at, sorted_at, registered_at, energy_kev, file_count, size_bytes, parameters, latest_result_id,
    words)
    SELECT i, v.id, p.id, CASE {technique} END, CASE WHEN i % 10 = 9 THEN 'processed' ELSE 'acquisition' END,
    p.name || '_' || (i % 10000) || '_' || (5 + i * 7919 % 95000 / 1000) || 'keV',
    '/data/visitor/' || v.name || '/' || i, {started}, {started}, {started}, 5 + (i * 7919 % 95000) / 1000.0,
    1, 1000000, {object}({parameters}), CASE WHEN i % 10 = 8 THEN i + 1 END,
    p.name || ' ' || (i % 10000) || ' ' || (5 + i * 7919 % 95000 / 1000) || 'kev ' || p.words
    || ' ma ' || v.id || ' ' || lower(v.title)
    FROM {series} JOIN catalogue_investigation v ON v.id = (i - 1) / 100 + 1
    JOIN catalogue_sample p ON p.id = (v.id - 1) * 4 + i % 4 + 1""",
    """INSERT INTO catalogue_datafile (id, dataset_id, name, size_bytes, sha256, words)
    SELECT d.id, d.id, d.name || '/image_0001.h5', 1000000, '',
    replace(lower(d.name), '_', ' ') || ' image 0001 h5' FROM catalogue_dataset d""",
    """INSERT INTO catalogue_datasetsummary (id, dataset_id, content, plot_svg)
    SELECT d.id, d.id, '{{}}', {svg} FROM catalogue_dataset d WHERE d.type = 'processed'""",
    """INSERT INTO jobs_job (id, pipeline_id, dataset_id, investigation_id, submitted_by_id, request_key,
    workflow, parameters, recipe_digest, state, attempt, failures, not_before, created_at, worker, error_code,
    error_message) SELECT {key_a}, 1, d.id, d.investigation_id,
    CASE WHEN d.id % 1000 = 8 THEN (SELECT id FROM auth_user WHERE username = 'participant')
    ELSE 1 + d.id % 200 END,
    {key_b}, '{{"nodes": []}}', '{{}}', 'd', CASE WHEN d.id % 300 = 8 THEN 'failed'
    WHEN d.id % 5000 = 28 THEN 'running' ELSE 'succeeded' END, 1, 0, d.sorted_at, {later}, '', '', ''
    FROM catalogue_dataset d WHERE d.id % 20 = 8""",
    """INSERT INTO jobs_output (job_id, dataset_id, attempt, record, published_at)
    SELECT d.id, d.dataset_id + 1, 1, '{{}}', d.created_at FROM jobs_job d WHERE state = 'succeeded'""",
)
