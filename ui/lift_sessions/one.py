"""One session of lift-sys: what it was, its present IR, revisions and drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data.reports.lift_sessions import LiftSession
from ui import lacking, page
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child, tag
from ui.lift_sessions.listing import STATES
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_LONGEST_SHOWN = 20_000  # characters of JSON; more makes the browser slow and is read by nobody


def head(view: View, found: LiftSession) -> None:
    """What the session was and how it went."""
    about = found.about
    revisions, drafts = (
        about[counter] if about[counter] is not None else about[rows]  # an adopted table may have no counter
        for counter, rows in (("revision_count", "revisions"), ("draft_count", "drafts"))
    )
    parts = [
        plural(revisions, "revision"),
        plural(drafts, "draft"),
        f"{plural(len(about['filled_holes']), 'hole')} filled"
        if found.tells_holes
        else f"{plural(about['resolutions'], 'resolution')} of unnamed holes",
    ]
    if found.named_holes and found.tells_holes:
        parts.append(f"{plural(len(found.open_holes), 'hole')} open")
    wrong = "".join(
        f" {plural(about[counted], *words)}."
        for counted, words in (
            ("unparsed_drafts", ("draft does not parse", "drafts do not parse")),
            ("invalid_ast_drafts", ("draft has an AST that is not valid", "drafts have an AST that is not valid")),
        )
        if about[counted]
    )
    # Without a draft there is nothing to price, as in the list.
    of_drafts = f"({about['priced_drafts']} of {plural(drafts, 'draft')} priced)"
    cost = f"{figures.money(about['cost_usd'])} {of_drafts}" if about["cost_usd"] is not None else "not priced"
    told = f"{listed(parts)}; cost {cost}" if drafts or about["cost_usd"] is not None else listed(parts)
    page.say(f"{told}.{wrong}", state="attention" if wrong else STATES.get(about["status"]))
    if about["prompt"]:
        st.html(tag("p", f"“{figures.shortened(about['prompt'], 300)}”", class_="sb-quote"))
    owner = about["owner"] or figures.short_id(about["owner_id"]) or "nobody"
    page.note(
        f"{about['status'] or 'status not recorded'}, {owner}, begun "
        f"{figures.moment_with_zone(about['created_at'], view.zone, view.as_of)}, changed "
        f"{figures.moment_with_zone(about['updated_at'], view.zone, view.as_of)}. ",
        links.go("‹ All sessions of lift-sys", "lift_sessions"),
    )


def present_ir(view: View, ir: Any) -> None:
    """The IR as it is now, on request."""
    if not ir:
        untold = lacking.untold(view, "lift.sessions", "current_ir") if ir is None else None
        page.note(f"Its present IR is {untold}." if untold else "The session has no IR yet.")
        return
    with st.expander("The present IR"):
        text = json.dumps(ir, ensure_ascii=False, indent=2)
        if len(text) > _LONGEST_SHOWN:
            page.note(f"The first {_LONGEST_SHOWN:,} of {len(text):,} characters.")
        st.code(text[:_LONGEST_SHOWN], language="json", wrap_lines=True)


def revisions_table(view: View, rows: Sequence[Mapping[str, Any]], total: int, shown: int | None) -> None:
    """One page of the revisions, of `total`; each leads to what it changed."""
    page.heading("Revisions", "the newest first" if total > 1 else None)
    if not rows:
        page.note("No revision is recorded.")
        return

    def number(row: tables.Row) -> Child:
        if row["revision_number"] is None:
            return tables.muted("number not recorded")
        words = f"Revision {row['revision_number']}"
        if row["revision_number"] == shown:
            return tag("b", words, aria_current="true")
        return links.go_to(words, filters.here(view, revision=row["revision_number"]))

    columns = [
        tables.Column("Revision", number),
        tables.Column(
            "What changed",
            lambda row: figures.shortened(row["change_summary"], 300) or tables.muted("not said"),
            wide=True,
            hint=lambda row: row["change_summary"],
        ),
        tables.Column("By", tables.text("changed_by", 40), hint=lambda row: row["changed_by"]),
        when(view),
    ]
    tables.table(view, rows, columns, label="Revisions", total=total, paged_by="revisions")


def drafts_table(view: View, drafts: Sequence[Mapping[str, Any]], total: int) -> None:
    """One page of the drafts, of `total`, with validity and cost, and the code of each behind its number."""
    page.heading("Drafts", "the newest first" if total > 1 else None)
    if not drafts:
        page.note("No draft is recorded.")
        return
    columns = [
        tables.Column("Draft", tables.count("draft_number"), is_number=True),
        tables.Column("Syntax", lambda row: validity(row["syntax_valid"])),
        tables.Column("AST", lambda row: validity(row["ast_valid"])),
        tables.Column(
            "Model",
            lambda row: figures.middle(row["model"], 40) or tables.muted("unknown"),
            hint=lambda row: row["model"],
        ),
        tables.Column("Tokens in", tables.count("input_tokens"), is_number=True),
        tables.Column("out", tables.count("output_tokens"), is_number=True),
        tables.Column("Latency", tables.duration("latency_ms"), is_number=True),
        tables.Column(
            "Cost",
            lambda row: figures.money(row["cost_usd"]) if row["cost_usd"] is not None else tables.muted("not priced"),
            is_number=True,
        ),
        when(view),
    ]
    tables.table(view, drafts, columns, label="Drafts", total=total, paged_by="drafts")
    for draft in drafts:
        number = "a draft without a number" if draft["draft_number"] is None else f"draft {draft['draft_number']}"
        with st.expander(f"Code of {number}"):
            if draft["code"] is None:
                page.note("The code of this draft is not recorded.")
            else:
                st.code(draft["code"], language=None)


def validity(is_valid: bool | None) -> Child:
    """Whether a draft is valid, with its mark."""
    if is_valid is None:
        return tables.muted("not checked")
    state, word = ("well", "valid") if is_valid else ("broken", "not valid")
    return tag("span", page.mark(state, word), f" {word}", class_=f"sb-state sb-{state}")


def when(view: View) -> tables.Column:
    """The column of the time of a row."""
    return tables.Column(
        f"When ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "created_at"),
        hint=lambda row: figures.exact(row["created_at"], view.zone),
    )
