"""What somebody does who has never seen the portal, with nothing but the first page."""

import re

import h5py
import pytest
from playwright.sync_api import expect

DATASET = "ceria_0700K"


@pytest.mark.thorough  # the demo facility computes everything first
def test_last_weeks_scan_is_found_reprocessed_compared_and_downloaded(visit_facility, tmp_path):
    page = visit_facility("/")
    find(page, "cerium oxide")
    page.get_by_role("link", name=DATASET, exact=True).first.click()
    reprocess(page, n_points=2000)
    open_tab(page, "Processed")

    expect(page.get_by_role("region", name="Patterns").locator("canvas").first).to_be_visible()
    points = page.get_by_role("row", name=re.compile("^Number of points"))
    expect(points).to_contain_text("differs")
    expect(points.get_by_role("cell", name="1000", exact=True)).to_be_visible()
    expect(points.get_by_role("cell", name="2000", exact=True)).to_be_visible()
    # The newest result is the first.
    page.get_by_role("table", name="Results").get_by_role("link", name="Powder pattern").first.click()
    with h5py.File(downloaded(page, "integrate.nxs", tmp_path)) as file:
        plot = file[f"entry/{file['entry'].attrs['default']}"]
        assert plot[plot.attrs["signal"]].shape == (1, 2000)


def find(page, words):
    page.get_by_role("searchbox", name=re.compile("^Search")).fill(words)
    page.get_by_role("button", name="Search").click()


def reprocess(page, *, n_points):
    """From a dataset's page to the page of the new result, by the powder pipeline."""
    page.get_by_role("link", name="Reprocess", exact=True).click()
    page.get_by_role("link", name=re.compile(r"^Powder pattern \(")).click()
    points = page.get_by_label("Number of points")
    if not points.is_visible():
        page.locator("details", has=points).locator("summary").first.click()
    points.fill(f"{n_points}")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Open the result").click()
    expect(page.get_by_role("link", name=re.compile("integrate.nxs")).first).to_be_visible()


def open_tab(page, name):
    page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).click()


def downloaded(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("link", name=name, exact=True).click()
    path = folder / name
    download.value.save_as(path)
    return path
