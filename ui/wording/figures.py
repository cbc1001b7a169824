"""How figures are written: counts, rates, durations, money, times. Absent is said in words and never a blank. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from data import calendar, wording

zone_name = wording.zone_name  # said alike by what acts tell

NONE_RECORDED = "none recorded"
DASH = "–"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def with_unit(number: object, unit: str) -> str:
    """A figure and its unit, which the end of a line never parts: 94.2 %, 4.8 s."""
    return f"{number}\u00a0{unit}"


def count(number: float | Decimal | None) -> str:
    """A whole number with thousands separated: 12,480."""
    return NONE_RECORDED if number is None else f"{round(number):,}"


def compact(number: float | Decimal | None) -> str:
    """A large number short: 1.2 M, 480 k, 950."""
    if number is None:
        return NONE_RECORDED
    size = abs(float(number))
    if size < 10_000:
        return count(number)
    divisor, unit = (1e9, "bn") if size >= 1e9 else (1e6, "M") if size >= 1e6 else (1e3, "k")
    return with_unit(f"{float(number) / divisor:.3g}", unit)


def percent(part: float | None, whole: float | None) -> str:
    """A share as 94.2 %; never rounded up to all or down to none; "none recorded" of nothing."""
    if part is None or not whole:
        return NONE_RECORDED
    return per_cent(100 * part / whole)


def per_cent(share: float) -> str:
    """A share that is in per cent already, written likewise."""
    if 0 < share < 0.1:
        return with_unit("<0.1", "%")
    if 99.9 < share < 100:
        return with_unit(">99.9", "%")
    return with_unit(f"{share:.0f}" if share in (0, 100) else f"{share:.1f}", "%")


def duration(milliseconds: float | Decimal | None) -> str:
    """A duration: 320 ms, 4.8 s, 2 min 05 s, 3 h 12 min, 2 d 4 h."""
    if milliseconds is None:
        return NONE_RECORDED
    ms = float(milliseconds)
    if ms < 0:
        return f"−{duration(-ms)}"
    if round(ms) < 1000:
        return with_unit(round(ms), "ms")
    if round(ms / 1000, 1) < 60:
        return with_unit(f"{ms / 1000:.1f}", "s")
    seconds = round(ms / 1000)
    if seconds < 3600:
        return with_unit(f"{with_unit(seconds // 60, 'min')}\u00a0{seconds % 60:02d}", "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return with_unit(f"{with_unit(minutes // 60, 'h')}\u00a0{minutes % 60:02d}", "min")
    hours = round(minutes / 60)
    return with_unit(f"{with_unit(f'{hours // 24:,}', 'd')}\u00a0{hours % 24}", "h")


def money(usd: float | Decimal | None) -> str:
    """An amount in US dollars: $23.65, <$0.01, "not priced" when unknown."""
    if usd is None or not isfinite(usd):
        return "not priced"
    return "<$0.01" if 0 < usd < 0.005 else f"${usd:,.2f}"


def moment(when: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """A time as 12:03 when it is today in the zone, 18 Nov 12:03 in this year, 18 Nov 2025 12:03 else. The page's clock
    and the headers of columns name the offset of now: a time that has another one, from before or after a change of
    the clocks, names its own."""
    if when is None or not calendar.holds(when) or zone_name(when, zone) == zone_name(now, zone):
        return _bare(when, zone, now)
    return moment_with_zone(when, zone, now)


def moment_with_zone(when: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """As `moment`, where nothing else names the zone: always with the offset that the zone has at that time."""
    if when is None or not calendar.holds(when):
        return _bare(when, zone, now)
    return f"{_bare(when, zone, now)} {zone_name(when, zone)}"


def _bare(when: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    if when is None or not calendar.holds(when):
        return "no time"
    local, today = when.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == today.date():
        return clock
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{year} {clock}"


def exact(when: datetime | None, zone: ZoneInfo) -> str:
    """A time in full, for a tooltip: 2025-08-18 12:03:07.123 UTC+2."""
    if when is None or not calendar.holds(when):
        return "no time recorded"
    local = when.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {zone_name(local, zone)}"


def clock(when: datetime, zone: ZoneInfo) -> str:
    """The time of day: 13:00."""
    return f"{when.astimezone(zone):%H:%M}"


def days(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The days from start up to, not including, end: 18 to 24 Aug 2025."""
    first, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
    closing = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return closing
    if first.year != last.year:
        return f"{first.day} {_MONTHS[first.month - 1]} {first.year} to {closing}"
    if first.month != last.month:
        return f"{first.day} {_MONTHS[first.month - 1]} to {closing}"
    return f"{first.day} to {closing}"


def short_id(identifier: object) -> str:
    """The first eight characters of an id, none of one that is not known."""
    return "" if identifier is None else str(identifier)[:8]


# The tags that agents put around what was typed, printed or told to them. Any other tag is what somebody wrote about.
WRAPPER = (
    r"</?(?:command-(?:name|message|args|contents)|local-command-(?:stdout|stderr|caveat)|bash-(?:input|stdout|stderr)"
    r"|system-reminder|user-(?:prompt-submit-hook|memory-input)|task-(?:notification|id)|output-file|retrieval_status"
    r"|ide_(?:opened_file|selection|diagnostics)|tool_use_error)>"
)
COLOURS = r"\x1b\[[0-9;?]*[A-Za-z]"
_COLOURS = re.compile(COLOURS)
# Codes of colour, wrappers and written-out line ends say nothing in an excerpt.
_NOISE = re.compile(rf"{COLOURS}|{WRAPPER}|\\[nrt]")


def as_written(text: str, length: int) -> str:
    """A command or another thing that went in, as one line with every character it holds, cut at a length."""
    return _cut(" ".join(_COLOURS.sub("", text).split()), length)


def shortened(text: str | None, length: int) -> str:
    """A text as one line without codes and wrappers, cut at a length with an ellipsis: a path in the middle."""
    if text is None:
        return ""
    return _cut(" ".join(_NOISE.sub(" ", text).split()), length)


def _cut(line: str, length: int) -> str:
    if "/" in line and " " not in line:
        return middle(line, length)
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def middle(name: str | None, length: int) -> str:
    """A name or path whose end tells it apart: where it is too long, the middle gives way to an ellipsis."""
    if name is None:
        return ""
    if len(name) <= length:
        return name
    head = (length - 1) * 2 // 5
    return f"{name[:head]}…{name[head + 1 - length :]}"
