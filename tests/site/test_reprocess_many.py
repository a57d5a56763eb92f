"""Several datasets with one form, in a real browser and with a real worker."""

from playwright.sync_api import expect

ADDRESS = "/datasets/reprocess/powder_pattern/?dataset={},{}"


def selected(page):
    """The numbers of two datasets, as the cards link to them."""
    page.get_by_role("link", name="Files registered from a folder").click()
    links = page.locator(".dataset-card h3 a")
    found = {
        link.inner_text(): link.get_attribute("href").strip("/").rpartition("/")[2] for link in links.all()
    }
    return found["lab6"], found["silicon"]


def test_two_datasets_are_reprocessed_with_one_form_and_their_batch_goes_by_without_a_reload(visit):
    page = visit("/")
    page.goto(ADDRESS.format(*selected(page)))
    expect(page.get_by_role("heading", level=1)).to_have_text("Powder pattern on 2 datasets")

    # What is wrong is said before anything is sent, and the folded group opens for it.
    points = page.get_by_label("Number of points")
    points.evaluate("e => e.value = '5'")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(points).to_be_focused()
    described = points.get_attribute("aria-describedby").split()[-1]
    expect(page.locator(f"#{described}")).to_have_text("Must be at least 10.")

    points.fill("321")
    page.get_by_label("Run again what is already computed").check()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/jobs/?batch=*")
    loads = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    expect(page.locator(".batch-words")).to_contain_text("2 of 2 done")
    expect(page.locator(".state-succeeded")).to_have_count(2)
    assert loads == []
    expect(page.locator("[hx-get]")).to_have_count(0)

    page.get_by_role("link", name="Powder pattern").first.click()
    expect(page.get_by_role("link", name="all jobs that were started with it")).to_be_visible()
    expect(page.get_by_role("row", name="Number of points")).to_contain_text("321")


def test_a_value_that_was_changed_can_be_put_back(visit):
    page = visit("/")
    number, _ = selected(page)
    page.goto(f"/datasets/{number}/reprocess/powder_pattern/")
    energy = page.get_by_label("Photon energy")
    energy.fill("-1")
    energy.blur()
    expect(page.get_by_text("Must be more than 0 keV.")).to_be_visible()

    page.get_by_role("button", name="Take 60 again for Photon energy").click()

    expect(energy).to_have_value("60")
    expect(page.get_by_text("Must be more than 0 keV.")).to_have_count(0)
    expect(page.get_by_role("button", name="Take 60 again")).to_have_count(0)
