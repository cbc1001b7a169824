"""What can be wrong with definitions of procedures and with their executions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signalbox_client.errors import SignalboxError


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file; line and column count from 1."""

    path: str
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.reason}"


class BadDefinition(SignalboxError):
    """A definition of a procedure cannot be used; nothing was loaded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("Nothing was loaded.\n" + "\n".join(map(str, problems)))


class YamlUnavailable(SignalboxError):
    """Reading YAML needs PyYAML (pip install PyYAML). JSON files can be read without it."""


class ProcedureNotFound(SignalboxError):
    """There is no such procedure, or none of its versions is active. Load its definition first."""


class ExecutionNotFound(SignalboxError):
    """There is no such execution, or it is not this role's to see."""


class WrongStep(SignalboxError):
    """The execution is not where this step could be taken; nothing was changed."""


class ExecutionOver(SignalboxError):
    """The execution has ended; nothing was changed."""
