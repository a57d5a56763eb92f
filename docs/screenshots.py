"""The pictures of the README, taken from the demo portal: ``make screenshots``.

Starts the demo facility in a throw-away folder, waits until everything it computes by itself has ended,
logs in and writes ``docs/images/*.png``. A page that does not answer is told, and the rest is taken.

    python docs/screenshots.py [--only NAME ...] [--to FOLDER]
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from tests.site.people import cookies_of
from tests.site.portal_process import running_portal
from tests.site.rest import Api, api_of, wait_for_jobs

IMAGES = Path(__file__).resolve().parent / "images"
# WebGL without a graphics card, for the explorer.
CHROMIUM = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
PHONE, PHONE_HEIGHT = 390, 800
LONGEST_WAIT_S = 20
COLOURS = 128
GAP = 16
DATASET = "ceria_0900K"


@dataclass(frozen=True)
class Shot:
    """A picture of the upper part of a page.

    ``path`` may name what ``places_of`` finds; ``waits_for`` is a selector of what is drawn late.
    """

    name: str
    path: str
    who: str = "demo"
    width: int = 1280
    height: int = 860
    waits_for: str = "h1"


SHOTS = (
    Shot("home", "/?q=cerium+oxide"),
    Shot("investigation", "/investigations/{visit}/"),
    Shot("table", "/investigations/{visit}/?view=table"),
    Shot("logbook", "/investigations/{visit}/experiment/"),
    Shot("statistics", "/investigations/{visit}/statistics/"),
    Shot("result", "/datasets/{result}/", waits_for="canvas"),
    Shot("scan", "/datasets/{scan}/", height=1100, waits_for="canvas"),
    Shot("calibration", "/datasets/{calibration}/", height=1300, waits_for="canvas"),
    Shot("compare", "/datasets/{dataset}/processed/", waits_for="canvas"),
    Shot("provenance", "/datasets/{result}/provenance/", height=640),
    Shot("reprocess", "/datasets/{dataset}/reprocess/powder_pattern/"),
    Shot("job", "/jobs/{job}/", waits_for="canvas"),
    Shot("failed", "/jobs/{failed}/", height=640),
    Shot("explorer", "/datafiles/{file}/explore/", waits_for="canvas"),
    Shot("pipeline", "/pipelines/powder_pattern/", waits_for="main svg"),
    Shot("staff", "/staff/", who="scientist"),
)
# Beside each other, as on a phone in the dark.
ON_PHONE = ("home", "investigation", "compare", "failed")


def main() -> int:
    """Take the pictures; return 1 when one could not be taken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of " + ", ".join(s.name for s in SHOTS))
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER")
    options = parser.parse_args()
    shots = [shot for shot in SHOTS if not options.only or shot.name in options.only]
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_portal(data=Path(folder)) as site:
        wait_for_jobs(site.url)
        with chromium() as browser:
            return take_all(browser, site.url, shots, options.to, with_phone=not options.only)


def take_all(browser: Browser, url: str, shots: Sequence[Shot], folder: Path, *, with_phone: bool) -> int:
    """Write the pictures of a running portal; return 1 when one could not be taken."""
    places = places_of(api_of(url, "scientist"))
    pictures = {}
    for who in sorted({shot.who for shot in shots}):
        with visiting(browser, url, who) as context:
            for shot in (shot for shot in shots if shot.who == who):
                pictures[shot.name] = taken(context.new_page(), shot, places)
    if with_phone:
        with visiting(browser, url, "demo", color_scheme="dark") as context:
            on_phone = [taken(context.new_page(), shot, places) for shot in phone_shots()]
        pictures["phone"] = side_by_side(on_phone) if all(on_phone) else None
    for name, picture in pictures.items():
        if picture:
            write(picture, folder / f"{name}.png")
    return int(None in pictures.values())


@contextmanager
def visiting(browser: Browser, url: str, who: str, **look: Any) -> Iterator[BrowserContext]:
    """Yield windows of a person who has logged in."""
    context = browser.new_context(base_url=url, storage_state=cookies_of(browser, url, who), **look)
    yield context
    context.close()


def phone_shots() -> list[Shot]:
    """Return those shots that are taken on a phone too."""
    return [replace(shot, width=PHONE, height=PHONE_HEIGHT) for shot in SHOTS if shot.name in ON_PHONE]


def places_of(api: Api) -> Mapping[str, object]:
    """Return the keys of what is shown, by the names that the paths use."""
    dataset = api.first(f"/api/datasets/?type=acquisition&name={DATASET}")
    job = api.first(f"/api/jobs/?dataset={dataset['id']}&state=succeeded")
    files = api.json("GET", f"/api/datasets/{job['output']}/files/")["results"]
    return {
        "dataset": dataset["id"],
        "visit": dataset["investigation"],
        "job": job["id"],
        "result": job["output"],
        "file": next(file["id"] for file in files if file["name"].endswith(".nxs")),
        "failed": api.first("/api/jobs/?state=failed")["id"],
        **{
            name: api.first(f"/api/datasets/?type=processed&name=powder_{name}")["id"]
            for name in ("scan", "calibration")
        },
    }


def taken(page: Page, shot: Shot, places: Mapping[str, object]) -> Image.Image | None:
    """Return the picture; None, and a line on why, where the page does not answer or does not draw."""
    path = shot.path.format_map(places)
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    answer = page.goto(path)
    if answer is None or not answer.ok:
        print(f"left out  {shot.name}: {path} answers {answer and answer.status}")
        return None
    page.wait_for_load_state("networkidle")
    try:
        page.locator(shot.waits_for).first.wait_for(timeout=LONGEST_WAIT_S * 1e3)
    except NotInTime:
        print(f"left out  {shot.name}: {path} shows no {shot.waits_for}")
        return None
    return Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


def side_by_side(pictures: Sequence[Any]) -> Image.Image:
    """Return the pictures, of equal height, in a row with gaps."""
    row = Image.new("RGB", (len(pictures) * (PHONE + GAP) - GAP, PHONE_HEIGHT), "white")
    for place, picture in enumerate(pictures):
        row.paste(picture, (place * (PHONE + GAP), 0))
    return row


def write(picture: Image.Image, path: Path) -> None:
    """Write a PNG with few colours, which a page of text needs no more of."""
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}  {picture.width} x {picture.height}, {path.stat().st_size / 1e3:.0f} kB")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        sys.exit("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM))
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
