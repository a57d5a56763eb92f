"""A real Slurm cluster of one node on the loopback interface, with everything of it in one folder."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")

_SETTINGS = """
ClusterName=reprise
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
KillWait=2
InactiveLimit=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={n_cpus} RealMemory=1000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Say why there can be no cluster here; None if there can."""
    absent = [program for program in PROGRAMS if shutil.which(program, path=_path()) is None]
    if absent:
        return f"no {', '.join(absent)} (Debian packages slurm-wlm and munge)"
    return None if os.geteuid() == 0 else "the daemons of Slurm start as root only"


@contextmanager
def running_cluster(folder):
    """Start the daemons, wait until the node is idle, and give the file with the settings."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    settings = folder / "slurm.conf"
    ports = _free_ports(2)
    host = socket.gethostname().partition(".")[0]
    settings.write_text(
        _SETTINGS.format(
            folder=folder, host=host, n_cpus=os.cpu_count(), control_port=ports[0], node_port=ports[1]
        )
    )
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    munged = ["munged", "--foreground", "--force", f"--socket={folder}/munge.socket", f"--key-file={key}"]
    munged += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    with ExitStack() as stack:
        stack.enter_context(_running(munged, folder))
        stack.enter_context(_running(["slurmctld", "-D", "-f", str(settings)], folder))
        stack.enter_context(_running(["slurmd", "-D", "-f", str(settings), "-N", host], folder))
        _wait_until_idle(settings, folder)
        yield settings


@contextmanager
def _running(command, folder):
    log = folder / f"{command[0]}.output"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=_environment())
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_idle(settings, folder):
    deadline = time.monotonic() + 60
    said = ""
    while "idle" not in said:
        if time.monotonic() > deadline:
            logs = [f"== {path.name}\n{path.read_text()[-2000:]}" for path in folder.glob("*.log")]
            logs += [f"== {path.name}\n{path.read_text()[-2000:]}" for path in folder.glob("*.output")]
            raise TimeoutError("\n".join([said, *logs]))
        time.sleep(0.3)
        variables = _environment() | {"SLURM_CONF": str(settings)}
        done = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=variables, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr


def _environment():
    return os.environ | {"PATH": _path()}


def _path():
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
