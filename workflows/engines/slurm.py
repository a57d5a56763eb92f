"""Running the nodes of a workflow in jobs of a Slurm cluster, which Dask starts and fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.engines import missing_package
from workflows.engines.dask import run_with_client
from workflows.engines.hints import checked_seconds
from workflows.errors import UnsupportedError

if TYPE_CHECKING:
    from workflows.running.run import Run


def run_slurm(
    run: Run,
    *,
    jobs: int = 1,
    node_timeout: float | None = None,
    grace_s: float = 5.0,
    **cluster_options: Any,
) -> None:
    """Run all nodes in Slurm jobs that are there for this run.

    Parameters
    ----------
    jobs
        How many jobs are submitted; they end with the run.
    cluster_options
        The arguments of ``dask_jobqueue.SLURMCluster``: ``cores`` and ``memory``
        of a job (required), ``queue``, ``account``, ``walltime``,
        ``job_extra_directives``, ``job_script_prologue``...
    node_timeout, grace_s
        As for the engine ``dask``.
    """
    limit_s = checked_seconds(node_timeout, "node_timeout")
    try:
        from dask_jobqueue import SLURMCluster  # noqa: PLC0415 -- optional
        from distributed import Client  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise missing_package("slurm", "dask-jobqueue") from error
    try:
        cluster = SLURMCluster(**cluster_options)
    except (ValueError, TypeError) as error:
        raise UnsupportedError(f"Slurm jobs cannot be described: {error}") from error
    with cluster, Client(cluster) as client:
        cluster.scale(jobs=jobs)
        run_with_client(run, client, node_timeout=limit_s, grace_s=grace_s)
