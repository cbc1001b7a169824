"""What agents did per quarter of an hour: actions, how many of them without people, escalations, estimated cost.

One row of engine.agent_metrics with the source `agent-logs` stands for an agent, an owner and a quarter of an hour in
which something happened. Quarters add up to the days of every zone that keeps whole quarters from UTC. Such a window
ends with the last microsecond of its quarter, so that it counts in the reports of that quarter. A call belongs to the
quarter in which it began. Calls whose log has no times are not left out: they have a row of their own, whose window is
null. The session's own agent is `claude-code`, subagents go by their type, or `unknown`.

human_escalations = permissions asked for + plans + questions + refusals of other calls; metadata has each of the four.
A hook's request for permission and the notification of it are one, so the larger number of the two counts, per session.
avg_confidence stays null: no log tells it. total_cost is an estimate from the price table (metadata.cost_basis), and
stands with `claude-code` alone, subagents included, since no log says whose reply a reply is.

A window sums up many sessions, so windows are counted by whole days in UTC and once, when all files are in. Until then
the register of files notes the days, in the transaction of the file: an import that died is made up for by the next
one.
"""

from __future__ import annotations

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged, Touched


def mark(do: Statements, staged: Staged, touched: Touched, file_id: int) -> None:
    """Note the days that have to be counted anew because of this file."""
    report = staged.report
    if touched.ids and (report.has_changed or touched.any_moved):
        do.run("ingest.metrics.mark_windows", sessions=touched.all_ids, file_id=file_id)


def mark_all(do: Statements) -> None:
    """Note every day: prices are others."""
    do.run("ingest.metrics.mark_all_windows")


def count(do: Statements) -> None:
    """Count the days that are noted, by this import or by one that did not get so far."""
    await_turn(do)
    do.run("ingest.metrics.count_windows")


def await_turn(do: Statements) -> None:
    """Wait until no other import merges a file or counts days, and keep them waiting until this transaction ends."""
    do.rows("ingest.metrics.await_turn")
