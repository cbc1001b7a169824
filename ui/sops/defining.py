"""The definitions of one procedure: its versions, and the steps of each as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import lacking, page
from ui.acts import escaped
from ui.drawing import tables
from ui.drawing.markup import Child, join, span, tag
from ui.sops.steps import Step, steps_of
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_STATES = {"draft": "attention", "active": "well", "retired": "unknown"}
_MOST_STEPS = 60  # of one version on screen


def definitions_of(view: View, versions: Sequence[Mapping[str, Any]], sop: str) -> None:
    """The versions of the procedure, the newest open."""
    page.heading("Definition", f"{plural(len(versions), 'version')}, the newest first" if versions else None)
    if not versions:
        page.note(
            f"Runs name {figures.middle(sop, 60)}, but no definition of it is recorded in engine.sop_definitions."
        )
        return
    if versions[0]["description"]:
        page.note(figures.shortened(versions[0]["description"], 400))
    for number, version in enumerate(versions):
        steps = steps_of(version["steps"])
        when = figures.moment(version["updated_at"], view.zone, view.as_of)
        number_of_it = "without a number" if version["version"] is None else str(version["version"])
        status = escaped(version["status"] or "status not recorded")
        listed = "steps not recorded" if version["steps"] is None else plural(len(steps), "step")
        title = f"Version {number_of_it} · {status} · {listed} · {when}"
        with st.expander(title, expanded=number == 0):
            _version(view, version, steps)


def _version(view: View, version: Mapping[str, Any], steps: Sequence[Step]) -> None:
    st.html(
        tag(
            "p",
            figures.shortened(version["title"], 160),
            "  ",
            tables.state("status", _STATES)(version),
            class_="sb-facts",
        )
    )
    if not steps:
        untold = lacking.untold(view, "engine.sop_definitions", "steps") if version["steps"] is None else None
        page.note(f"Its steps are {untold}." if untold else "This version lists no steps.")
        return
    st.html(tag("ol", *[tag("li", _step(step)) for step in steps[:_MOST_STEPS]], class_="sb-files"))
    if len(steps) > _MOST_STEPS:
        page.note(f"{plural(len(steps) - _MOST_STEPS, 'more step is', 'more steps are')} not listed.")


def _step(step: Step) -> Child:
    kind = f" {step.kind}" if step.kind else None
    return join(
        figures.shortened(step.name, 160) or "(no name)",
        tag("span", " ", page.mark("waiting", "a person"), "a person", class_="sb-waiting") if step.is_human else None,
        span(kind, "sb-muted") if kind and not step.is_human else None,
        span(f" {figures.middle(step.agent, 60)}", "sb-muted") if step.agent else None,
        span(f" {figures.shortened(step.note, 200)}", "sb-muted") if step.note else None,
        span(f" {figures.as_written(step.rest, 200)}", "sb-muted") if step.rest else None,
    )
