"""Sessions, subagents, work items and checkpoints as jobs."""

from __future__ import annotations

from uuid import UUID

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged, Touched


def derive_jobs(do: Statements, staged: Staged, touched: Touched, owner: UUID | None) -> None:
    """Add the jobs that the file told, in a newer version where they are known and still are as an import left them.

    A job that somebody cancelled, retried or worked on stays as it is, whatever its log tells later.
    """
    if told := touched.with_changed_job(staged):
        do.run("ingest.jobs.stage_session_jobs", sessions=told)
    if started := touched.with_changed_subagents():
        do.run("ingest.jobs.stage_subagent_jobs", sessions=started)
    if not (told or started or staged.has_jobs):
        return
    renewed = 0
    if touched.any_existed or touched.related or staged.has_jobs:
        renewed = do.run("ingest.jobs.drop_outdated_jobs")
        if owner:
            do.run("ingest.jobs.own_jobs", owner=owner)
    report = staged.report
    report.renewed["jobs"] += renewed
    report.added["jobs"] += do.run("ingest.jobs.add_jobs", owner=owner) - renewed
