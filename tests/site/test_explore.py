"""The explorer in a real browser: h5web draws, the plain view replaces it, nothing of a user's file runs."""

import re

import h5py
import pytest
from playwright.sync_api import expect

from tests.site.conftest import PICTURE


@pytest.fixture(scope="module")
def opened(site, chromium, logged_in):
    """The address of the explorer of a dataset's only HDF5 file, found from the dataset, and the file."""
    context = chromium.new_context(base_url=site.url, storage_state=logged_in)
    page = context.new_page()
    page.goto("/datasets/1/explore/")
    page.wait_for_url("**/datafiles/*/explore/")
    address, name = page.url, page.locator(".explore-head h1").inner_text()
    context.close()
    return address, site.raw / name.removesuffix(".h5") / name


def drawn(page):
    """Wait for h5web's canvas; return the texts around it."""
    page.locator("#explorer canvas").first.wait_for(timeout=60_000)
    return page.locator("#explorer").inner_text()


def test_the_interactive_view_opens_at_the_image_of_a_scan_and_shows_its_frames(visit, opened):
    page = visit(opened[0])

    texts = drawn(page)

    assert re.search("NX Heatmap|Heatmap", texts)
    assert page.locator("#explorer canvas").evaluate("c => Math.min(c.width, c.height)") > 100
    expect(page.locator("#explorer")).to_contain_text("1.1")  # the scan in the tree


def test_the_default_plot_of_a_result_opens_with_its_axes(visit):
    page = visit("/datasets/1/reprocess/powder_pattern/")
    page.get_by_label("Distance").fill("0.26")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_selector("#made")
    dataset = re.search(r"/datasets/(\d+)/", page.url)[1]
    page.goto(f"/datasets/{dataset}/explore/")

    texts = drawn(page)

    assert page.url.endswith("/explore/")
    assert "/datafiles/" in page.url
    assert "NX Line" in texts
    assert "2theta" in page.locator("#explorer").text_content()
    # The search box asks for all paths, the export for a file of numbers.
    page.locator("#explorer").get_by_label("Search").first.click()
    page.locator("#explorer input").first.fill("radial")
    expect(page.locator("#explorer").get_by_text("radial_axis").first).to_be_visible()
    # The pages' switch turns h5web dark, whatever the browser prefers.
    root = page.locator("#explorer > *").first
    assert root.evaluate("e => getComputedStyle(e).filter") == "none"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert root.evaluate("e => getComputedStyle(e).filter") == "invert(1)"


def test_an_answer_that_would_be_too_large_is_told_in_h5web(chromium, site, logged_in, opened):
    address, path = opened
    with h5py.File(path, "a") as file:
        file.create_dataset("huge", shape=(1 << 31,), dtype="f8", chunks=(1 << 17,), fillvalue=1)
    context = chromium.new_context(base_url=site.url, storage_state=logged_in)
    page = context.new_page()
    page.goto(f"{address}?path=/huge")

    expect(page.locator("#explorer")).to_contain_text("16 GB are too much to show at once", timeout=30_000)
    context.close()
    with h5py.File(path, "a") as file:
        del file["huge"]


def test_without_scripts_or_graphics_the_plain_view_opens_by_itself(visit, opened):
    without_scripts = visit(opened[0], java_script_enabled=False)

    expect(without_scripts).to_have_url(re.compile("/explore/plain/"))
    expect(without_scripts.locator("img.heat-map")).to_be_visible()
    without_scripts.get_by_role("link", name="1.1/", exact=True).click()
    expect(without_scripts.locator(".tree")).to_contain_text("instrument")

    page = visit("/about/")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(opened[0])
    expect(page).to_have_url(re.compile("/explore/plain/"))


def test_a_script_in_a_picture_of_a_user_does_not_run_on_our_address(chromium, site, logged_in):
    context = chromium.new_context(base_url=site.url, storage_state=logged_in)
    page = context.new_page()
    page.goto("/investigations/1/")
    page.get_by_role("link", name="corundum", exact=True).first.click()
    page.get_by_role("link", name=re.compile("^Files")).click()
    row = page.get_by_role("row").filter(has_text="picture.svg")
    address = row.locator("a[href*='/datafiles/']").first.get_attribute("href").replace("download", "view")
    context.route("**/as-it-is.svg", lambda route: route.fulfill(body=PICTURE, content_type="image/svg+xml"))

    page.goto("/as-it-is.svg")
    ran_without_our_policy = page.locator("svg").get_attribute("data-ran")
    page.goto(address)
    ran = page.locator("svg").get_attribute("data-ran")
    page.goto("/about/")
    page.evaluate("address => { const i = new Image(); i.src = address; document.body.append(i) }", address)
    expect(page.locator("img").last).to_have_js_property("naturalWidth", 40)
    context.close()

    assert (ran_without_our_policy, ran) == ("yes", None)
