"""How long events of sessions are kept: what is set, what another age would drop and what would stay, and the form."""

from __future__ import annotations

import streamlit as st

from data import rollups
from data.access import Actor
from data.errors import WrongUse
from data.rollups import Foreseen, Late, Retention, keeping
from ui import acts, page
from ui.asking import filters, url
from ui.database.looking import looked
from ui.drawing import tables
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_DAYS, _TYPED = "f_keep", "typed_keep"


def retention(view: View) -> None:
    """What is set and what came of it, then the form; nothing is dropped that was not shown here before."""
    page.heading("How long events are kept", "what happened in sessions, row by row; sums are kept for ever")
    state = looked(view, "retention", lambda actor: keeping.state_of(actor.dataset))
    if state.found is None:
        page.say(f"How long events are kept could not be looked at: {state.why_not}", state="unknown")
        return
    kept, why_not = state.found
    _say(view, kept)
    if why_not:
        page.say(f"Nothing is dropped: {why_not}", state="attention")
    late = looked(view, "rows that came late", rollups.count_late)
    _say_late(late.found)
    if view.actor.can("drop_raw_rows"):
        _form(view, kept)


def keep(actor: Actor, days: int | None, seen: int | None, foreseen_rows: int) -> str:
    """Set the age that was shown, once it is typed; the sentence of the receipt. Raises what `rollups.keep` raises."""
    if days is not None and acts.typed(_TYPED).strip() != str(days):
        raise WrongUse(f"{days} was not typed, so nothing was changed.")
    rollups.keep(actor, days, seen=seen)
    if days is None:
        return "Events of sessions are kept for ever from now on. It stands in the audit log."
    goes = f" {plural(foreseen_rows, 'row')} from before that go in the background." if foreseen_rows else ""
    return f"Events of sessions are kept for {plural(days, 'day')} from now on.{goes} It stands in the audit log."


def _say(view: View, kept: Retention) -> None:
    who = f", set by {kept.set_by} {figures.moment(kept.set_at, view.zone, view.as_of)}" if kept.set_at else ""
    if kept.keep_raw_days is None:
        page.say(f"Events of sessions are kept for ever{who}.", state="well")
    else:
        page.say(f"Events of sessions are kept for {plural(kept.keep_raw_days, 'day')}{who}.", state="well")
    if kept.is_sums_only and kept.raw_from:
        done = f", the last {figures.moment(kept.dropped_at, view.zone, view.as_of)}" if kept.dropped_at else ""
        page.note(
            f"Before {figures.exact(kept.raw_from, view.zone)} only sums are kept: "
            f"{plural(kept.dropped_rows, 'row was', 'rows were')} dropped{done}. A longer age does not bring them back."
        )


def _say_late(late: Late | None) -> None:
    if late is not None and late.rows:
        words = plural(late.rows, "row", "rows")
        page.note(
            f"{words} from before that came in later. They count; the next pass adds them to the sums and drops them."
        )


def _form(view: View, kept: Retention) -> None:
    asked = url.asked_number("keep")
    current = kept.keep_raw_days or 0
    st.session_state[_DAYS] = asked if asked is not None and asked <= keeping.LONGEST_DAYS else current

    def put() -> None:
        filters.put("keep", str(st.session_state[_DAYS]))

    st.number_input(
        "Keep events of sessions for so many days (0: for ever)",
        min_value=0,
        max_value=keeping.LONGEST_DAYS,
        step=1,
        key=_DAYS,
        on_change=put,
        width=340,
    )
    days = int(st.session_state[_DAYS])
    if days == current:
        return
    if days == 0:
        page.note("Nothing is dropped from then on. What was dropped before does not come back.")
        acts.button("Keep events for ever", keep, None, kept.keep_raw_days, 0, key="keep_for_ever")
        return
    foreseen = looked(view, "what would go", lambda actor: rollups.foresee(actor, days))
    if foreseen.found is None:
        page.note(f"What would go could not be counted, so nothing can be set: {foreseen.why_not}")
        return
    _foretell(view, foreseen.found)
    st.text_input(f"To drop them, type the number of days: {days}", key=_TYPED, width=340)
    is_typed = acts.typed(_TYPED).strip() == str(days)
    st.button(
        f"Keep events for {plural(days, 'day')}, drop what is older",
        key="keep_days",
        disabled=not is_typed,
        on_click=acts.run,
        args=(keep, days, kept.keep_raw_days, foreseen.found.rows),
        help=None if is_typed else f"Closed until {days} stands in the field above.",
    )


def _foretell(view: View, found: Foreseen) -> None:
    before = f"{found.before:%d %B %Y}"
    if found.rows:
        oldest = f", the oldest of {figures.exact(found.oldest_at, view.zone)}" if found.oldest_at else ""
        page.say(f"{plural(found.rows, 'row')} from before {before} (UTC) would be dropped{oldest}.", state="attention")
        tables.table(
            view,
            [{"name": name, "rows": rows} for name, rows in found.tables.items()],
            [
                tables.Column("Table", tables.text("name", 60)),
                tables.Column(f"Rows from before {before}", tables.count("rows"), is_number=True),
            ],
            label="What would be dropped",
        )
    else:
        page.say(f"No row is from before {before} (UTC), so none would be dropped now.", state="well")
    page.note(
        "Gone with them: lists and search of prompts, single calls with what went in and came out, texts of errors, "
        "timelines of those sessions, and what members see of that time, since they read no sums. There is no way back "
        "but a backup."
    )
    page.note(f"Kept: the sums of calls and prompts as reports show them, {keeping.KEEPS}, and rows without a time.")
