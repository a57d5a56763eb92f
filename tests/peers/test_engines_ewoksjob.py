"""An unmodified client of ewoks, in a process of its own, is served by our worker."""

import json
import subprocess
import sys

import pytest

from tests.peers.engine_suite import environment, samples

pytest.importorskip("celery")
pytest.importorskip("ewoksjob")

from tests.peers.celery_worker import running_worker, write_settings

_CLIENT = """
import json, sys
from pathlib import Path
from ewoksjob.client import celery as client
call, graph, folder = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])
if call == "submit":
    kwargs = {
        "inputs": [{"id": "top", "name": "a", "value": 2}],
        "outputs": [{"all": True}],
        "merge_outputs": False,
        "engine": None,
        "execinfo": {},
        "load_options": {},
        "convert_destination": str(folder / "made" / "workflow.json"),
        "upload_parameters": {"proposal": "hg123"},
        "slurm_arguments": None,
        "task_options": {},
        "environment": {"REPRISE_TEST_VARIABLE": "1"},
    }
    result = client.submit(args=(graph,), kwargs=kwargs, queue="celery").result(timeout=30)
elif call == "ppf":
    kwargs = {"engine": "ppf", "pool_type": "thread", "raise_on_error": True}
    result = client.submit(args=(json.dumps(graph),), kwargs=kwargs).result(timeout=30)
elif call == "fail":
    result = repr(client.submit(args=(graph,)).exception(timeout=30))
elif call == "abort":
    from time import monotonic, sleep
    from celery import current_app
    future = client.submit(args=(graph,))
    deadline = monotonic() + 30
    while current_app.backend.get_task_meta(future.uuid)["status"] != "RUNNING" and monotonic() < deadline:
        sleep(0.05)
    future.abort()
    try:
        future.result(timeout=30)
    except client.CancelledError as error:
        result = "cancelled"
elif call == "convert":
    inputs = [{"id": "top", "name": "a", "value": 7}]
    kwargs = {"inputs": inputs, "save_options": {"representation": "json_dict"}}
    result = client.convert_graph(args=(graph, None), kwargs=kwargs).result(timeout=30)
else:
    everything = client.discover_all_tasks().result(timeout=30)
    part = client.discover_tasks_from_modules(args=("processing.*",), kwargs={"task_type": "class"})
    result = [everything, part.result(timeout=30)]
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return write_settings(tmp_path_factory.mktemp("ewoksjob"))


@pytest.fixture(scope="module")
def worker(settings):
    with running_worker(settings) as worker:
        yield worker


@pytest.fixture
def client(worker, settings, tmp_path):
    def call(name, document):
        variables = environment() | {"EWOKS_CONFIG_URI": str(settings)}
        command = [sys.executable, "-c", _CLIENT, name, json.dumps(document), str(tmp_path)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_a_job_returns_its_outputs(client, tmp_path):
    result = client("submit", samples.diamond())

    totals = {node_id: outputs["total"] for node_id, outputs in result.items()}
    assert totals == {"top": 2, "left": 12, "right": 102, "bottom": 114}
    written = json.loads((tmp_path / "made" / "workflow.json").read_text())
    assert written["nodes"][0]["default_inputs"] == [{"name": "a", "value": 2}]


def test_a_job_names_its_engine_and_may_be_a_text(client):
    assert client("ppf", samples.diamond()) == {"total": 112}


def test_a_failure_is_an_exception_that_the_client_has(client):
    result = client("fail", samples.graph([samples.node("bad", samples.Fail)]))

    expected = "node 'bad' (Fail) failed: ValueError: the detector is upside down"
    assert result == repr(RuntimeError(expected))


def test_an_aborted_job_stops_its_tasks(client):
    assert client("abort", samples.graph([samples.node("loop", samples.Endless)])) == "cancelled"


def test_a_workflow_is_converted_with_its_inputs(client):
    document = client("convert", samples.diamond())

    assert document["nodes"][0]["default_inputs"] == [{"name": "a", "value": 7}]


def test_tasks_are_discovered(client):
    everything, part = client("discover", samples.diamond())

    names = {task["task_identifier"] for task in part}
    assert names
    assert all(name.startswith("processing.") for name in names)
    assert names < {task["task_identifier"] for task in everything}
