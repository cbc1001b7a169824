"""The note and the buttons: no key and no Enter decides, and a rejection needs a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from data import adoption, approvals
from data.access import Actor
from data.approvals.words import act_of
from data.wording import time_of_day
from ui import acts, deeds, page
from ui.approvals.clock import RISKS
from ui.view import View


def decision_form(view: View, asked: Mapping[str, Any]) -> None:
    """The form of a waiting question; for whoever may not decide, for what has run out, and for what an adopted table
    has no columns for, the sentence why not."""
    if asked["status"] != "pending" or asked["is_imported"]:
        return
    if not view.actor.can("decide_approvals"):
        page.note("An admin decides this.")
        return
    if not deeds.is_possible(view, adoption.DECIDING):
        return
    is_noted = deeds.is_possible(view, adoption.NOTING)
    approval_id, act = asked["approval_id"], acts.escaped(act_of(asked["title"]))
    key = f"note_{approval_id}"
    # Without enter_to_submit=False, Enter in the note would press the first button.
    with st.form(f"decision_{approval_id}", border=False, enter_to_submit=False):
        if is_noted:
            st.text_area(
                "Note",
                key=key,
                max_chars=approvals.MAX_NOTE_CHARACTERS,
                height=84,
                placeholder="What the agent and later readers should know. A rejection needs it.",
            )
        with st.container(horizontal=True):
            # Approving lets it happen: it never stands first, and where the risk is high it does not stand out either.
            given = (asked["said"], key, view.zone)
            if is_noted:
                rejecting = (decide, approval_id, "rejected", *given)
                st.form_submit_button(f"Reject: {act}", on_click=acts.run, args=rejecting)
            st.form_submit_button(
                f"Approve: {act}",
                on_click=acts.run,
                args=(decide, approval_id, "approved", *given),
                type="secondary" if asked["risk_level"] in RISKS else "primary",
            )


def decide(
    actor: Actor, approval_id: UUID, decision: approvals.Decision, said: str, note_key: str, zone: ZoneInfo
) -> str:
    """Decide on what `said` marks, with the note as it stands; the sentence of the receipt, with its time in the zone
    of the page. Raises what `data.approvals.decide` raises."""
    receipt = approvals.decide(actor, approval_id, decision, acts.typed(note_key), said=said, zone=zone.key)
    return (
        f"You {receipt.decision} “{receipt.title}” of {receipt.agent} at {time_of_day(receipt.decided_at, zone)}. "
        f"It is event {receipt.sequence_number} of its stream and stands in the audit log."
    )
