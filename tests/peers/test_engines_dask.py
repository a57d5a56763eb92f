import pytest

from tests.peers.engine_suite import conformance, engine_samples, environment, samples
from workflows import UnsupportedError, run_graph

distributed = pytest.importorskip("distributed")

LOCAL = ("sequential", "multithreading", "multiprocessing")


@pytest.fixture(scope="module")
def client():
    """A cluster of two processes with two threads each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        with (
            distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=":0") as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


@pytest.mark.parametrize("case", conformance.CASES)
def test_a_cluster_gives_what_every_engine_gives(case, client):
    conformance.check(case, engine="dask", scheduler=client)


@pytest.mark.parametrize("case", conformance.CASES)
@pytest.mark.parametrize("scheduler", LOCAL)
def test_the_schedulers_without_a_cluster_give_what_every_engine_gives(case, scheduler):
    conformance.check(case, engine="dask", scheduler=scheduler, scheduler_options={"num_workers": 2})


def test_a_cluster_is_started_for_one_run():
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}

    result = run_graph(samples.diamond(), engine="dask", scheduler="cluster", scheduler_options=options)

    assert result.outputs == {"total": 112}


def test_a_scheduler_has_an_address(client):
    address = client.scheduler_info()["address"]

    assert run_graph(samples.diamond(), engine="dask", scheduler=address).outputs == {"total": 112}


def test_progress_comes_back_from_a_cluster(client):
    events = []
    document = samples.graph([samples.node("half", samples.Halfway)])

    run_graph(document, engine="dask", scheduler=client, events=[events.append])

    assert [event.progress for event in events if event.type == "progress"] == [50, 100]


def test_a_worker_that_dies_fails_its_node_and_no_other(client):
    nodes = [
        samples.node("dies", engine_samples.Die, defaults={"how": "exit"}),
        samples.node("other", samples.add, defaults={"a": 1}),
    ]

    result = run_graph(samples.graph(nodes), engine="dask", scheduler=client)

    assert (result.nodes["dies"].state, result.nodes["other"].state) == ("failed", "succeeded")
    assert "its worker died" in result.error.message


def test_a_task_that_hears_nothing_is_given_up(client, tmp_path):
    defaults = {"folder": str(tmp_path)}
    nodes = [samples.node("deaf", engine_samples.Stubborn, defaults=defaults, timeout=0.2)]

    result = run_graph(samples.graph(nodes), engine="dask", scheduler=client, grace_s=0.2)

    expected = "node 'deaf' (Stubborn) failed: it took longer than its time limit of 0.2 s"
    assert result.error.message == expected


@pytest.mark.parametrize(
    "options",
    [
        {"scheduler": "sequential", "scheduler_options": {"chunksize": 3}},
        {"scheduler": 3},
        {"scheduler": "tcp://127.0.0.1:9", "scheduler_options": {"timeout": 0.2}},
    ],
)
def test_what_dask_cannot_do_is_refused(options):
    with pytest.raises(UnsupportedError):
        run_graph(samples.diamond(), engine="dask", **options)
