"""Which times the console's calendar holds. A time that no period can name, such as the zero of Go and .NET or the end
of their time, is told, counted and listed as no time, as one that is not there. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Periods name the days from 1 January 1970 to 31 December 2200. In every zone these times lie within them. Queries
# have the same bounds written out, so that indexes answer them, and so has analytics.rollup_windows.
FIRST = datetime(1970, 1, 2, tzinfo=UTC)
END = datetime(2200, 12, 31, tzinfo=UTC)
LONGEST_SLICE = timedelta(days=32)  # of a chart: a month begins that long before what it holds, and it is read as well


def holds(when: datetime) -> bool:
    """Whether a time is one that periods can name, whatever the zone."""
    return FIRST <= when < END


def milliseconds_between(begin: datetime | None, end: datetime | None) -> float | None:
    """How long it is from one time to another, less than nothing where the second comes first; None where either is not
    known or not one that `holds` takes: a length that begins with a placeholder says nothing."""
    if begin is None or end is None or not holds(begin) or not holds(end):
        return None
    return (end - begin) / timedelta(milliseconds=1)


def took_ms(begin: datetime | None, end: datetime | None) -> float | None:
    """How long something took, in milliseconds; None where `milliseconds_between` is, or it ended before it began:
    two clocks disagree, and nothing takes less than no time."""
    between = milliseconds_between(begin, end)
    return between if between is None or between >= 0 else None
