"""Rows of chronicle.sessions."""

from __future__ import annotations

import json

import numpy as np

from data.demo.chronicle.plan import HOOK_LOG, HOOKS, MODELS, SOURCES
from data.demo.chronicle.projects import PROJECTS
from data.demo.chronicle.replies import Replies
from data.demo.chronicle.scene import Scene
from data.demo.chronicle.timeline import STOP
from data.demo.columns import (
    UNKNOWN_TIME,
    Block,
    Flags,
    Floats,
    Integers,
    block,
    escaped,
    glue,
    hyphened,
    times,
    tokens,
    uuids,
)
from data.demo.people import PEOPLE
from data.demo.prices import Prices

_RUNNING_MS = 40 * 60_000


def session_rows(random: np.random.Generator, scene: Scene, told: Replies, prices: Prices) -> Block:
    """One row per session; its end and status follow from the last thing that happened in it."""
    count = len(scene.session_ids)
    part = scene.stretch.sessions
    plan = scene.stretch.plan
    last_ms, has_stopped = _lasts(scene, count)
    is_running = ~has_stopped & (last_ms > scene.request.anchor_ms - _RUNNING_MS)
    is_untimed = scene.source == HOOK_LOG
    is_running &= ~is_untimed
    started = np.where(is_untimed, UNKNOWN_TIME, plan.start_ms[part])
    ended = np.where(is_untimed | is_running, UNKNOWN_TIME, last_ms)
    recorded = np.where(is_untimed, scene.imported_ms, plan.start_ms[part])
    projects = [PROJECTS[number] for number in plan.project[part].tolist()]
    branches = plan.branch[part].tolist()
    return block(
        "demo.copy_sessions",
        count,
        [
            scene.session_ids,
            [hyphened(text) for text in uuids(random, count)],
            [project.name for project in projects],
            [_branch(project.branches, number) for project, number in zip(projects, branches, strict=True)],
            glue(tokens(random, count), (text[:16] for text in tokens(random, count))),
            [project.working_directory for project in projects],
            times(started),
            times(ended),
            _statuses(random, is_running, has_stopped, is_untimed),
            _metadata(scene, _recorded_costs(random, scene, told, prices)),
            times(recorded),
            times(np.where(is_untimed, recorded, last_ms)),
        ],
    )


def _lasts(scene: Scene, count: int) -> tuple[Integers, Flags]:
    ends = np.searchsorted(scene.timeline.session, np.arange(count), side="right") - 1
    return scene.timeline.at_ms[ends], scene.timeline.kind[ends] == STOP


def _statuses(
    random: np.random.Generator,
    is_running: Flags,
    has_stopped: Flags,
    is_untimed: Flags,
) -> list[str]:
    broke = np.where(random.random(len(is_running)) < 0.45, "error", "terminated")
    statuses = np.where(is_running, "active", np.where(has_stopped | is_untimed, "completed", broke))
    return [str(status) for status in statuses.tolist()]


def _branch(branches: tuple[str, ...], number: int) -> str:
    """A third of the work happens on main."""
    return branches[0] if number % 3 == 0 else branches[number % len(branches)]


def _recorded_costs(random: np.random.Generator, scene: Scene, told: Replies, prices: Prices) -> Floats:
    """USD for the sessions whose status line was recorded, NaN for the others; bills lie a little above estimates."""
    per_session = np.bincount(told.session, weights=told.cost_usd(prices), minlength=len(scene.session_ids))
    is_recorded = (scene.source == HOOKS) & (random.random(len(scene.session_ids)) < 0.22) & (per_session > 0)
    return np.where(is_recorded, per_session * random.uniform(1.01, 1.12, len(per_session)), np.nan)


def _metadata(scene: Scene, costs: Floats) -> list[str]:
    part, plan = scene.stretch.sessions, scene.stretch.plan
    written = []
    picked = zip(
        plan.person[part].tolist(), plan.model[part].tolist(), scene.source.tolist(), costs.tolist(), strict=True
    )
    for person, model, source, cost in picked:
        owner = PEOPLE[person]
        name = MODELS[model].name
        entry: dict[str, object] = {"told_by": [SOURCES[source]], "version": "2.1.39", "model": name, "models": [name]}
        if owner.user_id is not None:
            entry["user_id"] = str(owner.user_id)
        if cost == cost:  # noqa: PLR0124 - NaN is the one value that differs from itself
            entry["cost"] = {"total_cost_usd": round(cost, 4), "recorded": True}
        written.append(escaped(json.dumps(entry)))
    return written
