"""How figures and times are said in sentences, on the command line and on the pages alike. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 session, 1,812 sessions."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def time_of_day(when: datetime, zone: ZoneInfo) -> str:
    """The second of a day, with the zone named: 14:03:07 UTC+2."""
    return f"{when.astimezone(zone):%H:%M:%S} {zone_name(when, zone)}"


def zone_name(when: datetime, zone: ZoneInfo) -> str:
    """The offset of a zone at a time, as people say it: UTC, UTC+2, UTC+5:30."""
    offset = when.astimezone(zone).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02d}' if rest else ''}"
