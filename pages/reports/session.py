"""One session: what happened in it as lanes over time, the selected item beside them."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from data import sessions as reports
from data.errors import Conflict, NotFound
from ui import cached, filters, links, page, session, sessions, timeline

view = page.begin("Session")


def uuid_of(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise NotFound("This address names no session. Open one from the list of sessions.") from None


def around(pk: str) -> tuple[str | None, str | None, str]:
    """The addresses of the sessions before and after this one in the list it was opened from, and of that list."""
    period = filters.asked_period(view, "sessions")
    chosen = sessions.chosen(period)
    carried = sessions.as_query(chosen, period) | {"sort": filters.given("sort") or sessions.DEFAULT_SORT}
    at = filters.asked_number("at")
    back = links.href("sessions", carried, page=None if at is None else at // filters.PAGE_SIZE + 1)
    if at is None:
        return None, None, back
    name, downwards = filters.sorting(reports.SORTS, sessions.DEFAULT_SORT)
    rows = cached.read(
        view,
        reports.list_page,
        chosen=chosen,
        sort=name,
        downwards=downwards,
        most=3 if at else 2,
        skipped=max(at - 1, 0),
    )
    ids = [row["session_pk"] for row in rows]
    if pk not in ids:
        return None, None, back
    here = ids.index(pk)
    offset = max(at - 1, 0)
    addresses = [
        links.href("session", carried, session=ids[number], at=offset + number) if 0 <= number < len(ids) else None
        for number in (here - 1, here + 1)
    ]
    return addresses[0], addresses[1], back


def acknowledge(notification_id: str) -> None:
    try:
        reports.acknowledge(view.actor, UUID(notification_id))
        st.toast("Acknowledged.")
    except Conflict as error:
        st.toast(error.sentence)


with page.panel(view, "this session"):
    pk = uuid_of(filters.given("session"))
    about = cached.read(view, reports.read_session, session_pk=pk)
    items = cached.read(view, reports.list_items, session_pk=pk)
    before, after, back = around(str(pk))
    session.head(view, about, items)
    picked = next((item for item in items if str(item["item_id"]) == filters.given("item")), None)
    picked_id = str(picked["item_id"]) if picked else None
    drawn = timeline.arrange(items)
    session.steps(view, timeline.neighbours(items, picked_id), before, after, back)
    if not items:
        page.empty("Nothing is recorded of this session but that it existed.")
    left, right = st.columns([3, 2], gap="medium") if picked else (st.container(), None)
    with left:
        session.lanes(view, drawn, picked_id)
        session.untimed(view, drawn, picked_id)
        session.files(view, about)
    if picked and right:
        with right, page.panel(view, "the selected item"):
            content = cached.read(
                view, reports.read_item, session_pk=pk, item_id=UUID(picked_id), kind=picked["kind"]
            )
            session.detail(view, picked, content)
            if content.get("notification_id") and not content["is_acknowledged"]:
                st.button("Acknowledge this notification", on_click=acknowledge, args=(content["notification_id"],))
    page.footer(view, report="session_events", filters={"session": str(pk)}, rows=len(items))
