"""The catalogue in a real browser: what moves there."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

INTEGRATE = "/tasks/processing.techniques.xrpd.tasks.integrate.Integrate1D/"


def test_a_workflow_is_read_by_keyboard_and_the_search_needs_no_click(visit):
    page = visit("/pipelines/powder_pattern/", login=False)
    link = page.locator(".workflow .link").first
    note = link.locator(".link-note")
    was_hidden = note.is_hidden()

    page.locator(".workflow a").last.focus()
    page.keyboard.press("Tab")
    note.get_by_text("yerror → yerror").wait_for()
    page.keyboard.press("Shift+Tab")
    note.wait_for(state="hidden")
    link.locator("path").first.hover(force=True)
    note.wait_for()
    page.locator(".workflow a").first.click()
    page.wait_for_url(f"**{INTEGRATE}")
    page.goto("/pipelines/")
    page.get_by_label("Words").fill("no such pipeline")
    page.get_by_text("No pipeline fits this search").wait_for()
    address, tasks_too = page.url, page.get_by_role("link", name="Tasks", exact=True).get_attribute("href")
    page.get_by_role("link", name="Show all pipelines").click()
    page.get_by_role("link", name="Powder pattern", exact=True).wait_for()

    assert was_hidden
    assert parse_qs(urlsplit(address).query)["q"] == ["no such pipeline"]
    assert "q=no" in tasks_too


def test_a_wide_table_scrolls_inside_itself_by_keyboard_on_a_phone(visit):
    page = visit("/pipelines/powder_pattern/", viewport={"width": 390, "height": 844})

    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    region = page.get_by_role("group", name="What it asks for")
    region.focus()
    page.keyboard.press("ArrowRight")
    expect(region).not_to_have_js_property("scrollLeft", 0)

    assert too_wide <= 0
