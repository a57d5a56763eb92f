"""Lists page by key: every row once, in both directions, with a count that is taken once."""

import base64
import json
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset
from portal.pages import paging
from portal.pages.paging import page_after, page_size
from tests.factories import make_investigation

ORDER = ("-sorted_at", "-id")


@pytest.fixture
def datasets(db):
    """Eleven datasets; some at the same microsecond, some only a microsecond apart."""
    investigation = make_investigation()
    day = timezone.now().replace(microsecond=123_456)
    ticks = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4]
    Dataset.objects.bulk_create(
        Dataset(
            investigation=investigation,
            name=f"d{number}",
            location=f"/data/{number}",
            sorted_at=day + timedelta(microseconds=tick),
        )
        for number, tick in enumerate(ticks)
    )
    return Dataset.objects.all()


def pages(rows, order=ORDER, **options):
    """All pages of a list, as one follows it to its end."""
    found = [page_after(rows, order=order, cursor="", **options)]
    while found[-1].next_cursor:
        found.append(page_after(rows, order=order, cursor=found[-1].next_cursor, **options))
    return found


@pytest.mark.parametrize("order", [ORDER, ("sorted_at", "id"), ("-sorted_at", "id"), ("name", "id")])
@pytest.mark.parametrize("size", [1, 3, 4, 11, 20])
def test_following_a_list_shows_each_row_once_and_in_order(datasets, order, size):
    shown = [row.pk for page in pages(datasets, order, size=size) for row in page.rows]

    assert shown == [row.pk for row in datasets.order_by(*order)]


@pytest.mark.parametrize("size", [1, 3, 4])
def test_going_back_shows_the_same_pages_again(datasets, size):
    forward = pages(datasets, size=size)

    back = [forward[-1]]
    while back[-1].previous_cursor:
        back.append(page_after(datasets, order=ORDER, cursor=back[-1].previous_cursor, size=size))

    assert [(page.first, list(page.rows)) for page in reversed(back)] == [
        (page.first, list(page.rows)) for page in forward
    ]
    assert back[-1].next_cursor == forward[0].next_cursor


def test_a_row_that_comes_meanwhile_moves_no_other_to_another_page(datasets):
    first = page_after(datasets, order=ORDER, cursor="", size=4)
    newest = datasets.order_by(*ORDER).first()
    Dataset.objects.create(
        investigation=newest.investigation, name="new", location="/new", sorted_at=timezone.now()
    )

    second = page_after(datasets, order=ORDER, cursor=first.next_cursor, size=4)

    assert second.rows == list(datasets.exclude(name="new").order_by(*ORDER)[4:8])


def test_rows_are_counted_on_the_first_page_alone(datasets, django_assert_num_queries):
    with django_assert_num_queries(2):
        first = page_after(datasets, order=ORDER, cursor="", size=4, counted=True)
    with django_assert_num_queries(1):
        second = page_after(datasets, order=ORDER, cursor=first.next_cursor, size=4, counted=True)

    assert (first.total, second.total, second.is_capped) == (11, 11, False)
    assert (second.number, second.n_pages, second.first, second.last) == (2, 3, 5, 8)


def test_nobody_counts_beyond_the_cap(datasets, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED_TO", 10)

    page = page_after(datasets, order=ORDER, cursor="", size=4, counted=True)

    assert (page.total, page.is_capped, page.n_pages) == (10, True, None)


def test_a_total_that_is_known_is_not_counted(datasets, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = page_after(datasets, order=ORDER, cursor="", size=4, counted=True, total=11)

    assert page.total == 11


def test_rows_may_be_shown_from_elsewhere_than_where_they_are_found(datasets, django_assert_num_queries):
    with django_assert_num_queries(2):
        page = page_after(
            datasets,
            order=ORDER,
            cursor="",
            size=4,
            shown=Dataset.objects.select_related("investigation__instrument"),
        )
        named = [(row.name, row.investigation.instrument.name) for row in page.rows]

    assert [name for name, _ in named] == [row.name for row in datasets.order_by(*ORDER)[:4]]


FORWARD, AT = False, "2026-01-01T00:00:00Z"


def encoded(*content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "ü",
        "W10=",
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        encoded([AT, 10**30], FORWARD, 0, None),
        encoded([AT, float("inf")], FORWARD, 0, None),
        encoded([AT, "\0"], FORWARD, 0, None),
        encoded(["yesterday", 1], FORWARD, 0, None),
        encoded([None, 1], FORWARD, 0, None),
        encoded([{}, []], FORWARD, 0, None),
        encoded([AT], FORWARD, 0, None),
        encoded([AT, 1], "no", 0, None),
        encoded([AT, 1], FORWARD, -1, None),
        encoded([AT, 1], FORWARD, 0, "many"),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_told_plainly(datasets, cursor):
    with pytest.raises(InvalidInput, match="does not exist"):
        page_after(datasets, order=ORDER, cursor=cursor, size=4)


def request_for(query, session):
    request = RequestFactory().get("/", query)
    request.session = session
    return request


def test_the_size_of_pages_is_remembered():
    session = {}

    sizes = [page_size(request_for(query, session)) for query in ({}, {"per_page": "50"}, {})]

    assert sizes == [20, 50, 50]


@pytest.mark.parametrize("asked", ["7", "-20", "20.0", "1" * 400, "٢٠", "\0"])
def test_no_other_size_can_be_asked_for(asked):
    assert page_size(request_for({"per_page": asked}, {})) == 20
