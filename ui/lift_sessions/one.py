"""One session of lift-sys: what it was, its revisions, drafts and holes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data.reports.lift_sessions import LiftSession
from ui import page
from ui.asking import links
from ui.drawing import tables
from ui.drawing.markup import Child, tag
from ui.lift_sessions.listing import STATES
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural


def head(view: View, found: LiftSession) -> None:
    """What the session was and how it went."""
    about = found.about
    parts = [
        plural(about["revision_count"], "revision"),
        plural(about["draft_count"], "draft"),
        f"{plural(len({one['hole_id'] for one in found.holes}), 'hole')} filled",
    ]
    invalid = sum(False in (one["syntax_valid"], one["ast_valid"]) for one in found.drafts)
    of_drafts = f"({about['priced_drafts']} of {plural(about['draft_count'], 'draft')} priced)"
    cost = f"{figures.money(about['cost_usd'])} {of_drafts}" if about["cost_usd"] is not None else "not priced"
    wrong = f" {plural(invalid, 'draft does', 'drafts do')} not parse." if invalid else ""
    page.say(f"{listed(parts)}; cost {cost}.{wrong}", state="attention" if invalid else STATES.get(about["status"]))
    if about["prompt"]:
        st.html(tag("p", f"“{figures.shortened(about['prompt'], 300)}”", class_="sb-quote"))
    page.note(
        f"{about['status']}, {about['owner'] or figures.short_id(about['owner_id'])}, begun "
        f"{figures.moment(about['created_at'], view.zone, view.as_of)}, changed "
        f"{figures.moment(about['updated_at'], view.zone, view.as_of)} "
        f"{figures.zone_name(view.as_of, view.zone)}. ",
        links.go("‹ All sessions of lift-sys", "lift_sessions"),
    )


def revisions_table(view: View, found: LiftSession, shown: int | None) -> None:
    """The revisions; each leads to what it changed."""
    page.heading("Revisions")
    if not found.revisions:
        page.note("No revision is recorded.")
        return
    session = str(found.about["session_id"])

    def number(row: tables.Row) -> Child:
        words = f"Revision {row['revision_number']}"
        if row["revision_number"] == shown:
            return tag("b", words, aria_current="true")
        return links.go(words, "lift_session", session=session, revision=row["revision_number"])

    columns = [
        tables.Column("Revision", number),
        tables.Column("What changed", lambda row: row["change_summary"] or tables.muted("not said"), wide=True),
        tables.Column("By", lambda row: row["changed_by"] or tables.muted(figures.DASH)),
        _when(view),
    ]
    tables.table(view, found.revisions, columns, label="Revisions")


def drafts_table(view: View, drafts: Sequence[Mapping[str, Any]]) -> None:
    """The drafts with validity and cost, and the code of each behind its number."""
    page.heading("Drafts")
    if not drafts:
        page.note("No draft is recorded.")
        return
    columns = [
        tables.Column("Draft", lambda row: str(row["draft_number"]), is_number=True),
        tables.Column("Syntax", lambda row: _validity(row["syntax_valid"])),
        tables.Column("AST", lambda row: _validity(row["ast_valid"])),
        tables.Column("Model", lambda row: row["model"] or tables.muted("unknown")),
        tables.Column("Tokens in", tables.count("input_tokens"), is_number=True),
        tables.Column("out", tables.count("output_tokens"), is_number=True),
        tables.Column("Latency", tables.duration("latency_ms"), is_number=True),
        tables.Column(
            "Cost",
            lambda row: figures.money(row["cost_usd"]) if row["cost_usd"] is not None else tables.muted("not priced"),
            is_number=True,
        ),
        _when(view),
    ]
    tables.table(view, drafts, columns, label="Drafts")
    for draft in drafts:
        with st.expander(f"Code of draft {draft['draft_number']}"):
            st.code(draft["code"], language=None)


def _validity(is_valid: bool | None) -> Child:
    if is_valid is None:
        return tables.muted("not checked")
    state, word = ("well", "valid") if is_valid else ("broken", "not valid")
    return tag("span", page.mark(state, word), f" {word}", class_=f"sb-state sb-{state}")


def holes_table(view: View, holes: Sequence[Mapping[str, Any]]) -> None:
    """What the holes were filled with; an older resolution of the same hole is muted."""
    page.heading("Holes", "the newest resolution of a hole counts")
    if not holes:
        page.note("No hole was filled.")
        return

    def resolution(row: tables.Row) -> Child:
        words = figures.as_written(json.dumps(row["resolution"], ensure_ascii=False), 160)
        return tag("code", words) if row["counts"] else tables.muted(f"{words} (replaced)")

    columns = [
        tables.Column("Hole", tables.text("hole_id")),
        tables.Column("Type", lambda row: row["hole_type"] or tables.muted(figures.DASH)),
        tables.Column("Filled with", resolution, wide=True),
        tables.Column("How", lambda row: row["resolution_method"] or tables.muted(figures.DASH)),
        tables.Column(
            "Confidence",
            lambda row: (
                figures.percent(row["confidence"], 1)
                if row["confidence"] is not None
                else tables.muted(figures.NONE_RECORDED)
            ),
            is_number=True,
        ),
        _when(view),
    ]
    tables.table(view, holes, columns, label="Holes")


def _when(view: View) -> tables.Column:
    return tables.Column(
        f"When ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "created_at"),
        hint=lambda row: figures.exact(row["created_at"], view.zone),
    )
