"""Every page that somebody can reach, as each kind of person, in each look."""

import pytest
from django.urls import URLPattern

from portal.pages.urls import urlpatterns
from tests.site.page_checks import faults_of
from tests.site.people import cookies_of
from tests.site.rest import Api, api_of
from tests.site.walker import DARK_NARROW, DARK_WIDE, LIGHT_NARROW, LIGHT_WIDE, Walker

# Who walks, by which login, and how the pages look to them: together they see every kind of page light
# and dark, wide and narrow.
ROLES = {
    "stranger": (None, (DARK_WIDE,)),
    "participant": ("demo", (LIGHT_NARROW,)),
    "instrument scientist": ("beamline", (DARK_WIDE,)),
    "staff": ("scientist", (LIGHT_WIDE, DARK_NARROW)),
}
# Those who also try what can be asked of a page; the others meet the same.
ASKING = {"staff"}

# Routes that are no pages to go to: what is posted, fragments of pages, what the explorer asks.
POSTED = {"logout", "revoke-token", "cancel-job", "retry-job", "switch-pipeline"}
FRAGMENTS = {"job-progress", "jobs-progress", "staff-state", "h5"}
# Of the ways to download, the walk meets those that come first.
ARCHIVES = {"archive", "archive-selected", "archive-investigation"}
NEEDS_LOGIN = {
    *("account", "jobs", "choose-pipeline", "reprocess", "choose-pipeline-for-many", "reprocess-many"),
    "reprocess-investigation",
}
NOT_FOR = {
    "stranger": NEEDS_LOGIN | {"staff"},
    "participant": {"login", "staff"},
    "instrument scientist": {"login", "staff"},
    "staff": {"login"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_portal_is_sound(chromium, facility, role):
    login, looks = ROLES[role]
    api = api_of(facility.url, login) if login else Api(facility.url)
    cookies = cookies_of(chromium, facility.url, login) if login else None
    walker = Walker(chromium, facility.url, cookies=cookies, looks=looks, asks=role in ASKING)

    walker.go_through("/", *pages_of_results_and_failures(api))
    walker.close()

    assert dict(walker.walk.faults) == {}
    assert page_names() - walker.walk.seen - POSTED - FRAGMENTS - ARCHIVES - NOT_FOR[role] == set()


def test_a_broken_page_is_noticed(chromium):
    page = chromium.new_page()
    page.set_content(
        '<img src="x"><input><button></button><a href="#nowhere">there</a><p style="width: 9000px">wide</p>'
    )

    faults = "\n".join(faults_of(page))
    page.close()

    for fault in ("0 h1", "no title", "px too wide", "no image at x", "nothing is called #nowhere"):
        assert fault in faults
    for fault in ("image-alt", "label", "button-name"):
        assert fault in faults


def pages_of_results_and_failures(api):
    """Return addresses of pages that look unlike the first of their kind: a result, a failed job."""
    result, failed = api.first("/api/datasets/?type=processed"), api.first("/api/jobs/?state=failed")
    pages = [f"/datasets/{result['id']}/"]
    return [*pages, f"/jobs/{failed['id']}/"] if failed else pages


def page_names():
    """Return the names of the routes of pages."""
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    return {pattern.name for pattern in urlpatterns}
