"""A running portal with a few datasets, and a real browser."""

import os
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from processing.simulation import write_powder_dataset
from tests.site.people import cookies_of
from tests.site.portal_process import running_portal
from tests.site.rest import wait_for_jobs

# The explorer draws with WebGL; this draws it without a graphics card.
GRAPHICS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
DATASETS = {"lab6": "LaB6", "ceria": "CeO2", "silicon": "Si", "corundum": "alpha_Al2O3"}


# What a user may upload: a picture that marks itself when its script runs.
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<script>document.documentElement.setAttribute("data-ran", "yes")</script>
<rect width="40" height="40" fill="green"/></svg>"""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Four simulated datasets, one with a mask of the wrong shape, and a portal that serves them."""
    raw = tmp_path_factory.mktemp("raw")
    for name, calibrant in DATASETS.items():
        write_powder_dataset(raw / name, calibrant=calibrant, name=name, energy_kev=60.0)
    np.save(raw / "corundum" / "mask.npy", np.zeros((10, 10), dtype=np.uint8))
    (raw / "corundum" / "picture.svg").write_text(PICTURE)
    with running_portal(raw=raw, data=tmp_path_factory.mktemp("data")) as site:
        yield site


@pytest.fixture(scope="session")
def facility(tmp_path_factory):
    """The demo facility as ``make demo`` shows it, once everything it computes by itself has ended."""
    with running_portal(data=tmp_path_factory.mktemp("facility")) as site:
        wait_for_jobs(site.url)
        yield site


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        reason = "Chromium is not installed (Debian: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *GRAPHICS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def logged_in(chromium, site):
    """The cookies of ``demo``, who logs in once by the page."""
    return cookies_of(chromium, site.url, "demo")


@pytest.fixture
def visit(chromium, site, logged_in):
    """Open a page of the site as ``demo`` or without login."""
    with visits(chromium, site.url, logged_in) as visit:
        yield visit


@pytest.fixture
def visit_facility(chromium, facility):
    """Open a page of the demo facility as ``demo`` or without login."""
    with visits(chromium, facility.url, cookies_of(chromium, facility.url, "demo")) as visit:
        yield visit


@contextmanager
def visits(chromium, url, logged_in):
    """Yield a function that opens a page as a person; every error that the browser prints is a fault."""
    contexts, told = [], []

    def visit(path="/", *, login=True, **options):
        cookies = logged_in if login else None
        context = chromium.new_context(base_url=url, storage_state=cookies, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    # A page that refuses answers 404 or 422, which the browser prints; all else is a fault of ours.
    assert [text for text in told if "status of 4" not in text] == []
