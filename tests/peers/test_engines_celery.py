import json
import os
import signal
import time

import pytest

from tests.peers.engine_suite import conformance, engine_samples, samples
from tests.processes import still_running

pytest.importorskip("celery")

from tests.peers.celery_worker import running_worker, write_settings
from workflows import Cancelled, CancelToken, UnsupportedError, WorkflowError, run_graph
from workflows.cli.main import main
from workflows.engines.celery import cancel_job, submit_graph, wait_for
from workflows.engines.celery_jobs import EXECUTE_GRAPH
from workflows.engines.celery_settings import make_app, read_settings


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory):
    return write_settings(tmp_path_factory.mktemp("celery"))


@pytest.fixture(scope="module")
def worker(settings_file):
    with running_worker(settings_file) as worker:
        yield worker


@pytest.fixture
def settings(settings_file, monkeypatch):
    """The settings as a client reads them from its environment."""
    monkeypatch.setenv("EWOKS_CONFIG_URI", str(settings_file))


@pytest.fixture
def app(settings):
    return make_app()


def result_of(app, job_id, *, timeout=30):
    return app.AsyncResult(job_id).get(timeout=timeout, interval=0.05)


@pytest.mark.parametrize("case", conformance.CASES)
def test_a_worker_gives_what_every_engine_gives(case, worker, settings):
    conformance.check(case, engine="celery", interval_s=0.05)


def test_a_worker_uses_the_engine_that_is_asked_for(worker, settings):
    conformance.check("loop", engine="celery", worker_options={"pool": "process", "max_workers": 2})


def test_values_travel_without_loss(worker, settings):
    import numpy as np

    value = {
        "shape": (2, 3),
        5: b"\x00",
        "array": np.arange(6, dtype="f4").reshape(2, 3),
        "number": np.float64(2),
    }
    document = samples.graph([samples.node("give", samples.Choose)])

    result = run_graph(document, [{"id": "give", "name": "value", "value": value}], engine="celery")

    given = result.outputs["value"]
    assert (given["shape"], given[5], type(given["number"])) == ((2, 3), b"\x00", np.float64)
    assert given["array"].dtype == np.float32
    assert given["array"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_output_of_an_end_node_that_cannot_travel_fails_the_run(worker, settings):
    result = run_graph(samples.graph([samples.node("hold", engine_samples.Hold)]), engine="celery")

    assert result.state == "failed"
    expected = "the output 'lock' of node 'hold' did not come back: a lock cannot be sent as JSON"
    assert result.error.message == expected


def test_an_output_between_nodes_need_not_travel(worker, settings):
    nodes = [samples.node("hold", engine_samples.Hold), samples.node("after", samples.add, defaults={"a": 1})]

    result = run_graph(samples.graph(nodes, [samples.link("hold", "after")]), engine="celery")

    assert (result.state, result.outputs) == ("succeeded", {"return_value": 1})


def test_a_process_of_the_pool_that_dies_fails_the_job_with_a_sentence(worker, settings):
    document = samples.graph([samples.node("dies", engine_samples.Die, defaults={"how": "SIGKILL"})])

    result = run_graph(document, engine="celery")

    assert result.state == "failed"
    assert "failed in its worker: WorkerLostError" in result.error.message


def test_a_worker_that_dies_as_a_whole_is_noticed(tmp_path, monkeypatch):
    settings_file = write_settings(tmp_path)
    monkeypatch.setenv("EWOKS_CONFIG_URI", str(settings_file))
    document = samples.graph(
        [samples.node("loop", samples.Endless), samples.node("after", samples.Add)],
        [samples.link("loop", "after", {"total": "a"})],
    )
    with running_worker(settings_file) as worker:

        def kill(event):
            if event.type == "start" and event.node_id == "loop":
                os.killpg(worker.pid, signal.SIGKILL)

        result = run_graph(document, engine="celery", events=[kill], silence_s=2, interval_s=0.05)

    assert result.error.message.endswith("is lost: its worker has been silent for 2 s")
    states = {node_id: str(node.state) for node_id, node in result.nodes.items()}
    assert states == {"loop": "failed", "after": "skipped"}


def test_a_job_that_hears_nothing_is_ended_by_force(worker, settings, tmp_path):
    token = CancelToken()
    document = samples.graph([samples.node("deaf", engine_samples.Deaf, defaults={"folder": str(tmp_path)})])

    def stop(event):
        if event.type == "progress":
            token.cancel()

    result = run_graph(
        document,
        engine="celery",
        cancel=token,
        events=[stop],
        grace_s=0.3,
        worker_options={"pool": "process", "grace_s": 0.3},
    )

    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert result.state == "cancelled"
    assert still_running(pids, within_s=20) == []


def test_a_submitted_workflow_returns_its_outputs(worker, app):
    job_id = submit_graph(samples.diamond(), [{"id": "top", "name": "a", "value": 2}])

    assert result_of(app, job_id) == {"total": 114}


def test_a_submitted_job_can_be_cancelled(worker, app):
    from celery.exceptions import TaskRevokedError

    job_id = submit_graph(samples.graph([samples.node("loop", samples.Endless)]))
    wait_until_running(app, job_id)

    cancel_job(job_id)

    with pytest.raises(TaskRevokedError):
        result_of(app, job_id)


def test_a_job_that_is_cancelled_in_the_queue_never_starts(tmp_path, monkeypatch):
    from celery.exceptions import TaskRevokedError

    settings_file = write_settings(tmp_path)
    monkeypatch.setenv("EWOKS_CONFIG_URI", str(settings_file))
    proof = tmp_path / "started"
    node = samples.node("touch", os.mkdir, defaults={"0": str(proof)})
    node["task_identifier"] = "os.mkdir"
    job_id = submit_graph(samples.graph([node]))
    cancel_job(job_id)

    with running_worker(settings_file), pytest.raises(TaskRevokedError):
        result_of(make_app(), job_id)

    assert not proof.exists()


def test_a_queue_chooses_the_worker(app):
    job_id = submit_graph(samples.diamond(), queue="nobody-listens")

    time.sleep(1)
    assert app.AsyncResult(job_id).state == "PENDING"


def test_what_is_not_installed_is_refused_by_default(tmp_path, monkeypatch):
    settings_file = write_settings(tmp_path)
    monkeypatch.setenv("EWOKS_CONFIG_URI", str(settings_file))

    with running_worker(settings_file, policy="installed"):
        result = run_graph(samples.diamond(), engine="celery")
        job_id = submit_graph(samples.diamond())
        with pytest.raises(RuntimeError, match="is not allowed here"):
            result_of(make_app(), job_id)
        by_script = run_graph(samples.graph([]), engine="celery", worker_engine="slurm")
        by_path = make_app().send_task(EXECUTE_GRAPH, args=["/etc/passwd"])
        with pytest.raises(RuntimeError, match="reading a workflow from a file is not allowed here"):
            by_path.get(timeout=30)

    assert (result.state, result.error.code) == ("failed", "not_allowed")
    assert by_script.error.message.startswith("the engine 'slurm' is not allowed here")


def test_settings_are_read_from_yaml_with_their_ewoks_sections(tmp_path, monkeypatch):
    path = tmp_path / "ewoks.yml"
    path.write_text("CELERY:\n  broker_url: memory://\nEWOKS_EXECUTION:\n  engine: dask\n")
    monkeypatch.setenv("EWOKS_CONFIG_URI", path.as_uri())

    assert read_settings() == {"broker_url": "memory://", "ewoks_execution": {"engine": "dask"}}


@pytest.mark.parametrize(
    "place", ["beacon://id00:25000/ewoks/config.yml", "/nowhere/config.py", "no.such.module"]
)
def test_settings_that_cannot_be_read_are_refused(place, monkeypatch):
    monkeypatch.setenv("EWOKS_CONFIG_URI", place)

    with pytest.raises(UnsupportedError, match="ettings"):
        submit_graph(samples.diamond())


def test_other_serializers_than_json_are_refused(settings):
    conf = make_app({"accept_content": ["pickle"], "result_serializer": "pickle"}).conf

    assert (conf.accept_content, conf.result_serializer) == (["json"], "json")


def test_an_input_that_json_cannot_carry_is_refused(settings):
    document = samples.graph([samples.node("give", samples.Choose)])

    with pytest.raises(Exception, match="node 'give', input 'value': a object cannot be sent as JSON"):
        run_graph(document, [{"id": "give", "name": "value", "value": object()}], engine="celery")


def wait_until_running(app, job_id):
    deadline = time.monotonic() + 30
    while app.AsyncResult(job_id).state != "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_command_line_submits_a_workflow_and_waits_for_its_outputs(worker, settings, tmp_path, capsys):
    path = tmp_path / "diamond.json"
    path.write_text(json.dumps(samples.diamond()))

    status = main(["submit", str(path), "--wait", "30"])

    job_id, outputs = capsys.readouterr().out.split("\n", 1)
    assert status == 0
    assert len(job_id) == 36
    assert json.loads(outputs) == {"bottom": {"total": 112}}


def test_waiting_for_a_job_that_failed_tells_why(worker, settings):
    job_id = submit_graph(samples.graph([samples.node("bad", samples.Fail)]))

    with pytest.raises(WorkflowError, match=r"(?s)the job .* failed: .*node 'bad' \(Fail\) failed"):
        wait_for(job_id, 30)


def test_a_job_that_takes_longer_than_one_waits_goes_on(worker, settings):
    job_id = submit_graph(samples.graph([samples.node("loop", samples.Endless)]))

    with pytest.raises(WorkflowError, match="has not ended after 1 s; it goes on"):
        wait_for(job_id, 1)
    cancel_job(job_id)
    with pytest.raises(Cancelled):
        wait_for(job_id, 30)
