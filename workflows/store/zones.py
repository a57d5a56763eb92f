"""Time zones whose content is known: those of ``datetime`` and ``zoneinfo``."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from workflows.store.errors import NotStorable
from workflows.store.parts import class_name


def zone_of(moment: datetime | time) -> list[Any] | None:
    """Describe a time zone: its key; or its offset (days, seconds, microseconds) and its name if it has one.

    Raises
    ------
    NotStorable
        A time zone of another kind.
    """
    zone = moment.tzinfo
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key:
        return [zone.key]
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        default, name = timezone(offset).tzname(None), zone.tzname(None)
        return [offset.days, offset.seconds, offset.microseconds, None if name == default else name]
    raise NotStorable(f"the content of a time zone of the type {class_name(zone)} is not known")


def zone_from(described: list[Any]) -> timezone | ZoneInfo:
    """Return the time zone that ``zone_of`` described."""
    if len(described) == 1:
        return ZoneInfo(described[0])
    *offset, name = described
    return timezone(timedelta(*offset), *([] if name is None else [name]))
