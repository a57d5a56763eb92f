"""How fast a large file and an archive leave the portal, and what nginx alone would do on this machine.

The portal's own web server (gunicorn as in docs/deploy.md) with and without a real nginx in front, which
is configured by the portal's own command. One file of a gigabyte in the page cache, fetched by one client
over the loopback into a file in memory; the ways take turns, and each figure is the median. A file is
sent without a copy; an archive is read and written, and a zip summed up on the way. Beside the speed: what
the web processes hold in memory, and how much more after all of it.

    python benchmarks/download.py [--quick]
"""

import argparse
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.processes import descendants
from tests.site.web_servers import free_port, gunicorn, manage, nginx, portal_environment

MIB = 1 << 20
# Written over each time: new memory for each gigabyte would cost more than the download.
RECEIVED = os.memfd_create("received")
# Requests of each kind before the measurement, so that every web process has loaded what it needs.
WARM_UP = 10
PLAIN = "server {{ listen 127.0.0.1:{port}; location / {{ root {raw}; sendfile on; tcp_nopush on; }} }}"
REGISTER = """
from datetime import timedelta
from django.utils import timezone
from portal.catalogue.models import Facility, Instrument, Investigation
facility = Facility.objects.create(name="Lumen")
instrument = Instrument.objects.create(facility=facility, name="ID01")
Investigation.objects.create(
    instrument=instrument, name="IM-1", title="Open", release_date=timezone.now() - timedelta(days=1))
"""


def main() -> int:
    """Measure, print the table and the RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; within a minute")
    repeats = 5 if parser.parse_args().quick else 15
    size = 1024 * MIB
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        print("nginx is not installed (Debian: apt-get install nginx-light)")
        return 1
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        raw, data = folder / "raw", folder / "data"
        write_file(raw / "scan" / "image.h5", size)
        env = portal_environment(data=data, raw=raw)
        set_up(raw, env)
        behind = {**env, "REPRISE_SENDFILE": "x-accel"}
        direct_port, direct_pid = servers.enter_context(gunicorn(env, folder / "direct.log"))
        upstream, upstream_pid = servers.enter_context(gunicorn(behind, folder / "behind.log"))
        plain_port = free_port()
        more = PLAIN.format(port=plain_port, raw=raw)
        front = servers.enter_context(nginx(behind, folder / "nginx", upstream=upstream, more=more))
        ways = {
            "nginx alone": f"http://127.0.0.1:{plain_port}/scan/image.h5",
            "nginx, authorised by the portal": f"http://127.0.0.1:{front}/datafiles/1/download/",
            "embedded server": f"http://127.0.0.1:{direct_port}/datafiles/1/download/",
            "embedded server, zip": f"http://127.0.0.1:{direct_port}/datasets/1/archive/?format=zip",
            "embedded server, tar": f"http://127.0.0.1:{direct_port}/datasets/1/archive/?format=tar",
            "through nginx, zip": f"http://127.0.0.1:{front}/datasets/1/archive/?format=zip",
        }
        for address in [*ways.values()] * WARM_UP:
            receive(address, "Range: bytes=0-0\r\n")
        before = memory((direct_pid, upstream_pid))
        speeds = {way: [] for way in ways}
        for _ in range(repeats):
            for way, address in ways.items():
                speeds[way].append(speed(address, size))
        grown = memory((direct_pid, upstream_pid)) - before
    report(speeds, before, grown)
    return 0


def write_file(path: Path, size: int) -> None:
    """Write so many bytes that are not all alike."""
    path.parent.mkdir(parents=True)
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(block)


def set_up(raw: Path, env: dict[str, str]) -> None:
    """Make a portal with one open investigation of one dataset."""
    manage("setup_portal", env=env)
    manage("shell", "--no-imports", "--command", REGISTER, env=env)
    manage("register_folder", str(raw), "--instrument", "ID01", "--investigation", "IM-1", env=env)


def speed(address: str, size: int) -> float:
    """Return how many MiB a second of an address arrive; what is shorter than the file is an error."""
    started = time.perf_counter()
    n_bytes = receive(address)
    took_s = time.perf_counter() - started
    if n_bytes < size:
        raise RuntimeError(f"{address} sent {n_bytes} bytes instead of at least {size}")
    return n_bytes / MIB / took_s


def receive(address: str, headers: str = "") -> int:
    """Fetch an address into a file in memory; return the number of bytes, which must be all of them.

    A client that looks at nothing measures how fast the kernel hands pages from one process to the other
    without a copy, which no network does: 3 or 7 GiB a second, by where the processes happen to run.
    """
    url = urlsplit(address)
    buffer = bytearray(MIB)
    os.lseek(RECEIVED, 0, os.SEEK_SET)
    with socket.create_connection((url.hostname, url.port)) as connection:
        request = (
            f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n{headers}Connection: close\r\n\r\n"
        )
        connection.sendall(request.encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, body = head.partition(b"\r\n\r\n")
        n_bytes = len(body)
        while received := connection.recv_into(buffer):
            os.write(RECEIVED, memoryview(buffer)[:received])
            n_bytes += received
    told = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if int(told[b"content-length"]) != n_bytes:
        raise RuntimeError(f"{address} sent {n_bytes} bytes and had told {told[b'content-length']!r}")
    return n_bytes


def memory(servers: Sequence[int]) -> float:
    """Return what the web processes hold of their own, in MiB."""
    pids = [pid for server in servers for pid in (server, *descendants(server))]
    return sum(private_memory(pid) for pid in pids)


def private_memory(pid: int) -> float:
    """Return what a process shares with no other, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def report(speeds: Mapping[str, list[float]], held: float, grown: float) -> None:
    """Print the speeds, the memory, and the figures on the last line."""
    medians = {way: statistics.median(measured) for way, measured in speeds.items()}
    print(f"{'way':<34}{'median':>13}{'slowest':>13}{'fastest':>13}")
    for way, measured in speeds.items():
        figures = (medians[way], min(measured), max(measured))
        print(f"{way:<34}" + "".join(f"{figure:>7.0f} MiB/s" for figure in figures))
    print(f"web processes (6) hold {held:.0f} MiB; {grown:+.0f} MiB after all of this")
    alone, embedded = medians["nginx alone"], medians["embedded server"]
    print(
        f"RESULT ratio_nginx={medians['nginx, authorised by the portal'] / alone:.2f} "
        f"ratio_embedded={embedded / alone:.2f} ratio_zip={medians['embedded server, zip'] / embedded:.2f} "
        f"ratio_tar={medians['embedded server, tar'] / embedded:.2f} grown_mib={grown:.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
