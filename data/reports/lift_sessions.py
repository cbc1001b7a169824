"""Sessions of lift-sys: how many came to an end, what their drafts cost and whether they parse; one in depth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound
from data.reports.coverage import Coverage
from data.reports.holes import NamedHoles, named_in

STATELESS = "stateless"  # what one may ask for beside a status: none that reports know, as an adopted table may have it
# Parts of the drafts of a model, and the column of list_validation that counts each: what its rates and cost are of.
PARTS = {"syntax": "syntax_checked", "ast": "ast_checked", "priced": "priced"}
SORTS = ("when", "revisions", "drafts", "holes", "cost")


@dataclass(frozen=True)
class StatusCount:
    """Sessions with one status, or STATELESS, in a period and in the one before; cost in USD over `priced_drafts` of
    `drafts`."""

    status: str
    sessions: int
    previous_sessions: int
    cost_usd: Decimal | None
    drafts: int
    priced_drafts: int


def read_coverage(actor: Actor) -> Coverage:
    """From when to when there are sessions. Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        row = unit.row("lift_sessions.read_coverage") or {}
    return Coverage(row["first_at"], row["last_at"], 0, row["holds_rows"])


@checked()
def count_statuses(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    search: str | None = None,
    unpriced: bool = False,
) -> tuple[StatusCount, ...]:
    """Sessions begun from `start` up to `end` (None is open) by status, against the period before; `unpriced` takes
    those that are not priced in full."""
    asked: dict[str, Any] = {
        "start": start,
        "end": end,
        "previous_start": previous_start,
        "previous_end": previous_end,
    }
    with database.reading(actor) as unit:
        if search is None and not unpriced:
            rows = unit.rows("lift_sessions.count_statuses", **asked)
        else:
            rows = unit.rows("lift_sessions.found.count_statuses", **asked, search=search, unpriced=unpriced)
    return tuple(
        StatusCount(
            row["status"] or STATELESS,
            row["sessions"],
            row["previous_sessions"],
            row["cost_usd"],
            row["drafts"],
            row["priced_drafts"],
        )
        for row in rows
    )


@checked(sort=SORTS)
def list_sessions(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    status: str | None = None,
    search: str | None = None,
    unpriced: bool = False,
    sort: str = "when",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of sessions by SORTS, with the columns of the query `lift_sessions.list_sessions`."""
    with database.reading(actor) as unit:
        return unit.rows(
            "lift_sessions.list_sessions",
            start=start,
            end=end,
            status=status,
            search=search,
            unpriced=unpriced,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked()
def list_validation(
    actor: Actor, *, start: datetime | None = None, end: datetime | None = None
) -> list[dict[str, Any]]:
    """Per model: drafts, syntax_checked, syntax_valid, ast_checked, ast_valid, priced, cost_usd, latency_p50_ms."""
    with database.reading(actor) as unit:
        return unit.rows("lift_sessions.list_validation", start=start, end=end)


@checked()
def list_drafts_of_model(
    actor: Actor,
    *,
    model: str,
    only: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of the drafts that `list_validation` counts for a model, the newest first, or of them one of PARTS: with
    the columns of `list_drafts`, and session_id instead of code and model."""
    asked: dict[str, Any] = {"model": model, "only": only, "start": start, "end": end, "limit": limit, "offset": offset}
    with database.reading(actor) as unit:
        return unit.rows("lift_sessions.list_drafts_of_model", **asked)


@dataclass(frozen=True)
class LiftSession:
    """One session: `about` has the columns of `read_session`."""

    about: dict[str, Any]

    @property
    def named_holes(self) -> NamedHoles | None:
        """The holes that the present IR names, whether filled or not; None where it says nothing of holes."""
        return named_in(self.about["current_ir"])

    @property
    def tells_holes(self) -> bool:
        """Whether what was filled says which hole that was; in an adopted table it need not."""
        return None not in self.about["filled_holes"]

    @property
    def open_holes(self) -> list[dict[str, str | None]]:
        """Those that the present IR names and nothing has filled."""
        named, filled = self.named_holes, set(self.about["filled_holes"])
        return [hole for hole in named.holes if hole["identifier"] not in filled] if named else []


@checked()
def read_session(actor: Actor, *, session_id: UUID) -> LiftSession:
    """One session of lift-sys. Raises NotFound where there is none or the viewer may not see it."""
    with database.reading(actor) as unit:
        about = unit.row("lift_sessions.read_session", session_id=session_id)
    if about is None:
        raise NotFound
    return LiftSession(about)


@checked()
def list_revisions(actor: Actor, *, session_id: UUID, limit: int = 25, offset: int = 0) -> list[dict[str, Any]]:
    """One page of the revisions of a session, the newest first: revision_number, change_summary, changed_by,
    created_at."""
    with database.reading(actor) as unit:
        return unit.rows("lift_sessions.list_revisions", session_id=session_id, limit=limit, offset=offset)


@checked()
def list_drafts(actor: Actor, *, session_id: UUID, limit: int = 25, offset: int = 0) -> list[dict[str, Any]]:
    """One page of the drafts of a session, the newest first: draft_number, code, syntax_valid, ast_valid, model,
    input_tokens, output_tokens, cost_usd, latency_ms, created_at."""
    with database.reading(actor) as unit:
        return unit.rows("lift_sessions.list_drafts", session_id=session_id, limit=limit, offset=offset)


@checked()
def list_holes(actor: Actor, *, session_id: UUID, limit: int = 25, offset: int = 0) -> list[dict[str, Any]]:
    """One page of what the holes of a session were filled with, by hole and then the newest first: hole_id, hole_type,
    resolution, resolution_method, confidence, created_at; `counts` is true of the newest of each hole."""
    with database.reading(actor) as unit:
        return unit.rows("lift_sessions.list_holes", session_id=session_id, limit=limit, offset=offset)


@checked()
def compare_revisions(actor: Actor, *, session_id: UUID, revision: int | None = None) -> dict[str, Any] | None:
    """The IR of a revision (None: the newest) and of the one before it; None where there is no such revision.

    Has revision_number, ir_content, previous_number and previous_content (None for the first).
    """
    with database.reading(actor) as unit:
        return unit.row("lift_sessions.compare_revisions", session_id=session_id, revision=revision)
