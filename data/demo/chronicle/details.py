"""Rows of prompts, notifications, changes of state and files touched."""

from __future__ import annotations

import numpy as np

from data.demo.calendar import DAY_MS
from data.demo.chronicle.events import hook_name, permission_text
from data.demo.chronicle.projects import PROJECTS
from data.demo.chronicle.prompts import prompt_texts
from data.demo.chronicle.scene import Scene
from data.demo.chronicle.timeline import COMPACT, HELPER_STOP, IDLE, PERMISSION, PROMPT, RESUME, START, STOP
from data.demo.chronicle.toolset import FILE_TOOLS, NAMES
from data.demo.columns import (
    Block,
    block,
    chosen,
    escaped,
    glue,
    numbers,
    pool,
    same,
    times,
    tokens,
    uuids,
)

_PERMISSION_TEXTS = pool(permission_text(name) for name in NAMES)
# kind -> state before, state after, reason
_CHANGES: dict[int, tuple[str, str, str]] = {
    START: ("\\N", "active", "startup"),
    RESUME: ("completed", "active", "resume"),
    HELPER_STOP: ("active", "active", "subagent finished"),
    COMPACT: ("active", "active", "auto"),
    STOP: ("active", "completed", "prompt_input_exit"),
}


def prompt_list(random: np.random.Generator, scene: Scene) -> tuple[list[int], list[str]]:
    """The positions of the prompts and what they say."""
    at = scene.timeline.of(PROMPT)
    project = scene.project[scene.timeline.session[at]].tolist()
    firsts = np.concatenate([[True], scene.timeline.session[at][1:] != scene.timeline.session[at][:-1]])
    return at.tolist(), prompt_texts(random, [PROJECTS[number] for number in project], firsts.tolist())


def detail_rows(random: np.random.Generator, scene: Scene) -> list[Block]:
    """All four tables."""
    return [_prompts(random, scene), _notifications(random, scene), _changes(random, scene), _files(random, scene)]


def _prompts(random: np.random.Generator, scene: Scene) -> Block:
    positions, texts = prompt_list(random, scene)
    at = np.array(positions, dtype=np.int64)
    return block(
        "demo.copy_prompt_events",
        len(at),
        [
            uuids(random, len(at)),
            scene.sessions_of(at),
            scene.events_of(at),
            map(escaped, texts),
            [str(len(text)) for text in texts],
            times(scene.at_ms[at]),
        ],
    )


def _notifications(random: np.random.Generator, scene: Scene) -> Block:
    at = scene.timeline.of(PERMISSION, IDLE)
    is_permission = scene.timeline.kind[at] == PERMISSION
    tool = scene.calls.tool[scene.timeline.call[at]]
    texts = np.where(is_permission, _PERMISSION_TEXTS[tool], "Claude is waiting for your input")
    age_days = (scene.request.anchor_ms - scene.timeline.at_ms[at]) / DAY_MS
    is_seen = random.random(len(at)) < np.where(age_days > 2, 0.995, np.where(age_days > 0.1, 0.75, 0.2))
    return block(
        "demo.copy_notification_events",
        len(at),
        [
            uuids(random, len(at)),
            scene.sessions_of(at),
            scene.events_of(at),
            chosen(is_permission, "permission_prompt", "idle_prompt"),
            texts.tolist(),
            chosen(is_permission, "warning", "info"),
            chosen(is_seen, "t", "f"),
            times(scene.at_ms[at]),
        ],
    )


def _changes(random: np.random.Generator, scene: Scene) -> Block:
    at = scene.timeline.of(*_CHANGES)
    kinds = scene.timeline.kind[at].tolist()
    return block(
        "demo.copy_lifecycle_events",
        len(at),
        [
            uuids(random, len(at)),
            scene.sessions_of(at),
            scene.events_of(at),
            [hook_name(kind) for kind in kinds],
            *([_CHANGES[kind][part] for kind in kinds] for part in range(3)),
            times(scene.at_ms[at]),
        ],
    )


def _files(random: np.random.Generator, scene: Scene) -> Block:
    calls = scene.calls
    touching = np.flatnonzero(np.isin(calls.tool, FILE_TOOLS) & (scene.made >= 0))
    key = calls.session[touching] * 4_096 + scene.call_positions[touching]
    _, firsts = np.unique(key, return_index=True)
    call = touching[firsts]
    project = scene.project[calls.session[call]].tolist()
    paths = [PROJECTS[p].files[n] for p, n in zip(project, scene.call_positions[call].tolist(), strict=True)]
    return block(
        "demo.copy_project_context",
        len(call),
        [
            uuids(random, len(call)),
            [scene.session_ids[number] for number in calls.session[call].tolist()],
            glue([PROJECTS[p].working_directory for p in project], same("/"), paths),
            [path.rpartition(".")[2] for path in paths],
            numbers(random.integers(300, 40_000, len(call))),
            chosen(random.random(len(call)) < 0.35, "modified", "clean"),
            glue(tokens(random, len(call)), tokens(random, len(call)), same("0" * 16)),
            times(scene.at_ms[scene.made[call]]),
        ],
    )
