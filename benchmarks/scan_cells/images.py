"""Single images through the shipped pipeline, as a worker runs them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from processing.forkserver import ForkServer
from processing.pipelines import read_pipeline
from processing.recipe import Recipe, write_recipe
from processing.simulated_scan import PowderScan


class Server(ForkServer):
    """A worker's server, asked for one run at a time."""

    def fork_and_wait(self, recipe: Path) -> float:
        """Run a recipe; return the seconds that took."""
        started = time.perf_counter()
        run = self.start(recipe, recipe.with_suffix(".log"))
        if run.wait():
            raise SystemExit(recipe.with_suffix(".log").read_text())
        run.close()
        return time.perf_counter() - started


@contextmanager
def running_server() -> Iterator[Server]:
    """Have a server that has imported and compiled everything."""
    server = Server()
    server.warm_up()
    try:
        yield server
    finally:
        server.stop()


def write_recipes(folder: Path, scan: PowderScan, *, engines: Path, n_points: int) -> Iterator[Path]:
    """Write one recipe after the other for the first frame of a scan."""
    graph = read_pipeline(files("processing.techniques.xrpd") / "pipelines", "powder_pattern.json")
    given: Mapping[str, object] = {
        "image": str(next(scan.path.parent.rglob("eiger_0000.h5"))),
        "geometry": str(scan.poni),
        "n_points": n_points,
    }
    for number in range(100):
        staging = folder / f"staging{number}"
        staging.mkdir()
        recipe = Recipe(
            job_id=str(number),
            attempt=1,
            workflow=graph,
            inputs=[{"id": "integrate", "name": name, "value": value} for name, value in given.items()],
            output_files=graph["graph"]["output_files"],
            staging=str(staging),
            summary="xrpd",
            engines=str(engines),
        )
        write_recipe(recipe, folder / f"recipe{number}.json")
        yield folder / f"recipe{number}.json"
