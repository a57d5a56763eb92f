"""Stretches of time to count by."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal.catalogue.periods import periods_between

START = datetime(2026, 3, 28, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "finest", "kind", "n_periods"),
    [
        (0, "day", "day", 1),
        (3, "hour", "hour", 73),
        (3, "day", "day", 4),
        (60, "hour", "day", 61),
        (-100, "day", "month", 4),
        (-18 * 365, "day", "year", 19),
    ],
)
def test_periods_cover_a_span_and_are_few(days, finest, kind, n_periods):
    first, last = sorted([START, START + timedelta(days=days)])

    periods = periods_between(first, last, finest=finest)

    assert (periods.kind, len(periods.starts)) == (kind, n_periods)
    assert periods.starts[0] <= first
    assert periods.starts[-1] <= last < periods.end


@pytest.mark.parametrize("year", [1, 9999])
def test_a_clock_that_was_wrong_makes_no_endless_axis(year):
    wrong = datetime(year, 6, 1, tzinfo=UTC)

    periods = periods_between(min(wrong, START), max(wrong, START))

    assert len(periods.starts) < 70


def test_days_are_local_days():
    with timezone.override("Europe/Paris"):
        periods = periods_between(START, START + timedelta(days=2))

    # 29 March 2026 has 23 hours there.
    assert periods.labels == ["28 Mar", "29 Mar", "30 Mar"]
    assert [start.utcoffset() for start in periods.starts] == [timedelta(hours=n) for n in (1, 1, 2)]
