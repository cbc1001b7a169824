"""The list of migrations, and one of them with its statements."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import streamlit as st

from data.operations.migrations import Look, OneMigration
from ui import page
from ui.asking import filters, links, paging
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, tag
from ui.migrations.reading import remember, text_mark
from ui.migrations.telling import STATES, WRONG
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_LONGEST_SHOWN = 60_000  # characters of SQL; more makes the browser slow, and the file is in the checkout


def asked_version() -> str | None:
    """The one migration that the URL asks for; None where it asks for none, or for what is no version."""
    asked = filters.given("version") or ""
    return asked if re.fullmatch(r"\d{1,20}", asked) else None


def listing(view: View, found: Look) -> tuple[str | None, int]:
    """The migrations that the URL asks for: what is not simply applied on top, then the newest. Which state that is,
    None for all, and how many there are."""
    counts = Counter(_group(one.state) for one in found.status.migrations)
    state = filters.choice(view, "state", counts, every="All states", label=_word, known=_GROUPS)
    filters.chips(view, {"state": ("state", _word(state)) if state else None})
    ordered = sorted(found.status.migrations, key=lambda one: (one.state != "applied", one.version), reverse=True)
    fitting = [one for one in ordered if state in (None, _group(one.state))]
    rows = [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in fitting]
    if not rows:
        none = (
            "No migration is in this state." if ordered else "No migration is recorded and none lies in the checkout."
        )
        page.empty(none)
        return state, 0
    page.heading("Migrations", "what needs a look, then the newest")
    offset = paging.offset_of(len(rows))
    tables.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        [
            tables.Column("Version", lambda row: links.go(row["version"], "migrations", version=row["version"])),
            tables.Column("State", _state),
            tables.Column("What it does", _name, wide=True),
            tables.Column(
                f"Applied ({figures.zone_name(view.as_of, view.zone)})",
                lambda row: _applied(view, row),
                hint=lambda row: figures.exact(row["applied_at"], view.zone) if row["applied_at"] else None,
            ),
            tables.Column("By role", tables.text("applied_by", 40)),
            tables.Column("Took", _took, is_number=True),
        ],
        label="Migrations",
        total=len(rows),
    )
    return state, len(rows)


_GROUPS = ("applied", "pending", WRONG)


def _group(state: str) -> str:
    return state if state in _GROUPS else WRONG


def _word(group: str) -> str:
    return "edited, unknown or out of order" if group == WRONG else group


def one(view: View, shown: OneMigration) -> None:
    """One migration: its state, what differs where it was edited, and its statements."""
    about = shown.about
    st.html(tag("p", links.go_to("‹ all migrations", filters.here(view, version=None)), class_="sb-note"))
    st.html(tag("h2", f"{about.version} ", _name({"name": about.name}), class_="sb-heading", style="font-size:18px"))
    page.say(_told(view, shown), state=STATES[about.state][0])
    if about.difference:
        page.heading("What was edited", "from what was applied to what the file says now")
        st.code(about.difference, language="diff")
    if shown.sha256 is not None:
        remember(about.version, shown.sha256)
    text_is = f", {text_mark(shown.sha256)}" if shown.sha256 else ""
    source = "as the history of the database has them" if shown.is_from_history else f"as the file has them{text_is}"
    page.heading(plural(shown.statement_count, "statement"), source)
    if not shown.statements:
        page.note("None is recorded.")
        return
    text = shown.text
    st.code(text[:_LONGEST_SHOWN], language="sql", line_numbers=True)
    if len(text) > _LONGEST_SHOWN:
        page.note(f"The rest, {plural(len(text) - _LONGEST_SHOWN, 'character')}, is in the file.")


def _told(view: View, shown: OneMigration) -> str:
    about = shown.about
    if about.state == "pending":
        return "Not applied yet."
    if about.state == "out of order":
        return "Not applied, and older than the newest applied one: give it a later version."
    if about.applied_at is None:
        when = "Applied by another program than this console, so when is not recorded."
    else:
        at = figures.moment_with_zone(about.applied_at, view.zone, view.as_of)
        when = f"Applied at {at} by the role {about.applied_by} in {figures.duration(about.duration_ms)}."
    if about.state == "edited":
        return f"{when} The file has been edited since: put the old text back, and write the change as a new one."
    if about.state == "remote only":
        return f"{when} This checkout has no file for it: bring the checkout up to date."
    blind = "" if about.is_comparable else " Its statements were not recorded, so an edit could not be seen."
    return f"{when}{blind}"


def _name(row: Any) -> str:
    return figures.shortened(str(row["name"] or "").replace("_", " "), 120) or "(no name)"


def _state(row: tables.Row) -> Markup:
    state, words = STATES[row["state"]]
    return tag("span", page.mark(state, words), words, class_=f"sb-state sb-{state}")


def _took(row: tables.Row) -> Child:
    return figures.duration(row["duration_ms"]) if row["duration_ms"] is not None else tables.muted(figures.DASH)


def _applied(view: View, row: tables.Row) -> Child:
    if row["applied_at"] is not None:
        return tag("span", figures.moment(row["applied_at"], view.zone, view.as_of), class_="sb-when")
    return tables.muted(figures.DASH if row["state"] in ("pending", "out of order") else "not recorded")
