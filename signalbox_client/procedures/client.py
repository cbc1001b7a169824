"""Procedures through one database: load definitions, run them step by step."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from signalbox_client import checking
from signalbox_client.connection import Database, Source
from signalbox_client.errors import BadArgument
from signalbox_client.procedures import executions
from signalbox_client.procedures.definitions import Loaded, checked, read_definitions, store
from signalbox_client.procedures.executions import MAX_NOTE_CHARACTERS, Execution, step_told
from signalbox_client.procedures.schema import Definition
from signalbox_client.projections import sop_executions as told_as


class Procedures:
    """Standard operating procedures: what they are (engine.sop_definitions) and their runs (engine.sop_executions).

    Every act on an execution is one transaction: its event is appended and its row changed, or neither. `emitted_by`
    is who says so. All raise BadArgument before anything is written, ExecutionNotFound, ExecutionOver, WrongStep.
    """

    def __init__(self, source: Source | Database, *, emitted_by: str) -> None:
        self._emitted_by = checking.text("emitted_by", emitted_by)
        self._database = Database.of(source)

    def load(self, *paths: str | Path) -> list[Loaded]:
        """Load the definitions in files and folders: a new version where one changed, nothing where it did not.

        Raises BadDefinition with file, line and column of everything that is wrong; then nothing is loaded.
        """
        if not paths:
            raise BadArgument("paths", "names no file and no folder.")
        return self.store(*read_definitions(paths))

    def store(self, *definitions: Definition) -> list[Loaded]:
        """Store definitions that were read already, all or none."""
        # One order of locks for all loaders.
        ordered = sorted(checked(definitions), key=lambda definition: definition.sop_id)
        with self._database.transaction() as work:
            loaded = {definition.sop_id: store(work, definition) for definition in ordered}
        return [loaded[definition.sop_id] for definition in definitions]

    def start(
        self,
        sop_id: str,
        *,
        version: int | None = None,
        agent_id: UUID | str | None = None,
        client_id: UUID | str | None = None,
        session_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        correlation_id: UUID | str | None = None,
        causation_id: UUID | str | None = None,
    ) -> Execution:
        """Start a procedure, in its newest active version unless another is named. Raises ProcedureNotFound."""
        checking.text("sop_id", sop_id)
        if version is not None:
            checking.whole_number("version", version, least=1, most=2**31 - 1)
        session, user = (
            checking.optional_identifier("session_id", session_id),
            checking.optional_identifier("user_id", user_id),
        )
        given = {
            "agent_id": checking.optional_name("agent_id", agent_id),
            "client_id": checking.optional_name("client_id", client_id),
            "session_id": str(session) if session else None,
            "user_id": str(user) if user else None,
        }
        about = {
            "emitted_by": self._emitted_by,
            "correlation_id": checking.optional_identifier("correlation_id", correlation_id),
            "causation_id": checking.optional_identifier("causation_id", causation_id),
        }
        told = {name: value for name, value in given.items() if value is not None}
        with self._database.transaction() as work:
            return executions.begin(work, sop_id, version, told, about)

    def start_step(self, execution_id: UUID | str, step: str, *, causation_id: UUID | str | None = None) -> Execution:
        """Begin a step of the procedure; one step is open at a time, in whatever order."""
        named, about = self._about(execution_id, causation_id)
        checking.text("step", step)
        with self._database.transaction() as work:
            return executions.take_step(work, named, step, about)

    def complete_step(
        self,
        execution_id: UUID | str,
        step: str,
        *,
        actions: int = 1,
        actions_automated: int | None = None,
        cost_usd: float | Decimal | None = None,
        outcome: str = "done",
        note: str | None = None,
        confidence: float | None = None,
        causation_id: UUID | str | None = None,
    ) -> Execution:
        """End the open step. Of `actions` done, `actions_automated` needed nobody: all of an agent's, none of a
        person's, where it is left out. A `cost_usd` that is left out is not known."""
        told = step_told(step, actions, actions_automated, cost_usd, outcome, note)
        return self._end_step(execution_id, told_as.STEP_COMPLETED, told, confidence, causation_id)

    def fail_step(
        self,
        execution_id: UUID | str,
        step: str,
        error: str,
        *,
        actions: int = 1,
        actions_automated: int | None = None,
        cost_usd: float | Decimal | None = None,
        causation_id: UUID | str | None = None,
    ) -> Execution:
        """End the open step as failed; the execution goes on until it is failed itself."""
        told = step_told(step, actions, actions_automated, cost_usd, "failed", None)
        told["error"] = checking.text("error", error, longest=MAX_NOTE_CHARACTERS)
        return self._end_step(execution_id, told_as.STEP_FAILED, told, None, causation_id)

    def escalate(
        self,
        execution_id: UUID | str,
        step: str,
        reason: str,
        *,
        confidence: float | None = None,
        causation_id: UUID | str | None = None,
    ) -> Execution:
        """Say that a person had to help with the open step."""
        told = {"step": checking.text("step", step)}
        told["reason"] = checking.text("reason", reason, longest=MAX_NOTE_CHARACTERS)
        return self._change(execution_id, told_as.STEP_ESCALATED, told, causation_id, confidence, needs_open=True)

    def complete(self, execution_id: UUID | str, *, causation_id: UUID | str | None = None) -> Execution:
        """End an execution well; no step may be open."""
        return self._change(execution_id, told_as.COMPLETED, {}, causation_id, None, needs_open=False)

    def fail(self, execution_id: UUID | str, error: str, *, causation_id: UUID | str | None = None) -> Execution:
        """End an execution as failed."""
        told = {"error": checking.text("error", error, longest=MAX_NOTE_CHARACTERS)}
        return self._change(execution_id, told_as.FAILED, told, causation_id, None, needs_open=None)

    def cancel(self, execution_id: UUID | str, reason: str, *, causation_id: UUID | str | None = None) -> Execution:
        """End an execution that is not wanted any more."""
        told = {"reason": checking.text("reason", reason, longest=MAX_NOTE_CHARACTERS)}
        return self._change(execution_id, told_as.CANCELLED, told, causation_id, None, needs_open=None)

    def execution(self, execution_id: UUID | str) -> Execution:
        """How an execution stands."""
        named = checking.identifier("execution_id", execution_id)
        with self._database.transaction() as work:
            return executions.read(work, named)

    def _end_step(
        self, execution_id: object, event_type: str, told: dict[str, Any], confidence: object, causation_id: object
    ) -> Execution:
        named, about = self._about(execution_id, causation_id, confidence)
        with self._database.transaction() as work:
            if "actions_automated" not in told:
                # Written out, for whoever reads the event without knowing the rule.
                entry = next(
                    (e for e in reversed(executions.read(work, named).steps) if e["step"] == told["step"]), None
                )
                told["actions_automated"] = 0 if entry and entry["kind"] == "human" else told["actions"]
            return executions.change(work, named, event_type, told, about, needs_open=True)

    def _change(
        self,
        execution_id: object,
        event_type: str,
        told: dict[str, Any],
        causation_id: object,
        confidence: object,
        *,
        needs_open: bool | None,
    ) -> Execution:
        named, about = self._about(execution_id, causation_id, confidence)
        with self._database.transaction() as work:
            return executions.change(work, named, event_type, told, about, needs_open=needs_open)

    def _about(
        self, execution_id: object, causation_id: object, confidence: object = None
    ) -> tuple[UUID, dict[str, Any]]:
        named = checking.identifier("execution_id", execution_id)
        about: dict[str, Any] = {"emitted_by": self._emitted_by}
        about["causation_id"] = checking.optional_identifier("causation_id", causation_id)
        about["confidence"] = None if confidence is None else checking.fraction("confidence", confidence)
        return named, about

    def close(self) -> None:
        """Close the connection, where this client was given an address."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
