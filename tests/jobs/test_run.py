"""One run: by hand, and forked by the process that starts runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import h5py
import pytest

from processing.forkserver import ForkServer
from processing.pipelines import shipped_pipelines
from processing.provenance.record import canonical_json, hash_file, sha256_of
from processing.recipe import Recipe, write_recipe
from processing.simulation import write_powder_dataset
from tests.jobs.job_tasks import sleeper_in
from tests.processes import still_running

PROJECT = Path(__file__).resolve().parents[2]
TASKS = "tests.jobs.job_tasks"


@pytest.fixture(params=["by hand", "forked"])
def run(request, tmp_path, fork_server):
    """A function that runs a recipe: returns the event lines, the exit code and what was printed."""
    start = run_by_hand if request.param == "by hand" else fork_server
    return lambda recipe: run_recipe(start, recipe, tmp_path)


@pytest.fixture
def run_forked(tmp_path, fork_server):
    return lambda recipe: run_recipe(fork_server, recipe, tmp_path)


def run_recipe(how, recipe, folder):
    path = folder / "recipe.json"
    write_recipe(recipe, path)
    return run_by_hand(path) if how is run_by_hand else run_with(how, path, folder / "log.txt")


def run_by_hand(path):
    command = [sys.executable, "-m", "processing.run", str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.returncode, ended.stderr


def run_with(server, path, log):
    child = server.start(path, log)
    try:
        with os.fdopen(os.dup(child.events)) as lines:
            told = [json.loads(line) for line in lines]
        return told, child.wait(), log.read_text()
    finally:
        child.kill()
        child.close()


def recipe_of(task, folder, *, file="out.json", allowed=None, **settings):
    """A recipe of one task, which is told where to write ``file``."""
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    identifier = f"{TASKS}.{task}"
    given = {
        "job_id": str(uuid4()),
        "attempt": 1,
        "workflow": {
            "graph": {"id": "one"},
            "nodes": [{"id": "it", "task_type": "class", "task_identifier": identifier}],
            "links": [],
        },
        "inputs": [],
        "staging": str(staging),
        "output_files": [{"id": "it", "name": "filename", "value": file}] if file else [],
        "tasks": [identifier] if allowed is None else allowed,
    }
    return Recipe(**{**given, **settings})


def powder_recipe(folder, **changes):
    """The shipped powder pipeline on a simulated image."""
    written = write_powder_dataset(folder / "raw", detector="Pilatus100k")
    [workflow] = [graph for graph in shipped_pipelines() if graph["graph"]["id"] == "powder_pattern"]
    staging = folder / "staging"
    staging.mkdir()
    geometry = {**written.values["geometry"], **changes}
    return Recipe(
        job_id=str(uuid4()),
        attempt=3,
        workflow=workflow,
        inputs=[
            {"id": "integrate", "name": "image", "value": str(written.image)},
            {"id": "integrate", "name": "geometry", "value": geometry},
        ],
        staging=str(staging),
        output_files=workflow["graph"]["output_files"],
        roots=[str(folder / "raw")],
        input_files={"image": str(written.image)},
        tasks=[node["task_identifier"] for node in workflow["nodes"]],
        summary="xrpd",
    )


def test_a_run_tells_its_steps_in_order_and_that_its_files_are_staged_last(run, tmp_path):
    told, exit_code, _ = run(powder_recipe(tmp_path))

    finish = "Check and describe the result"
    steps = [(line["step"], line["type"]) for line in told if line["kind"] == "step"]
    assert steps[:2] == [("integrate", "start"), ("integrate", "end")]
    assert {step for step, _ in steps[2:-2]} == {"save", "save_text"}
    assert steps[-2:] == [(finish, "start"), (finish, "end")]
    assert (told[-1], exit_code) == ({"kind": "staged"}, 0)


def test_the_manifest_lists_every_staged_file_as_it_is(run_forked, tmp_path):
    run_forked(powder_recipe(tmp_path))

    staging = tmp_path / "staging"
    manifest = json.loads((staging / "manifest.json").read_text())
    names = sorted(path.name for path in staging.iterdir())
    assert names == ["integrate.nxs", "integrate.xye", "manifest.json", "record.json"]
    listed = [name for name in names if name != "manifest.json"]
    assert manifest["files"] == [hash_file(staging / name, name=name) for name in listed]
    with h5py.File(staging / "integrate.nxs") as file:
        assert (file["entry/data/I"][()] > 0).any()


def test_the_record_tells_the_workflow_the_versions_and_the_hashes_of_the_input(run_forked, tmp_path):
    recipe = powder_recipe(tmp_path)

    run_forked(recipe)

    record = json.loads((tmp_path / "staging" / "record.json").read_text())
    image = Path(recipe.input_files["image"])
    assert (record["job_id"], record["attempt"]) == (recipe.job_id, 3)
    assert record["workflow"] == recipe.workflow
    assert record["workflow_sha256"] == sha256_of(canonical_json(recipe.workflow))
    assert record["input_files"] == [hash_file(image, name=image.name)]
    assert any(line.startswith("pyFAI==") for line in record["environment"])
    assert [(node["id"], node["state"]) for node in record["nodes"]] == [
        ("integrate", "succeeded"),
        ("save", "succeeded"),
        ("save_text", "succeeded"),
    ]
    assert str(tmp_path) not in json.dumps(record)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"dist": -0.2}, "dist"), ({"wavelength": float("nan")}, "wavelength"), ({"poni1": "left"}, "poni1")],
)
def test_a_geometry_that_cannot_be_is_named_and_stages_nothing(run_forked, tmp_path, changes, named):
    told, exit_code, _ = run_forked(powder_recipe(tmp_path, **changes))

    assert (told[-1]["kind"], told[-1]["code"], exit_code) == ("failed", "bad_input", 1)
    assert named in told[-1]["message"]
    assert list((tmp_path / "staging").iterdir()) == []


def test_no_secret_of_the_worker_is_in_the_environment_or_the_memory_of_a_run(tmp_path, monkeypatch):
    halves = uuid4().hex, uuid4().hex
    monkeypatch.setenv("SECRET_KEY", "".join(halves))
    monkeypatch.setenv("DATABASE_URL", "postgres://portal:password@db/portal")
    (tmp_path / "halves.txt").write_text("\n".join(halves))
    inputs = [{"id": "it", "name": "secret_file", "value": str(tmp_path / "halves.txt")}]
    search = recipe_of("FindInMemory", tmp_path, file="", inputs=inputs)
    server = ForkServer()

    run_recipe(server, recipe_of("TellSurroundings", tmp_path), tmp_path)
    forked, _, _ = run_recipe(server, search, tmp_path)
    server.stop()
    # A run that is started with the worker's environment does have it: the search finds what is there.
    by_hand, _, _ = run_recipe(run_by_hand, search, tmp_path)

    seen = json.loads((tmp_path / "staging" / "out.json").read_text())
    assert "PATH" in seen["environment"]
    assert {"SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"} & set(seen["environment"]) == set()
    assert forked[-1] == {"kind": "staged"}
    assert "the secret is in memory" in by_hand[-1]["message"]


def test_a_run_knows_neither_django_nor_the_portal(run, tmp_path):
    run(recipe_of("TellSurroundings", tmp_path))

    seen = json.loads((tmp_path / "staging" / "out.json").read_text())
    roots = {name.partition(".")[0] for name in seen["modules"]}
    assert "workflows" in roots
    assert {"django", "portal", "celery", "psycopg2"} & roots == set()


def test_a_forked_run_leads_its_own_session_and_has_no_way_to_the_worker(run_forked, tmp_path):
    run_forked(recipe_of("TellSurroundings", tmp_path))

    seen = json.loads((tmp_path / "staging" / "out.json").read_text())
    assert seen["session"] == seen["process"]
    assert [name for name in seen["open"] if name.startswith("socket:")] == []
    # Where the event lines go; the other end of a pipe to the server would be a way out of the run.
    assert len([name for name in seen["open"] if name.startswith("pipe:")]) == 1


def test_what_a_task_prints_does_not_disturb_the_event_lines(run, tmp_path):
    told, exit_code, printed = run(recipe_of("Print", tmp_path, file=""))

    assert [line["kind"] for line in told] == ["step", "step", "step", "step", "staged"]
    assert exit_code == 0
    assert printed.count('{"kind": "staged"}') == 2
    assert "a lie" in printed


@pytest.mark.parametrize("identifier", ["os.system", "builtins.eval", f"{TASKS}.Wait"])
def test_a_task_that_is_not_on_the_list_is_refused(run_forked, tmp_path, identifier):
    recipe = recipe_of("TellSurroundings", tmp_path)
    recipe.workflow["nodes"][0].update(task_identifier=identifier)

    told, exit_code, _ = run_forked(recipe)

    assert (told[-1]["code"], exit_code) == ("not_allowed", 1)
    assert identifier in told[-1]["message"]
    assert list((tmp_path / "staging").iterdir()) == []


@pytest.mark.parametrize(("limit", "ending"), [(4 << 30, "out_of_memory"), (0, None)])
def test_a_run_gets_no_more_memory_than_its_limit(run_forked, tmp_path, limit, ending):
    told, _, _ = run_forked(recipe_of("TakeMemory", tmp_path, file="", memory_limit_bytes=limit))

    assert told[-1].get("code") == ending


def test_a_crash_of_a_library_ends_the_run_and_not_the_server(run_forked, tmp_path):
    crashed, exit_code, _ = run_forked(recipe_of("Segfault", tmp_path))
    following, _, _ = run_forked(recipe_of("TellSurroundings", tmp_path))

    assert [line["kind"] for line in crashed] == ["step"]
    assert exit_code == -11
    assert following[-1] == {"kind": "staged"}


def test_a_file_that_was_promised_and_not_written_is_no_result(run_forked, tmp_path):
    told, _, _ = run_forked(recipe_of("WriteNothing", tmp_path, file="promised.nxs"))

    assert (told[-1]["kind"], told[-1]["code"]) == ("failed", "bad_output")
    assert "promised.nxs" in told[-1]["message"]


def test_runs_in_progress_end_with_the_server(tmp_path):
    server = ForkServer()
    path, log = tmp_path / "recipe.json", tmp_path / "log.txt"
    write_recipe(recipe_of("StartSleeper", tmp_path), path)
    child = server.start(path, log)
    while not (sleeper := sleeper_in(log)):
        time.sleep(0.05)

    server.stop()

    assert still_running([child.pid, sleeper], within_s=5) == []
    child.close()


def test_a_server_that_died_is_started_again(tmp_path):
    server = ForkServer()
    first, _, _ = run_recipe(server, recipe_of("TellSurroundings", tmp_path), tmp_path)
    os.kill(server._process.pid, signal.SIGKILL)
    server._process.wait(timeout=5)

    second, _, _ = run_recipe(server, recipe_of("TellSurroundings", tmp_path), tmp_path)
    server.stop()

    assert first[-1] == second[-1] == {"kind": "staged"}
