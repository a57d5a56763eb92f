"""Logging in at a running portal, as a person does."""

__all__ = ["cookies_of"]


def cookies_of(browser, url, name):
    """Return the cookies of one of the demo's logins, for new contexts of the browser."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(f"{name}-diffraction")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for()
    cookies = context.storage_state()
    context.close()
    return cookies
