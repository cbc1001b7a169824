"""What agents asked people in their sessions: plans, questions and refused calls, as the import finds them in logs."""

from __future__ import annotations

import numpy as np

from data.demo.chronicle.calls import REJECTED
from data.demo.chronicle.scene import Scene
from data.demo.chronicle.toolset import ASK, NAMES, PLAN
from data.demo.columns import NULL, UNKNOWN_TIME, Block, Integers, block, escaped, same, times, uuids
from data.demo.people import PEOPLE

_TITLES = {"ExitPlanMode": "Approve a plan", "AskUserQuestion": "Answer a question"}
_TYPES = {"ExitPlanMode": "plan", "AskUserQuestion": "question"}


def question_rows(random: np.random.Generator, scene: Scene) -> Block:
    """One row per plan, question and refused call; what nobody answered is history, not a queue."""
    calls = scene.calls
    is_asked = np.isin(calls.tool, (PLAN, ASK)) | (calls.outcome == REJECTED)
    call = np.flatnonzero(is_asked & (scene.made >= 0))
    names = [NAMES[tool] for tool in calls.tool[call].tolist()]
    is_answered = scene.answered[call] >= 0
    is_refused = calls.outcome[call] == REJECTED
    status = np.where(~is_answered, "expired", np.where(is_refused, "rejected", "approved"))
    decided = np.where(is_answered, _at(scene, scene.answered[call]), UNKNOWN_TIME)
    owners = [PEOPLE[p] for p in scene.stretch.plan.person[scene.stretch.sessions][calls.session[call]].tolist()]
    return block(
        "demo.copy_human_approvals",
        len(call),
        [
            uuids(random, len(call)),
            same(NULL),
            same(NULL),
            [scene.session_ids[number] for number in calls.session[call].tolist()],
            [str(owner.user_id) if owner.user_id else NULL for owner in owners],
            same("claude-code"),
            [_TYPES.get(name, "tool_use") for name in names],
            [escaped(_TITLES.get(name, f"Use {name}")) for name in names],
            same(NULL),
            same("unknown"),
            [scene.call_inputs[number] for number in call.tolist()],
            same("{}"),
            [str(word) for word in status.tolist()],
            times(_at(scene, scene.made[call])),
            same(NULL),
            times(decided),
            same(NULL),
            [owner.email or NULL if known else NULL for owner, known in zip(owners, is_answered.tolist(), strict=True)],
            same(NULL),
            same('{"imported": true}'),
        ],
    )


def _at(scene: Scene, positions: Integers) -> Integers:
    """Times of happenings; a position of -1 gives any time, to be masked by the caller."""
    return scene.at_ms[positions]
