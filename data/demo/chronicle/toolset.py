"""The tools of the demo's agents: how often they are called, how long they take, how they fail, what they are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data.demo.chronicle.projects import SHELL_COMMANDS, Project

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, "
    "the new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to "
    "proceed."
)


@dataclass(frozen=True)
class Tool:
    """One tool. Weights are its share early and late in a turn; durations are lognormal.

    `failing_lately` is the failure rate it reaches on the last day, climbing over the last twelve; `permission` the
    share of calls that wait for a person's consent, `rejection` the share a person refuses.
    """

    name: str
    early: float
    late: float
    median_ms: float
    spread: float
    failure: float
    errors: tuple[str, ...]
    failing_lately: float | None = None
    permission: float = 0.0
    rejection: float = 0.0

    @property
    def kind(self) -> str:
        """What the database calls its type."""
        if self.name.startswith("mcp__"):
            return "mcp"
        return "subagent" if self.name == "Task" else "builtin"


_TIMEOUT = ("Request timed out after 30000 ms", "Connection reset by peer", "502 Bad Gateway")
# fmt: off
TOOLS: tuple[Tool, ...] = (
    Tool("Read", 34, 14, 9, 1.2, 0.012, ("File does not exist.", "File content exceeds the maximum of 25000 tokens.")),
    Tool("Grep", 15, 5, 430, 0.6, 0.004, ("ripgrep: regex parse error: unclosed group",)),
    Tool("Glob", 9, 2, 390, 0.5, 0.003, ("Directory does not exist.",)),
    Tool(
        "Bash", 20, 38, 1_500, 1.7, 0.072,
        (
            "Exit code 1\nFAILED tests/refunds_test.py::test_partial_refund - AssertionError: 12.40 != 12.39",
            "Exit code 1\nerror TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.",
            "Exit code 2\nmake: *** [Makefile:14: test] Error 2",
            "Exit code 127\nbash: line 1: terraform: command not found",
            "Exit code 128\nfatal: Authentication failed for the remote repository",
            "Exit code 1\nModuleNotFoundError: No module named 'billing.ledger'",
            "Command timed out after 2m 0.0s",
        ),
        permission=0.045, rejection=0.006,
    ),
    Tool(
        "Edit", 6, 25, 170, 0.9, 0.021,
        ("String to replace not found in file.", "File has been modified since read. Read it again before writing."),
        permission=0.03, rejection=0.009,
    ),
    Tool("Write", 3, 6, 210, 0.8, 0.008, ("File has not been read yet. Read it first before writing to it.",),
         permission=0.03, rejection=0.008),
    Tool("TodoWrite", 5, 3, 22, 0.7, 0.0, ("Invalid status.",)),
    Tool("WebFetch", 2, 1.2, 2_300, 0.6, 0.085, ("Request failed with status code 403", *_TIMEOUT)),
    Tool("WebSearch", 1.5, 0.8, 5_600, 0.4, 0.02, ("Search is not available right now.",)),
    Tool("mcp__tickets__search", 2, 0.8, 820, 0.6, 0.03, ("429 Too Many Requests: retry after 20 s",)),
    Tool("mcp__tickets__comment", 0.2, 0.7, 640, 0.5, 0.02, ("404 Ticket not found",), permission=0.1, rejection=0.01),
    Tool("mcp__forge__create_pull_request", 0, 1.0, 1_900, 0.5, 0.05, ("422 This branch has a pull request already",)),
    Tool(
        "mcp__warehouse__ask", 2.0, 2.2, 3_900, 1.0, 0.035,
        (
            "canceling statement due to statement timeout",
            "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
            'column "shipped_at" does not exist',
        ),
        failing_lately=0.38,
    ),
    Tool("Task", 0, 0, 0, 0, 0.015, ("Agent terminated: context limit reached",)),
    Tool("AskUserQuestion", 0, 0, 95_000, 1.1, 0.0, ()),
    Tool("ExitPlanMode", 0, 0, 120_000, 1.1, 0.0, (), rejection=0.16),
)
# fmt: on
NAMES: tuple[str, ...] = tuple(tool.name for tool in TOOLS)
TASK, ASK, PLAN = (NAMES.index(name) for name in ("Task", "AskUserQuestion", "ExitPlanMode"))
FILE_TOOLS = tuple(NAMES.index(name) for name in ("Read", "Edit", "Write"))


def inputs(tool: Tool, project: Project) -> list[dict[str, Any]]:
    """What the tool is given in a project: a list to pick from; file tools have one entry per file, in order."""
    root, files = project.working_directory, project.files
    match tool.name:
        case "Read":
            return [{"file_path": f"{root}/{path}"} for path in files]
        case "Edit":
            return [
                {"file_path": f"{root}/{path}", "old_string": "return total", "new_string": "return round(total, 2)"}
                for path in files
            ]
        case "Write":
            return [{"file_path": f"{root}/{path}", "content": f"Written anew: {path}"} for path in files]
        case "Bash":
            commands = (*project.checks * 3, *SHELL_COMMANDS)
            return [{"command": command, "description": _described(command)} for command in commands]
        case _:
            return _other_inputs(tool.name, project)


def _other_inputs(name: str, project: Project) -> list[dict[str, Any]]:
    subjects, root = project.subjects, project.working_directory
    built: dict[str, list[dict[str, Any]]] = {
        "Grep": [{"pattern": subject.split()[0], "path": root, "output_mode": "content"} for subject in subjects],
        "Glob": [{"pattern": f"**/*{project.suffix}"}, {"pattern": f"tests/**/*{project.test_suffix}"}],
        "TodoWrite": [{"todos": [{"content": f"Look at the {s}", "status": "in_progress"}]} for s in subjects],
        "WebFetch": [
            {"url": f"https://docs.example.com/{s.replace(' ', '-')}", "prompt": f"How does {s} work?"}
            for s in subjects
        ],
        "WebSearch": [{"query": f"{s} best practice {project.suffix.lstrip('.')}"} for s in subjects],
        "mcp__tickets__search": [{"text": s, "state": "open"} for s in subjects],
        "mcp__tickets__comment": [
            {"ticket": f"SHOP-{1200 + 7 * n}", "text": f"Fixed the {s}."} for n, s in enumerate(subjects)
        ],
        "mcp__forge__create_pull_request": [{"title": b, "base": "main", "head": b} for b in project.branches],
        "mcp__warehouse__ask": [
            {"question": f"How many rows has {s.split()[0].lower()}_daily per day?"} for s in subjects
        ],
        "Task": [
            {"description": f"Search for the {s}", "subagent_type": kind, "prompt": f"Find everything about the {s}."}
            for s in subjects
            for kind in ("Explore", "general-purpose")
        ],
        "AskUserQuestion": [
            {"questions": [{"question": f"Should the {s} keep the old behaviour?", "options": ["Keep", "Change"]}]}
            for s in subjects
        ],
        "ExitPlanMode": [
            {"plan": f"1. Write a failing test for the {s}.\n2. Fix it.\n3. Update the changelog."} for s in subjects
        ],
    }
    return built[name]


def _described(command: str) -> str:
    return f"Run {command.split(maxsplit=1)[0]}" + (" tests" if "test" in command else "")
