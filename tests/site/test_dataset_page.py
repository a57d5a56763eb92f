"""Results compared in a real browser: curves on common axes, by mouse, keyboard and without scripts."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("", "processed/", "files/", "metadata/", "provenance/", "jobs/")
MOST_ON_A_RESULT = ("", "provenance/")
# Drawn are the curves that are shown: how many dots of the canvas have another colour than its background.
INK = """canvas => {
  const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 3; i < dots.length; i += 4) count += dots[i] > 0;
  return count;
}"""


@pytest.fixture(scope="module")
def source(site, chromium, logged_in):
    """The address of a dataset from which two results were made, with other numbers of points."""
    context = chromium.new_context(base_url=site.url, storage_state=logged_in)
    page = context.new_page()
    for points in ("1100", "2100"):
        page.goto("/datasets/1/reprocess/powder_pattern/")
        page.get_by_label("Number of points").evaluate("e => e.closest('details').open = true")
        page.get_by_label("Number of points").fill(points)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("link", name="Open the result").wait_for()
    context.close()
    return "/datasets/1/"


def compare(page, *points):
    """On the page of results, choose by their numbers of points those to compare."""
    for row in page.locator("table.results tbody tr").all():
        row.get_by_role("checkbox").set_checked(any(number in row.inner_text() for number in points))
    page.get_by_role("button", name="Compare the chosen ones").click()


def test_two_results_are_compared_on_common_axes(visit, source, tmp_path):
    page = visit(source)
    page.get_by_role("navigation", name="About this dataset").get_by_role("link", name="Processed").click()
    compare(page, "Number of points 1100", "Number of points 2100")
    overlay = page.locator("#overlay")
    canvas, legend = overlay.locator("canvas"), overlay.locator(".plot-legend")

    expect(canvas).to_have_count(1)
    expect(legend.get_by_role("checkbox")).to_have_count(2)
    dashes = legend.locator("line").evaluate_all("l => l.map(e => getComputedStyle(e).strokeDasharray)")
    assert len(set(dashes)) == 2
    expect(page.locator("#compared").get_by_role("row", name="Number of points")).to_contain_text("≠ differs")

    both = canvas.evaluate(INK)
    legend.get_by_role("checkbox").first.uncheck()
    page.wait_for_timeout(100)
    assert canvas.evaluate(INK) < both
    legend.get_by_role("checkbox").first.check()

    overlay.locator(".u-over").hover()
    expect(overlay.locator(".plot-readout")).to_have_text(re.compile(r"2θ [\d.]+ °"))
    expect(legend.locator("output").first).to_have_text(re.compile(r"[\d.]+ arb\. u\."))

    with page.expect_download() as picture:
        overlay.get_by_role("button", name="PNG").click()
    with page.expect_download() as table:
        overlay.get_by_role("link", name="CSV").click()
    picture.value.save_as(tmp_path / "picture.png")
    table.value.save_as(tmp_path / "table.csv")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    header = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()[:1]
    assert len(next(csv.reader(header))) == 4


def test_a_plot_is_used_by_keyboard_and_keeps_its_part_when_the_theme_changes(visit, source):
    page = visit(source)
    plot = page.locator("#result figure")
    canvas = plot.locator("canvas")
    told = plot.get_by_role("status")

    def press(name):
        plot.get_by_role("button", name=name).press("Enter")

    def told_range():
        return [float(number) for number in re.findall(r"\d+\.?\d*", told.inner_text())[1:]]

    press("Show all")
    whole = told_range()
    press("Zoom in")
    zoomed = told_range()
    press("Move right")
    moved = told_range()
    assert zoomed[1] - zoomed[0] == pytest.approx((whole[1] - whole[0]) / 2, rel=1e-3)
    assert moved[0] - zoomed[0] == pytest.approx((zoomed[1] - zoomed[0]) / 4, rel=1e-2)

    linear = canvas.evaluate("c => c.toDataURL()")
    press("Log scale")
    expect(plot.get_by_role("button", name="Log scale")).to_have_attribute("aria-pressed", "true")
    logarithmic = canvas.evaluate("c => c.toDataURL()")
    page.get_by_role("button", name="Switch between light and dark").click()
    switched = canvas.evaluate("c => c.toDataURL()")
    press("Zoom out")
    press("Zoom out")
    assert len({linear, logarithmic, switched}) == 3
    assert told_range() == pytest.approx(whole, rel=1e-3)
    press("Zoom in")
    plot.locator(".u-over").dblclick()
    press("Move left")  # there is nothing left of the whole
    assert told_range() == pytest.approx(whole, rel=1e-3)


def test_results_are_compared_without_javascript(visit, source):
    page = visit(f"{source}processed/", java_script_enabled=False)
    compare(page, "Number of points 1100", "Number of points 2100")

    overlay = page.locator("#overlay")
    expect(overlay.locator("svg.card-plot polyline")).to_have_count(2)
    expect(overlay.locator(".plot-legend li")).to_have_count(2)
    expect(overlay.locator(".plot-still")).to_contain_text("2θ (°)")


def test_metadata_are_filtered_while_typing(visit, source):
    page = visit(f"{source}metadata/")
    page.get_by_label("Find by name, value or").fill("monochromator kev")

    expect(page.get_by_role("row").filter(has_text="InstrumentMonochromator_energy")).to_be_visible()
    expect(page.locator("[data-words]:visible")).to_have_count(1)
    page.get_by_label("Find by name, value or").fill("no such thing")
    expect(page.get_by_text("No parameter fits.")).to_be_visible()


def test_every_box_of_the_provenance_leads_to_what_it_is(visit, source):
    page = visit(f"{source}provenance/")
    page.locator("svg.lineage a.result").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#made")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_every_tab_can_be_used_by_everybody_and_fits_its_screen(visit, source, scheme, width):
    page = visit(source, color_scheme=scheme, viewport={"width": width, "height": 900})
    result = page.get_by_role("link", name="open it").get_attribute("href")
    found = {}
    for tab in TABS:
        address = f"{result if tab in MOST_ON_A_RESULT else source}{tab}"
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        faults = page.evaluate(AXE.read_text() + "; axe.run()")["violations"]
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if faults or too_wide > 0:
            found[address] = ([(fault["id"], fault["nodes"][0]["target"]) for fault in faults], too_wide)

    assert found == {}
