"""The web side of a portal as a real site runs it: gunicorn, and nginx in front."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
GUNICORN = "gunicorn portal.wsgi --worker-class gthread --workers 2 --threads 8 --no-control-socket --bind"
READY_WITHIN_S = 60

# What a distribution's nginx.conf says around the portal's own block; everything below one folder.
NGINX = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/portal.conf;
    {more}
}}
"""


def nginx_program() -> str:
    """Return the path of nginx; without one the test is skipped, or fails where all must run."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        reason = "nginx is not installed (Debian: apt-get install nginx-light)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return path


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def portal_environment(*, data: Path, raw: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a portal's programs; nothing of a portal that runs here already."""
    ours = re.compile("REPRISE_|DJANGO_|DATABASE_URL|CELERY_|SECRET_KEY")
    env = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return {**env, "REPRISE_DATA": str(data), "REPRISE_RAW_ROOTS": str(raw), **settings}


def manage(*arguments: str, env: dict[str, str]) -> str:
    """Run a command of the portal; return what it prints."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=env, check=True, capture_output=True, text=True).stdout


@contextmanager
def gunicorn(env: dict[str, str], log: Path) -> Iterator[tuple[int, int]]:
    """Serve a portal until the block ends; yield the port and gunicorn's process id."""
    port = free_port()
    command = [sys.executable, "-m", *GUNICORN.split(), f"127.0.0.1:{port}"]
    with running(command, log=log, port=port, env=env) as pid:
        yield port, pid


@contextmanager
def nginx(env: dict[str, str], folder: Path, *, upstream: int, more: str = "") -> Iterator[int]:
    """Stand before gunicorn at a port, as the portal's own command says; yield the port of nginx."""
    program, port = nginx_program(), free_port()
    folder.mkdir(exist_ok=True)
    block = manage(
        "print_nginx_config",
        f"--listen=127.0.0.1:{port}",
        f"--upstream=http://127.0.0.1:{upstream}",
        env=env,
    )
    (folder / "portal.conf").write_text(block)
    # The portal's folders are its user's alone, so nginx reads as this user.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(user=user, folder=folder, more=more))
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with running(command, log=folder / "output.log", port=port, env=env):
        yield port


@contextmanager
def running(command: list[str], *, log: Path, port: int, env: dict[str, str]) -> Iterator[int]:
    """Run a program that listens at a port until the block ends; yield its process id."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"{command} does not listen at {port}"
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
