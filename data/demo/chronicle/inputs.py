"""What tools were given and what they answered, written out once as JSON and picked from by position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from data.demo.chronicle.calls import REJECTED as WAS_REJECTED
from data.demo.chronicle.calls import Calls
from data.demo.chronicle.projects import PROJECTS
from data.demo.chronicle.toolset import FILE_TOOLS, REJECTED, TOOLS, inputs
from data.demo.columns import Integers, Texts, document, escaped, pool


@dataclass(frozen=True)
class Pools:
    """Inputs of all tools in all projects one after another, `start` and `size` by tool and project; answers too."""

    inputs: Texts
    start: Integers
    size: Integers
    answers: Texts
    answer_start: Integers
    answer_size: Integers
    errors: Texts
    error_start: Integers
    error_size: Integers


@cache
def pools() -> Pools:
    """Everything tools were given and answered; made once per process."""
    listed = [[[document(entry) for entry in inputs(tool, project)] for project in PROJECTS] for tool in TOOLS]
    sizes = np.array([[len(entries) for entries in by_project] for by_project in listed])
    answers = [[document(answer) for answer in _answers(tool.name)] for tool in TOOLS]
    errors = [[*tool.errors, REJECTED] for tool in TOOLS]
    answer_size, error_size = (np.array([len(texts) for texts in table]) for table in (answers, errors))
    return Pools(
        inputs=pool(entry for by_project in listed for entries in by_project for entry in entries),
        start=_starts(sizes.ravel()).reshape(sizes.shape),
        size=sizes,
        answers=pool(text for texts in answers for text in texts),
        answer_start=_starts(answer_size),
        answer_size=answer_size,
        errors=pool(escaped(text) for texts in errors for text in texts),
        error_start=_starts(error_size),
        error_size=error_size - 1,
    )


def pick_inputs(random: np.random.Generator, calls: Calls, project: Integers) -> tuple[list[str], Integers]:
    """What each call was given, and its position among the inputs; a session stays near a few files."""
    held = pools()
    size = held.size[calls.tool, project]
    anywhere = (random.random(calls.count) * size).astype(np.int64)
    sessions = int(calls.session.max(initial=-1)) + 1
    home = random.integers(0, 1 << 20, sessions)[calls.session]
    near = (home + np.abs(random.standard_normal(calls.count) * 3).astype(np.int64)) % size
    position = np.where(np.isin(calls.tool, FILE_TOOLS), near, anywhere)
    return held.inputs[held.start[calls.tool, project] + position].tolist(), position


def pick_answers(calls: Calls) -> list[str]:
    """What each call answered when it succeeded."""
    held = pools()
    return list(held.answers[held.answer_start[calls.tool] + calls.error % held.answer_size[calls.tool]])


def pick_errors(calls: Calls) -> list[str]:
    """What each call said when it failed or was refused."""
    return list(pools().errors[_error_positions(calls)])


def _error_positions(calls: Calls) -> Integers:
    held = pools()
    size = np.maximum(held.error_size[calls.tool], 1)
    position = np.where(calls.outcome == WAS_REJECTED, held.error_size[calls.tool], calls.error % size)
    return held.error_start[calls.tool] + position


def _starts(sizes: Integers) -> Integers:
    return np.cumsum(sizes) - sizes


def _answers(name: str) -> list[Any]:
    known: dict[str, list[Any]] = {
        "Bash": [
            {"stdout": text, "stderr": "", "interrupted": False}
            for text in (
                "42 passed in 3.18s",
                "",
                "nothing to commit, working tree clean",
                "All checks passed!",
                "Done",
            )
        ],
        "Read": [{"type": "text", "numLines": lines, "totalLines": lines} for lines in (38, 74, 120, 212, 431)],
        "Grep": [{"mode": "content", "numMatches": matches} for matches in (0, 1, 4, 17)],
        "Glob": [{"numFiles": files, "truncated": False} for files in (3, 12, 48)],
        "Edit": [{"replaceAll": False, "userModified": modified} for modified in (False, False, True)],
        "Write": [{"type": "create"}, {"type": "update"}],
        "Task": [{"status": "completed", "totalToolUseCount": count} for count in (4, 7, 11)],
        "AskUserQuestion": [{"answers": {"0": answer}} for answer in ("Keep", "Change", "Change")],
        "ExitPlanMode": [{"isAgent": False, "plan": "approved"}],
        "mcp__warehouse__ask": [{"rows": rows} for rows in (1, 12, 500)],
    }
    return known.get(name, [{"status": "ok"}])
