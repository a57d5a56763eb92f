"""The main job in a real browser, as a visiting scientist does it."""

import json
import os
import re
import signal
import time
import warnings

import h5py
import pytest
from playwright.sync_api import expect

FORM = "form.reprocess"


def card(page, name):
    return page.locator(".dataset-card", has=page.get_by_role("heading", name=name, exact=True))


def open_form(visit, name, **options):
    """From the first page, by clicks alone, to the form of the powder pipeline."""
    page = visit("/", **options)
    page.get_by_role("link", name="Files registered from a folder").click()
    card(page, name).get_by_text("Reprocess").click()
    card(page, name).get_by_role("link", name=re.compile(r"^Powder pattern \(")).click()
    page.wait_for_selector(FORM)
    return page


def start(page):
    page.get_by_role("button", name="Start").click()


def run_anew(page):
    """Start, also where the portal offers a result that is there already."""
    start(page)
    again = page.get_by_role("button", name="Run it again")
    expect(page.get_by_text("What was asked").or_(again).first).to_be_visible()
    if again.is_visible():
        again.click()


def wait_for_result(page):
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_selector("#made")


def downloaded(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("link", name=name, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_dataset_is_reprocessed_with_one_click_and_its_card_shows_the_pattern(visit):
    page = open_form(visit, "lab6")
    energy = page.get_by_label("Photon energy").input_value()
    distance = page.get_by_label("Distance").input_value()
    loads = []
    start(page)
    page.wait_for_url("**/jobs/**")
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    expect(page.get_by_role("link", name="Open the result")).to_be_visible()
    steps = page.locator(".step").all_inner_texts()

    assert float(energy) == 60.0
    assert float(distance) > 0
    assert len(steps) == 4
    assert all("succeeded" in step for step in steps)
    assert loads == []  # the steps went by without a reload
    expect(page.locator("#job-result canvas")).to_be_visible()
    page.locator(".crumbs a").nth(1).click()
    expect(card(page, "lab6").locator("svg.card-plot")).to_be_visible()


def test_the_result_page_shows_numbers_with_units_and_how_it_was_made(visit):
    page = open_form(visit, "ceria")
    page.get_by_label("Number of points").evaluate("e => e.closest('details').open = true")
    page.get_by_label("Number of points").fill("1200")
    run_anew(page)
    wait_for_result(page)

    result = page.locator("#result")
    expect(result.locator("canvas")).to_be_visible()
    expect(result.locator(".numbers")).to_contain_text("Å")
    expect(result.locator(".numbers")).to_contain_text("keV")
    made = page.locator("#made")
    expect(made.get_by_role("row", name="Number of points")).to_contain_text("1200")
    expect(made.get_by_role("link", name="ceria", exact=True)).to_be_visible()
    expect(made).to_contain_text(re.compile("reprise [0-9]"))
    # The strongest line of CeO2, (111), has d = 3.124 A (a = 5.4116 A, NIST SRM 674b).
    strongest = result.locator(".summary-table tbody tr").first.locator("td").all_inner_texts()
    assert float(strongest[1]) == pytest.approx(5.4116 / 3**0.5, rel=2e-3)


def test_the_downloaded_file_opens_at_its_plot_and_names_workflow_versions_and_inputs(visit, tmp_path, site):
    page = open_form(visit, "silicon")
    run_anew(page)
    wait_for_result(page)
    path = downloaded(page, "integrate.nxs", tmp_path)

    with h5py.File(path) as file:
        process = next(group for name, group in file["entry"].items() if name.startswith("reprise"))
        workflow = json.loads(process["workflow/data"][()])
        environment = process["environment/data"][()].decode()
        given = {name: process["input_0"][name][()].decode() for name in ("name", "sha256")}
    assert [node["id"] for node in workflow["nodes"]] == ["integrate", "save", "save_text"]
    assert re.search(r"^pyFAI==\d+", environment, re.MULTILINE)
    assert given["name"] == "silicon.h5"
    assert re.fullmatch("[0-9a-f]{64}", given["sha256"])
    assert str(site.raw) not in path.read_bytes().decode("latin1")  # the facility's folders stay inside


def test_the_downloaded_file_opens_at_its_plot_in_silx_and_nexpy(visit, tmp_path):
    page = open_form(visit, "silicon")
    run_anew(page)
    wait_for_result(page)
    path = downloaded(page, "integrate.nxs", tmp_path)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nexusformat.nexus import nxload
        from silx.io.nxdata import get_default

        with h5py.File(path) as file:
            silx_plot = get_default(file)
            silx_signal = silx_plot.signal_dataset_name
        nexpy_plot = nxload(str(path)).plottable_data
    assert silx_plot.is_valid
    assert silx_signal == nexpy_plot.nxsignal.nxname == "I"


def test_a_value_out_of_range_is_told_beside_its_field_and_nothing_else_is_lost(visit):
    page = open_form(visit, "lab6")
    page.get_by_label("Distance").fill("-0.2")
    page.get_by_label("PONI 1").fill("0.0789")
    start(page)

    field = page.locator(".field", has=page.get_by_label("Distance"))
    expect(field.locator(".wrong")).to_have_text("Must be more than 0 m.")
    expect(page.get_by_label("PONI 1")).to_have_value("0.0789")


def test_a_failed_job_says_in_plain_words_why_and_what_to_do(visit):
    page = open_form(visit, "corundum")
    page.get_by_label("Mask").select_option(label="mask.npy")
    start(page)

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("(10, 10)")
    expect(alert).to_contain_text("Change the value named above and start again.")
    expect(page.locator("body")).not_to_contain_text("Traceback", use_inner_text=True)
    page.get_by_role("link", name="Run again with changes").click()
    expect(page.get_by_label("Mask")).to_have_value(re.compile(r"\d+"))


def test_what_is_computed_already_is_offered_before_it_is_computed_again(visit):
    page = open_form(visit, "lab6")
    run_anew(page)
    wait_for_result(page)
    page = open_form(visit, "lab6")
    start(page)

    expect(page.get_by_text("already computed")).to_be_visible()
    page.get_by_role("link", name="Show that result").click()
    page.wait_for_selector("#made")


def test_a_cancelled_job_publishes_nothing(visit, site):
    worker = site.worker_pid()
    os.kill(worker, signal.SIGSTOP)
    try:
        page = open_form(visit, "ceria")
        page.get_by_label("Distance").fill("0.3")
        start(page)
        page.wait_for_url("**/jobs/**")
        job_id = page.url.rstrip("/").rpartition("/")[2]
        page.get_by_text("Cancel the job").click()
        page.get_by_role("button", name="Yes, cancel it").click()
        expect(page.locator(".job-state")).to_contain_text("Cancelled")
    finally:
        os.kill(worker, signal.SIGCONT)
    time.sleep(1)
    page.reload()

    expect(page.locator(".job-state")).to_contain_text("Cancelled")
    assert not (site.data / "outputs" / job_id).exists()


def test_everything_works_without_javascript(visit):
    page = open_form(visit, "silicon", java_script_enabled=False)
    page.get_by_label("Distance").fill("0.31")
    run_anew(page)
    deadline = time.monotonic() + 20
    while not page.get_by_role("link", name="Open the result").is_visible() and time.monotonic() < deadline:
        page.reload()
    wait_for_result(page)

    expect(page.locator("#result svg.card-plot")).to_be_visible()


@pytest.mark.parametrize("path", ["/investigations/1/", "/datasets/1/", "/datafiles/1/download/"])
def test_a_visitor_without_login_learns_nothing_of_embargoed_data(visit, path):
    page = visit(path, login=False)

    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("lab6")


def test_the_theme_follows_the_system_and_can_be_switched(visit):
    page = visit("/", color_scheme="dark")
    theme = "document.documentElement.dataset.bsTheme"

    assert page.evaluate(theme) == "dark"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(theme) == "light"
    page.reload()
    assert page.evaluate(theme) == "light"
