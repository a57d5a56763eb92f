"""Reprise as an engine of ewoks: nothing changes on the side of ewoks."""

import json
import os
import subprocess
import sys

import pytest

ewoks = pytest.importorskip("ewoks", reason="ewoks is not installed (make test-peers)")

from ewokscore.tests.examples.graphs import get_graph, graph_names  # noqa: E402
from ewokscore.tests.utils.results import assert_execute_graph_default_result  # noqa: E402
from ewoksjob.events.readers import read_ewoks_events  # noqa: E402

from workflows import TaskError  # noqa: E402

FAILING = {
    "graph": {"id": "failing"},
    "nodes": [
        {"id": "fine", "task_type": "method", "task_identifier": "operator.pos"},
        {"id": "bad", "task_type": "method", "task_identifier": "operator.pos"},
    ],
}
INPUTS = [{"id": "fine", "name": 0, "value": 1}, {"id": "bad", "name": 0, "value": "x"}]


def chain(length):
    """A chain that ewokscore itself does not load in the life of a scientist."""
    nodes = [{"id": f"n{i}", "task_type": "method", "task_identifier": "operator.neg"} for i in range(length)]
    mapping = [{"source_output": "return_value", "target_input": 0}]
    links = [{"source": f"n{i}", "target": f"n{i + 1}", "data_mapping": mapping} for i in range(length - 1)]
    return {"graph": {"id": "chain"}, "nodes": nodes, "links": links}


@pytest.mark.parametrize("name", graph_names())
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_examples_of_ewoks_run_in_our_engine(name):
    document, expected = get_graph(name)

    outputs = ewoks.execute_graph(document, engine="reprise")

    assert_execute_graph_default_result(document, outputs, expected)


def test_the_command_line_of_ewoks_runs_our_engine(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text(json.dumps(get_graph("demo")[0]))

    command = [sys.executable, "-m", "ewoks", "execute", str(path), "--engine", "reprise", "--outputs", "end"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert "18" in done.stdout


def test_a_long_chain_loads_as_our_representation():
    options = {"representation": "reprise"}

    outputs = ewoks.execute_graph(
        chain(200), engine="reprise", inputs=[{"name": 0, "value": 5}], load_options=options
    )

    assert outputs == {"return_value": 5}


def test_a_failure_reaches_the_user_of_ewoks():
    with pytest.raises(TaskError, match="node 'bad'"):
        ewoks.execute_graph(FAILING, engine="reprise", inputs=INPUTS)

    outputs = ewoks.execute_graph(FAILING, engine="reprise", inputs=INPUTS, raise_on_error=False)

    assert outputs == {"return_value": 1}


def test_options_choose_the_way_of_running():
    options = {"max_workers": 2, "pool": "process", "outputs": [{"all": True}], "merge_outputs": False}

    outputs = ewoks.execute_graph(chain(2), engine="reprise", inputs=[{"name": 0, "value": 5}], **options)

    assert outputs == {"n0": {"return_value": -5}, "n1": {"return_value": 5}}


def test_the_readers_of_ewoks_find_the_same_events_as_of_its_own_engine(tmp_path):
    def events_of(engine):
        uri = f"file:{tmp_path / engine}.db"
        handler = {
            "class": "ewokscore.events.handlers.Sqlite3EwoksEventHandler",
            "arguments": [{"name": "uri", "value": uri}],
        }
        with pytest.raises(Exception, match="bad"):
            ewoks.execute_graph(
                FAILING, engine=engine, inputs=INPUTS, execinfo={"job_id": "j", "handlers": [handler]}
            )
        with read_ewoks_events(uri) as reader:
            found = list(reader.get_events(job_id="j"))
        names = ("context", "type", "node_id", "task_id", "workflow_id", "error")
        return [tuple(event[name] for name in names) for event in found]

    assert events_of("reprise") == events_of("core")


def test_an_ewoksjob_worker_runs_our_engine():
    """What its Celery task and its local pools call, in a process of the pool."""
    local = pytest.importorskip("ewoksjob.client.local", reason="ewoksjob is not installed")

    with local.pool_context(max_workers=1):
        future = local.submit(
            args=(chain(2),),
            kwargs={"engine": "reprise", "inputs": [{"name": 0, "value": 5}]},
        )
        outputs = future.result(timeout=60)

    assert outputs == {"return_value": 5}


CLIENT = """
import sys
from ewoksjob.client import get_future, submit

future = submit(args=({graph!r},), kwargs={{"engine": "reprise", "inputs": [{{"name": 0, "value": 5}}]}})
print(future.result(timeout=60))
"""


def test_a_celery_worker_of_ewoksjob_runs_our_engine(tmp_path):
    folders = [tmp_path / name for name in ("queue", "control", "results")]
    for folder in folders:
        folder.mkdir()
    queue, control, results = map(str, folders)
    transport = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": control}
    (tmp_path / "celery_settings.py").write_text(
        f"broker_url = 'filesystem://'\nresult_backend = 'file://{results}'\n"
        f"broker_transport_options = {transport!r}\nresult_serializer = 'json'\n"
    )
    # With this variable Celery would take the worker for one of a Django project.
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment = inherited | {
        "PYTHONPATH": str(tmp_path),
        "CELERY_CONFIG_MODULE": "celery_settings",
        "CELERY_LOADER": "ewoksjob.config.EwoksLoader",
    }
    command = [sys.executable, "-m", "ewoksjob", "worker", "--pool", "solo"]
    log = tmp_path / "worker.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=stderr) as worker,
    ):
        try:
            done = subprocess.run(
                [sys.executable, "-c", CLIENT.format(graph=chain(2))],
                env=environment,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
        finally:
            worker.kill()

    assert done.stdout.strip() == "{'return_value': 5}", done.stderr + log.read_text()
