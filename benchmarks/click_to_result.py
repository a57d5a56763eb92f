"""How long from pressing *Start* to the result on the page, and where each tenth of it goes.

A real portal (SQLite, filesystem broker, one worker), a real headless Chromium, a simulated Pilatus 1M
image of one megapixel. Beside it, in the same run and on the same image, what a script pays that calls
pyFAI itself: once from nothing (read, new integrator, integrate) and once with its integrator kept.

    python benchmarks/click_to_result.py [--quick]
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, expect, sync_playwright

from processing.nexus.images import read_image
from processing.simulation import write_powder_dataset
from tests.site.portal_process import running_portal

N_POINTS, UNIT, METHOD = 1000, "2th_deg", ("full", "csr", "cython")
STEPS = ("send the click", "queue", "fork", "integrate", "write", "check and describe", "publish", "seen")


def main() -> int:
    """Measure, print the table and the RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer clicks; within a minute")
    clicks = 5 if parser.parse_args().quick else 20
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is not installed (Debian: apt-get install chromium)")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        raw, data = Path(folder) / "raw", Path(folder) / "data"
        written = write_powder_dataset(raw / "lab6", calibrant="LaB6", name="lab6", energy_kev=60.0)
        naive_s, kept_s = time_pyfai(written.image, written.poni, clicks)
        with running_portal(raw=raw, data=data) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(base_url=site.url)
            cold = measure_click(log_in(page))
            warm = [measure_click(page) for _ in range(clicks)]
            browser.close()
    report(cold, warm, naive_s, kept_s)
    return 0


def time_pyfai(image: Path, poni: Path, repeats: int) -> tuple[float, float]:
    """Return the median seconds of a bare pyFAI call: from nothing, and with its integrator kept."""
    from pyFAI import load

    naive, kept = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        frame = read_image(image).data
        integrator = load(str(poni))
        integrator.integrate1d(frame, N_POINTS, unit=UNIT, method=METHOD, error_model="poisson")
        naive.append(time.perf_counter() - started)
        started = time.perf_counter()
        integrator.integrate1d(frame, N_POINTS, unit=UNIT, method=METHOD, error_model="poisson")
        kept.append(time.perf_counter() - started)
    return statistics.median(naive), statistics.median(kept)


def log_in(page: Page) -> Page:
    """Log in and open the form of the pipeline."""
    page.goto("/login/")
    page.fill("#id_username", "demo")
    page.fill("#id_password", "demo-diffraction")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Files registered from a folder").click()
    return page


def measure_click(page: Page) -> list[float]:
    """Start the pipeline once; return the seconds of each part, in the order of ``STEPS``."""
    page.goto("/datasets/1/reprocess/powder_pattern/")
    start, again = (page.get_by_role("button", name=name) for name in ("Start", "Run it again"))
    if page.request.get("/api/datasets/1/").json()["latest_result"]:
        start.click()
        start = again
        expect(again).to_be_visible()
    clicked = time.time()
    start.click()
    page.wait_for_selector("#job-result canvas")
    seen = time.time()
    job = page.url.rstrip("/").rpartition("/")[2]
    events = json.loads(page.request.get(f"/api/jobs/{job}/events/").body())["results"]
    at = [clicked, *moments(events), seen]
    return [after - before for before, after in pairwise(at)]


def moments(events: list[dict[str, str]]) -> list[float]:
    """Return when: submitted, claimed, first step began, each of three steps ended, published."""

    def when(kind: str) -> list[float]:
        return [datetime.fromisoformat(event["at"]).timestamp() for event in events if event["kind"] == kind]

    ended = when("step_ended")
    return [when("submitted")[0], when("started")[0], when("step_started")[0], *ended, when("succeeded")[0]]


def report(cold: list[float], warm: list[list[float]], naive_s: float, kept_s: float) -> None:
    """Print where the time goes, the peer beside it, and the figures on the last line."""
    print(f"{'part':<22}{'first click':>12}{'warm (median)':>15}")
    for place, name in enumerate(STEPS):
        print(f"{name:<22}{cold[place]:>10.3f} s{statistics.median(run[place] for run in warm):>13.3f} s")
    totals = [sum(run) for run in warm]
    warm_s, first_s = statistics.median(totals), sum(cold)
    print(f"{'click to result':<22}{first_s:>10.3f} s{warm_s:>13.3f} s   (worst {max(totals):.3f} s)")
    print(f"{'bare pyFAI, new':<37}{naive_s:>13.3f} s   ratio {warm_s / naive_s:.2f}")
    print(f"{'bare pyFAI, kept':<37}{kept_s:>13.3f} s   ratio {warm_s / kept_s:.2f}")
    print(
        f"RESULT warm_s={warm_s:.3f} pyfai_s={naive_s:.3f} pyfai_kept_s={kept_s:.3f} "
        f"first_s={first_s:.3f} worst_s={max(totals):.3f} ratio={warm_s / naive_s:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
