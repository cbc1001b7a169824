"""Which stored rows fit into the buckets of a chart: a row of a day of UTC is no part of a day in Paris."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY, HOUR, QUARTER = 96, 4, 1  # in slots of 15 minutes, as the level of a stored row
EIGHT_DAYS = 8 * DAY

_HOUR_S = 3600


def coarsest(unit: str, zone: str, start: datetime | None, end: datetime | None) -> int:
    """The widest stored row, in slots of 15 minutes, that lies within one bucket of `unit` (hour, day, week, month) of
    the zone, wherever in the window from `start` to `end` (None is open) it is.

    Every offset of today is a whole number of quarters of an hour. Those of long ago may not be (Amsterdam was 19 min
    32 s ahead until 1937): a window that goes back so far reads quarters and puts a quarter that lies across a
    boundary into the earlier bucket.
    """
    offsets = _offsets(ZoneInfo(zone), start, end)
    if any(offset % _HOUR_S for offset in offsets):
        return QUARTER
    if unit == "hour" or any(offsets):
        return HOUR
    return DAY


def _offsets(zone: ZoneInfo, start: datetime | None, end: datetime | None) -> set[int]:
    """The offsets from UTC in seconds that the zone has within the window; an open end reaches to next year.

    A zone keeps an offset for weeks at least, so that looking once a week finds all of them.
    """
    last = end or datetime.now(UTC) + timedelta(days=366)
    at = start or datetime(1970, 1, 1, tzinfo=UTC)
    found = {_offset_s(zone, last)}
    while at < last:
        found.add(_offset_s(zone, at))
        at += timedelta(days=7)
    return found


def _offset_s(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
