"""An investigation's datasets in a real browser: choosing several, narrowing, both views."""

import re

import pytest
from playwright.sync_api import expect

PAGE = "/investigations/1/"


def boxes(page):
    return page.locator("input[type=checkbox][name=dataset]")


def ids(page):
    return [box.get_attribute("value") for box in boxes(page).all()]


def address(page):
    return page.url.partition("//")[2].partition("/")[2]


def test_all_datasets_of_a_page_are_selected_and_reprocessed_by_keyboard_alone(visit):
    page = visit(f"{PAGE}?view=cards")
    everything = page.get_by_role("button", name="Select all on this page")
    reprocess = page.get_by_role("button", name="Reprocess selected")
    expect(reprocess).to_be_disabled()

    everything.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("4 of 4 selected")).to_be_visible()
    wanted = ids(page)
    boxes(page).nth(1).focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("3 of 4 selected")).to_be_visible()
    while page.evaluate("document.activeElement.innerText") != "Reprocess selected":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/datasets/reprocess/**")
    page.get_by_role("link", name=re.compile(r"^Powder pattern \(")).press("Enter")
    page.wait_for_url("**/powder_pattern/**")
    del wanted[1]
    assert address(page) == f"datasets/reprocess/powder_pattern/?dataset={','.join(wanted)}"


def test_the_list_is_narrowed_as_one_types_and_the_address_says_how(visit):
    page = visit(f"{PAGE}?view=cards")
    page.get_by_label("Name").press_sequentially("LAB")

    expect(page.locator(".dataset-card")).to_have_count(1)
    expect(page.locator(".dataset-card")).to_contain_text("lab6")
    assert "name=LAB" in page.url
    expect(page.get_by_label("Name")).to_be_focused()
    # The script knows the new list too.
    page.get_by_role("button", name="Select all on this page").click()
    expect(page.get_by_text("1 of 1 selected")).to_be_visible()
    page.get_by_role("link", name="Name: LAB").click()
    expect(page.locator(".dataset-card")).to_have_count(4)


def test_the_table_is_remembered_and_has_the_same_datasets(visit):
    page = visit(f"{PAGE}?view=cards&sort=name")
    as_cards = ids(page)
    page.get_by_role("link", name="Table", exact=True).click()
    expect(page.locator(".dataset-table")).to_be_visible()
    as_table = ids(page)
    page.goto(PAGE)

    assert as_table == as_cards
    expect(page.locator(".dataset-table")).to_be_visible()
    page.get_by_role("link", name="Cards", exact=True).click()
    expect(page.locator(".dataset-card")).to_have_count(4)


@pytest.mark.parametrize("view", ["cards", "table"])
def test_without_javascript_the_same_form_works(visit, view):
    page = visit(f"{PAGE}?view={view}&sort=name", java_script_enabled=False)
    page.get_by_role("checkbox", name="Select ceria").check()
    page.get_by_role("checkbox", name="Select silicon").check()
    wanted = [box.get_attribute("value") for box in boxes(page).all() if box.is_checked()]
    expect(page.get_by_role("button", name="Select all on this page")).to_be_hidden()
    page.get_by_role("button", name="Download selected").click()

    page.wait_for_url("**/downloads/**")
    assert address(page) == "downloads/?" + "&".join(f"dataset={pk}" for pk in wanted)
    page.goto(f"{PAGE}?view=cards")


def test_a_note_is_in_the_logbook_with_its_line_breaks(visit):
    page = visit(f"{PAGE}experiment/")
    page.get_by_label("Note").fill("Beam is back.\nFurnace <b>on</b>.")
    page.get_by_role("button", name="Add to the logbook").click()

    entry = page.locator(".entry", has_text="Beam is back.").first
    expect(entry).to_contain_text("Dana Moreau")
    assert re.fullmatch(
        r"Beam is back\.\nFurnace <b>on</b>\.", entry.locator(".entry-text").inner_text().strip()
    )
