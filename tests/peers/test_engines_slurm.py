import os
import subprocess
import sys
import time

import pytest

from tests.peers import slurm_cluster
from tests.peers.engine_suite import conformance, engine_samples, environment, samples
from workflows import UnsupportedError, run_graph

pytest.importorskip("dask_jobqueue")

_REASON = slurm_cluster.missing()


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """The options of jobs on a real cluster, which runs as long as this module's tests."""
    if _REASON:
        assert not os.environ.get("CI"), f"Slurm is not installed: {_REASON}"
        pytest.skip(f"Slurm is not installed: {_REASON}")
    folder = tmp_path_factory.mktemp("slurm")
    with pytest.MonkeyPatch.context() as patch, slurm_cluster.running_cluster(folder) as settings:
        patch.setenv("SLURM_CONF", str(settings))
        yield {
            "engine": "slurm",
            "queue": "debug",
            "cores": 1,
            "memory": "500MB",
            "walltime": "00:05:00",
            "interface": "lo",
            "python": sys.executable,
            "log_directory": str(folder),
            "local_directory": str(folder),
            "job_script_prologue": [f"export PYTHONPATH={environment()['PYTHONPATH']}"],
            "scheduler_options": {"dashboard_address": ":0"},
        }


@pytest.mark.parametrize("case", ["acyclic", "conditional", "loop", "default error node", "cancelled"])
def test_slurm_jobs_give_what_every_engine_gives(case, options):
    conformance.check(case, **options)


def test_tasks_run_inside_of_a_slurm_job_which_ends_with_the_run(options):
    nodes = [samples.node("job", engine_samples.variable, defaults={"name": "SLURM_JOB_ID"})]

    result = run_graph(samples.graph(nodes), **options)

    job_id = result.outputs["return_value"]
    assert job_id is not None
    assert job_id not in jobs(within_s=20, until_gone=job_id)


def jobs(*, within_s, until_gone):
    """List the jobs of the cluster as soon as one is gone."""
    deadline = time.monotonic() + within_s
    while True:
        done = subprocess.run(["squeue", "-h", "-o", "%i"], capture_output=True, text=True, check=True)
        if until_gone not in done.stdout.split() or time.monotonic() > deadline:
            return done.stdout.split()
        time.sleep(0.3)


def test_jobs_that_slurm_does_not_take_are_refused(options):
    with pytest.raises(UnsupportedError, match=r"Slurm refuses the jobs: .*partition"):
        run_graph(samples.diamond(), **options | {"queue": "no-such-queue"})


def test_jobs_that_are_not_described_are_refused(options):
    with pytest.raises(UnsupportedError, match="Slurm jobs need the option 'memory'"):
        run_graph(samples.diamond(), engine="slurm", cores=1)


def test_a_machine_that_cannot_submit_jobs_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UnsupportedError, match="there is no program 'sbatch' here"):
        run_graph(samples.diamond(), engine="slurm", cores=1, memory="1GB")


def test_the_job_script_asks_slurm_for_what_the_options_say(tmp_path):
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(
        cores=2,
        memory="4GB",
        queue="gpu",
        account="id01",
        walltime="01:00:00",
        interface="lo",
        scheduler_options={"dashboard_address": ":0"},
        log_directory=os.fspath(tmp_path),
    ) as cluster:
        script = cluster.job_script()

    for line in ("#SBATCH -p gpu", "#SBATCH -A id01", "#SBATCH --cpus-per-task=2", "#SBATCH -t 01:00:00"):
        assert line in script.splitlines()
