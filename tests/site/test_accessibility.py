"""Every page, light and dark, wide and narrow, as axe-core judges it."""

from pathlib import Path

import pytest

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SEEN_AS = {
    "light and wide": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark and narrow": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="module")
def pages(site, chromium, logged_in):
    """Addresses of all kinds of pages, a job and its result among them."""
    context = chromium.new_context(base_url=site.url, storage_state=logged_in)
    page = context.new_page()
    page.goto("/datasets/1/reprocess/powder_pattern/")
    page.get_by_label("Distance").fill("0.27")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Open the result").wait_for()
    job = page.url
    page.get_by_role("link", name="Open the result").click()
    result = page.url
    explore = page.get_by_role("link", name="Explore integrate.nxs").get_attribute("href")
    context.close()
    return [
        *("/", "/?show=all", "/about/", "/account/", "/jobs/", "/investigations/1/", "/datasets/1/"),
        *("/datasets/1/reprocess/powder_pattern/", "/datasets/999999/", job, result),
        *(explore, f"{explore}plain/", f"{explore}plain/?path=/entry/data/I", "/datasets/1/explore/"),
    ]


@pytest.mark.parametrize("seen_as", SEEN_AS)
def test_every_page_can_be_used_by_everybody_and_fits_its_screen(visit, pages, seen_as):
    page = visit("/", **SEEN_AS[seen_as])
    found = {}
    for address in pages:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        # h5web's own part of the explorer is not ours; its plain view beside it is.
        faults = page.evaluate(AXE.read_text() + "; axe.run({exclude: [['#explorer']]})")["violations"]
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if faults or too_wide > 0:
            found[address] = (
                [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in faults],
                too_wide,
            )

    assert found == {}


def test_a_broken_page_is_noticed(visit):
    page = visit("/about/")
    page.evaluate("document.querySelector('main').innerHTML = '<img src=x><input><button></button>'")

    faults = page.evaluate(AXE.read_text() + "; axe.run()")["violations"]

    assert {fault["id"] for fault in faults} >= {"image-alt", "label", "button-name"}
