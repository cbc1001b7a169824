"""Rows of chronicle.events and chronicle.tool_events."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.demo.chronicle.calls import FAILED, REJECTED, SUCCEEDED, UNTOLD
from data.demo.chronicle.inputs import pick_answers, pick_errors
from data.demo.chronicle.plan import DOERS, HOOKS, MODELS, TRANSCRIPT
from data.demo.chronicle.scene import Scene
from data.demo.chronicle.timeline import (
    API_ERROR,
    COMPACT,
    HELPER_STOP,
    IDLE,
    PERMISSION,
    POST,
    PRE,
    PROMPT,
    RESUME,
    START,
    STOP,
)
from data.demo.chronicle.toolset import NAMES, TASK, TOOLS
from data.demo.columns import (
    NULL,
    Block,
    Column,
    Integers,
    Texts,
    block,
    document,
    glue,
    numbers_or_null,
    pool,
    same,
    times,
    uuids,
)

# kind of happening -> event_type of Chronicle, name of the hook, and what its payload holds beside
_KINDS: dict[int, tuple[str, str, dict[str, Any]]] = {
    START: ("session_start", "SessionStart", {"source": "startup"}),
    RESUME: ("session_start", "SessionStart", {"source": "resume"}),
    PROMPT: ("user_prompt", "UserPromptSubmit", {}),
    API_ERROR: ("system_health", "ApiError", {"severity": "error", "error": "overloaded", "retry_in_ms": 4000}),
    PRE: ("tool_pre_use", "PreToolUse", {}),
    PERMISSION: ("notification", "Notification", {"notification_type": "permission_prompt"}),
    POST: ("tool_post_use", "PostToolUse", {}),
    HELPER_STOP: ("session_stop", "SubagentStop", {"stop_hook_active": False}),
    COMPACT: ("compact_pre", "PreCompact", {"trigger": "auto", "preTokens": 167_094}),
    IDLE: ("notification", "Notification", {"notification_type": "idle_prompt"}),
    STOP: ("session_stop", "SessionEnd", {"reason": "prompt_input_exit"}),
}
_TYPES = pool(_KINDS[kind][0] for kind in sorted(_KINDS))
_TOOL_NAMES = pool(NAMES)
_DOERS = pool(DOERS)
_TOOL_KINDS = pool(tool.kind for tool in TOOLS)
_SUCCESS = {SUCCEEDED: "t", UNTOLD: NULL, FAILED: "f", REJECTED: "f"}


def hook_name(kind: int) -> str:
    """What agents call a kind of happening."""
    return _KINDS[kind][1]


def event_rows(scene: Scene) -> Block:
    """One row per happening."""
    line = scene.timeline
    return block(
        "demo.copy_events",
        len(line.kind),
        [
            scene.event_ids,
            scene.sessions_of(np.arange(len(line.kind))),
            _TYPES[line.kind].tolist(),
            _DOERS[scene.stretch.plan.agent[scene.stretch.sessions][line.session]].tolist(),
            times(scene.at_ms),
            _payloads(scene).tolist(),
            _metadata(scene),
            times(scene.recorded_ms),
        ],
    )


def tool_rows(random: np.random.Generator, scene: Scene) -> Block:
    """Two rows per call, one where no result is known."""
    at = scene.timeline.of(PRE, POST)
    call = scene.timeline.call[at]
    is_post = scene.timeline.kind[at] == POST
    outcome = scene.calls.outcome[call]
    has_failed = is_post & np.isin(outcome, (FAILED, REJECTED))
    errors, answers = pick_errors(scene.calls), pick_answers(scene.calls)
    took = _took(scene)[call]
    calls, posts = call.tolist(), is_post.tolist()
    return block(
        "demo.copy_tool_events",
        len(at),
        [
            uuids(random, len(at)),
            scene.sessions_of(at),
            scene.events_of(at),
            _TOOL_NAMES[scene.calls.tool[call]].tolist(),
            _TOOL_KINDS[scene.calls.tool[call]].tolist(),
            ["post" if post else "pre" for post in posts],
            [NULL if post else scene.call_inputs[n] for n, post in zip(calls, posts, strict=True)],
            [
                answers[n] if post and not bad else NULL
                for n, post, bad in zip(calls, posts, has_failed.tolist(), strict=True)
            ],
            numbers_or_null(took, is_post & (took >= 0)),
            [_SUCCESS[how] if post else NULL for how, post in zip(outcome.tolist(), posts, strict=True)],
            [errors[number] if bad else NULL for number, bad in zip(calls, has_failed.tolist(), strict=True)],
            times(scene.at_ms[at]),
            [scene.call_ids[number] for number in calls],
        ],
    )


def _took(scene: Scene) -> Integers:
    """Milliseconds that each call took, -1 where nothing says it. Hooks measure the tool alone, transcripts also the
    wait for a person; a subagent takes as long as all that it did."""
    calls, source = scene.calls, scene.source[scene.calls.session]
    between = scene.timeline.at_ms[scene.answered] - scene.timeline.at_ms[scene.made]
    heard = np.where(calls.outcome == REJECTED, -1, calls.duration_ms)
    told = np.where(calls.tool == TASK, between, np.where(source == TRANSCRIPT, between, heard))
    is_known = np.isin(source, (HOOKS, TRANSCRIPT)) & (scene.answered >= 0)
    return np.where(is_known, told, -1)


def _payloads(scene: Scene) -> Texts:
    line, calls = scene.timeline, scene.calls
    payloads = np.empty(len(line.kind), dtype=object)
    for kind, (_, _, fixed) in _KINDS.items():
        payloads[line.of(kind)] = document(fixed)
    starts = line.of(START)
    model = scene.stretch.plan.model[scene.stretch.sessions][line.session[starts]]
    started = pool(document({"source": "startup", "model": entry.name}) for entry in MODELS)
    payloads[starts] = started[model]
    # As the import leaves them: what a tool was given and answered stands in the row of the call alone.
    named = glue(
        same('{"tool_name": "'),
        _TOOL_NAMES[calls.tool].tolist(),
        same('", "tool_use_id": "toolu_'),
        [call_id[:22] for call_id in scene.call_ids],
        same('"}'),
    )
    for kind, texts in ((PRE, named), (POST, named), (PERMISSION, _asked(scene)), (HELPER_STOP, _stopped(scene))):
        at = line.of(kind)
        payloads[at] = [texts[number] for number in line.call[at].tolist()]
    return payloads


def _asked(scene: Scene) -> list[str]:
    texts = [document({"notification_type": "permission_prompt", "message": permission_text(name)}) for name in NAMES]
    return [texts[tool] for tool in scene.calls.tool.tolist()]


def _stopped(scene: Scene) -> list[str]:
    return [f'{{"stop_hook_active": false, "agent_id": "{call_id[:8]}"}}' for call_id in scene.call_ids]


def permission_text(tool: str) -> str:
    """What the notification says when an agent waits for consent."""
    return f"Claude needs your permission to use {tool}"


def _metadata(scene: Scene) -> Column:
    line, calls = scene.timeline, scene.calls
    plain = {(kind, source): document(_origin(kind, source)) for kind in _KINDS for source in range(3)}
    written = [plain[pair] for pair in zip(line.kind.tolist(), scene.source[line.session].tolist(), strict=True)]
    # Position of the call that started the subagent in which a call happened.
    helper = np.maximum.accumulate(np.where(calls.tool == TASK, np.arange(calls.count), 0))
    is_inside = (line.call >= 0) & (calls.is_inner[line.call] | (line.kind == HELPER_STOP))
    for position in np.flatnonzero(is_inside).tolist():
        agent_id = scene.call_ids[helper[line.call[position]]][:8]
        written[position] = f'{written[position][:-1]}, "agent_id": "{agent_id}", "agent_type": "Explore"}}'
    return written


def _origin(kind: int, source: int) -> dict[str, Any]:
    if source == TRANSCRIPT:
        return {"source": "transcript"} | ({"severity": "error"} if kind == API_ERROR else {})
    return {"source": "hooks", "hook_event_name": hook_name(kind)} | (
        {"severity": "error"} if kind == API_ERROR else {}
    )
