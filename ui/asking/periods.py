"""Periods: what "the last 7 days" means in the viewer's zone, and the period it is compared with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from data import calendar
from ui.wording import figures

LABELS: dict[str, str] = {
    "latest": "Latest days with data",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All time",
    "untimed": "Without a time",
    "custom": "From … to …",
    "hours": "Part of a day",
}
MOST_HOURS = timedelta(days=2)  # of a period that is not of days
# Of periods: they hold, in every zone, what the calendar holds.
_FIRST_DAY, _LAST_DAY = calendar.FIRST.date() - timedelta(days=1), calendar.END.date()
_DAYS = {"7d": 7, "30d": 30, "90d": 90}
DEFAULT_DAYS = 7


@dataclass(frozen=True)
class Extent:
    """What subjects hold: first and last event time that the calendar holds, how many rows have none, whether there is
    any row.

    Rows of several subjects are partly the same things (a call is an event, too), so what they are together without a
    time is no number to show.
    """

    first: datetime | None
    last: datetime | None
    untimed: int
    holds_rows: bool


@dataclass(frozen=True)
class Period:
    """A span of time from `start` up to, not including, `end`; None is open.

    `label` stands inside a sentence: "the last 7 days". The span before has the same length, and where this one is
    not over yet, it ends at the same point of its course, so that both can be compared.
    """

    choice: str
    start: datetime | None
    end: datetime | None
    label: str
    zone: ZoneInfo
    previous_start: datetime | None = None
    previous_end: datetime | None = None
    previous_label: str | None = None
    is_partial: bool = False
    untimed: bool = False

    @property
    def during(self) -> str:
        """The label with its preposition: "in the last 7 days", "on 17 Nov 2026", "from 2 to 8 Nov 2026"."""
        if self.untimed:
            return f"among {self.label}"
        if self.choice == "all":
            return f"over {self.label}"
        if self.choice not in ("custom", "hours"):
            return f"in {self.label}"
        return f"{'from' if ' to ' in self.label else 'on'} {self.label}"

    @property
    def parameters(self) -> dict[str, datetime | bool | None]:
        """What readers take: start, end and untimed (rows without a time and no others)."""
        return {"start": self.start, "end": self.end, "untimed": self.untimed}

    @property
    def previous(self) -> dict[str, datetime | bool | None] | None:
        """The same of the span before; None where there is none to compare with."""
        if self.previous_start is None:
            return None
        return {"start": self.previous_start, "end": self.previous_end, "untimed": False}

    @property
    def compared(self) -> dict[str, datetime | None]:
        """previous_start and previous_end, for readers that take both periods at once."""
        return {"previous_start": self.previous_start, "previous_end": self.previous_end}

    @property
    def days(self) -> float | None:
        """Its length in days; None when it is open."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start) / timedelta(days=1)

    def bucket(self, extent: Extent | None = None) -> str:
        """How to slice it for a chart: hour, day, week or month."""
        length = self.days
        if length is None and extent and extent.first and extent.last:
            length = (extent.last - extent.first) / timedelta(days=1)
        if length is None or length > 800:
            return "month"
        return "hour" if length <= 2 else "day" if length <= 100 else "week"

    @property
    def query(self) -> dict[str, str]:
        """Its parameters in the URL, for links to other pages."""
        if self.choice == "hours" and self.start and self.end:
            return query_of_hours(self.start, self.end)
        if self.choice in ("custom", "latest") and self.start and self.end:
            return query_of_days(self.start, self.end, self.zone)
        return {"period": self.choice}


def query_of_days(start: datetime, end: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The parameters in the URL of the days that a span lies in."""
    first, last = (when.astimezone(zone).date() for when in (start, end - timedelta(microseconds=1)))
    return {"period": "custom", "from": f"{first}", "to": f"{last}"}


def query_of_hours(start: datetime, end: datetime) -> dict[str, str]:
    """The parameters in the URL of what is no whole days, such as one bar of a chart by hours."""
    begins, ends = (f"{when.astimezone(UTC):%Y-%m-%dT%H:%M}Z" for when in (start, end))
    return {"period": "hours", "from": begins, "to": ends}


def default_choice(extent: Extent, now: datetime, first: str = "7d") -> str:
    """The newest period that holds data: the days of `first`, else the 7 days up to the last event, else those without
    a time; all time where `first` is "all". Where there is nothing `first`, as for those who see something."""
    if first == "all":
        return first
    if first != "7d":
        begins = now - timedelta(days=_DAYS[first] - 1)
        if extent.last is not None and begins <= extent.last <= now + timedelta(days=1):
            return first
    if extent.last is not None and extent.last > now:
        return "latest" if extent.last > now + timedelta(days=1) else "7d"
    if extent.last is not None:
        return "7d" if extent.last >= now - timedelta(days=DEFAULT_DAYS - 1) else "latest"
    return "untimed" if extent.untimed else first


def choices(extent: Extent, now: datetime, first: str = "7d") -> list[str]:
    """What can be chosen: "latest" only where it differs from the last days, "untimed" where there is such."""
    offered = ["24h", "7d", "30d", "90d", "all", "custom"]
    if default_choice(extent, now, first) == "latest":
        offered.insert(0, "latest")
    if extent.untimed:
        offered.append("untimed")
    return offered


def period_of(asked: Mapping[str, str], extent: Extent, now: datetime, zone: ZoneInfo, first: str = "7d") -> Period:
    """The period that the URL's parameters (period, from, to) ask for; the default for what makes no sense."""
    offered = choices(extent, now, first)
    choice = asked.get("period", "")
    hours = _asked_hours(asked) if choice == "hours" else None
    if hours is not None:
        return _hours(*hours, now, zone)
    if choice not in offered and choice != "latest":
        choice = default_choice(extent, now, first)
    days = _custom_days(asked) if choice == "custom" else None
    if choice == "custom" and days is None:
        choice = default_choice(extent, now, first)
    if choice == "latest" and extent.last is None:
        choice = first
    if choice == "custom" and days is not None:
        return _calendar(choice, days[0], days[1], now, zone, extent)
    if choice == "latest" and extent.last is not None:
        newest = extent.last.astimezone(zone).date()
        return _calendar(choice, newest - timedelta(days=DEFAULT_DAYS - 1), newest, now, zone, extent)
    if choice == "24h":
        return _last_day(now, zone, extent)
    if choice in _DAYS:
        today = now.astimezone(zone).date()
        return _calendar(choice, today - timedelta(days=_DAYS[choice] - 1), today, now, zone, extent)
    untimed = choice == "untimed"
    label = "the rows without a time" if untimed else "all time"
    return Period(choice, None, None, label, zone, untimed=untimed)


def remarks(asked: str | None, chosen: Period, extent: Extent, now: datetime) -> list[str]:
    """Sentences on a period that is not what somebody would take it for: not the one `asked` for, or ahead of now."""
    said = []
    if asked not in (None, "latest", chosen.choice):
        said.append(f"The address asks for a period that is none here, so this shows {chosen.label}.")
    if chosen.choice == "latest" and extent.last is not None and extent.last > now:
        said.append("The newest data lie ahead of now; what happened until now is in the other periods.")
    return said


def _custom_days(asked: Mapping[str, str]) -> tuple[date, date] | None:
    try:
        first, last = date.fromisoformat(asked.get("from", "")), date.fromisoformat(asked.get("to", ""))
    except ValueError:
        return None
    first, last = min(first, last), max(first, last)
    return (first, last) if first >= _FIRST_DAY and last <= _LAST_DAY else None


def _asked_hours(asked: Mapping[str, str]) -> tuple[datetime, datetime] | None:
    try:
        start, end = datetime.fromisoformat(asked.get("from", "")), datetime.fromisoformat(asked.get("to", ""))
    except ValueError:
        return None
    if start.tzinfo is None or end.tzinfo is None or not timedelta(0) < end - start <= MOST_HOURS:
        return None
    return (start, end) if start.date() > _FIRST_DAY and end.date() < _LAST_DAY else None


def _hours(start: datetime, end: datetime, now: datetime, zone: ZoneInfo) -> Period:
    length, is_partial = end - start, start < now < end
    before = start - length
    last = end - timedelta(microseconds=1)
    if start.astimezone(zone).date() == last.astimezone(zone).date():
        label = f"{figures.clock(start, zone)} to {figures.clock(end, zone)} on {figures.days(start, end, zone)}"
    else:
        first_day, last_day = (figures.days(when, when + timedelta(microseconds=1), zone) for when in (start, last))
        label = f"{figures.clock(start, zone)} on {first_day} to {figures.clock(end, zone)} on {last_day}"
    return Period(
        "hours",
        start,
        end,
        label,
        zone,
        previous_start=before,
        previous_end=before + (_quarter(now) - start) if is_partial else start,
        previous_label="the hour before" if length == timedelta(hours=1) else "as long before",
        is_partial=is_partial,
    )


def _calendar(choice: str, first: date, last: date, now: datetime, zone: ZoneInfo, extent: Extent) -> Period:
    length = (last - first).days + 1
    start, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    before = _midnight(first - timedelta(days=length), zone)
    is_partial = start < now < end
    # A quarter of an hour, so that the figures of the period before stay in the cache for a while.
    elapsed = _quarter(now) - start if is_partial else None
    previous_end = min(before + elapsed, start) if elapsed is not None else start
    plural = "day" if length == 1 else f"{length} days"
    written = figures.days(start, end, zone)
    labels = {"latest": f"the last {plural} with data: {written}", "custom": written}
    return Period(
        choice,
        start,
        end,
        labels.get(choice, f"the last {plural}"),
        zone,
        previous_start=before,
        previous_end=previous_end,
        previous_label=f"the {plural} before",
        is_partial=is_partial,
    )


def _last_day(now: datetime, zone: ZoneInfo, extent: Extent) -> Period:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end, start = hour + timedelta(hours=1), hour - timedelta(hours=23)
    elapsed = _quarter(now) - start
    return Period(
        "24h",
        start,
        end,
        "the last 24 hours",
        zone,
        previous_start=start - timedelta(hours=24),
        previous_end=start - timedelta(hours=24) + elapsed,
        previous_label="the 24 hours before",
        is_partial=True,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _quarter(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(minute=when.minute // 15 * 15, second=0, microsecond=0)
