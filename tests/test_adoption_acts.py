"""What admins do to the rows of adopted tables: as on our own where the table lets them, else what it lacks is said."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, jobs
from data.access import Actor
from data.command import main
from data.errors import NotAllowed
from tests import adoption_documents as documents
from tests.test_adoption import add_job, at_database, make

__all__ = ["at_database"]

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

LET_ADMINS = (
    "create policy \"signalbox_admins_update\" on \"{schema}\".\"jobs\" for update to authenticated"
    " using ((select signalbox.is_admin())) with check ((select signalbox.is_admin()));"
)  # fmt: skip
WAYS = pytest.mark.parametrize(("move", "schema"), [(False, "public"), (True, "agents")], ids=["pointed", "moved"])


def state(owner: Owner, job_id: UUID) -> dict[str, object]:
    row = owner.execute(
        "select status::text, error_message, started_at is null as is_unstarted,"
        " completed_at > now() - interval '1 hour' as is_ended from public.jobs where id = %s",
        (job_id,),
    ).fetchone()
    assert row is not None
    return row


def acts(owner: Owner) -> list[str]:
    return [row["action"] for row in owner.execute("select action from signalbox.audit_log where target like 'job:%'")]


@WAYS
def test_an_admin_reads_which_right_on_the_documents_jobs_is_missing_and_what_gives_it(
    database_url: str, owner: Owner, people: People, move: bool, schema: str
) -> None:
    """Its policies let everybody change their own jobs alone; adopting keeps them, and says so with the way out."""
    make(owner, documents.AGENTS)
    running = add_job(owner, people["member"])
    failed = add_job(owner, people["member"])
    owner.execute(
        "update public.jobs set status = 'failed', error_message = 'x', started_at = now() - interval '2 days',"
        " completed_at = now() - interval '1 day' where id = %s",
        (failed,),
    )
    adoption.adopt(database_url, "agents", "public", move=move, managers_read=True)
    for act, job_id, seen in ((jobs.cancel, running, "running"), (jobs.retry, failed, "failed")):
        with pytest.raises(NotAllowed) as refused:
            act(people["admin"], job_id, seen)
        assert refused.value.sentence == (
            f"{schema}.jobs was adopted with rights of its own, which do not let you do this; nothing was changed."
            f" For admins to be let, the owner runs: {LET_ADMINS.format(schema=schema)}"
        )
    assert (state(owner, running)["status"], state(owner, failed)["status"]) == ("running", "failed")
    assert acts(owner) == []
    # What the sentence advises.
    owner.execute(refused.value.sentence.partition("the owner runs: ")[2].encode())
    jobs.cancel(people["admin"], running, "running")
    jobs.retry(people["admin"], failed, "failed")
    assert acts(owner) == ["cancelled a job", "retried a job"]
    assert state(owner, running) == {
        "status": "cancelled", "error_message": None, "is_unstarted": True, "is_ended": True
    }  # fmt: skip
    assert state(owner, failed) == {
        "status": "pending", "error_message": None, "is_unstarted": True, "is_ended": None
    }  # fmt: skip
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)", (f'{{"sub": "{people["other"].user_id}"}}',)
        )
        connection.execute("set local role authenticated")
        update = sql.SQL("update {} set status = 'failed'").format(sql.Identifier(schema, "jobs"))
        assert connection.execute(update).rowcount == 0


def test_a_grant_that_is_missing_is_named_with_its_columns(database_url: str, owner: Owner, people: People) -> None:
    make(owner, documents.AGENTS)
    job_id = add_job(owner, people["admin"])
    owner.execute("revoke update on public.jobs from authenticated")
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(NotAllowed) as refused:
        jobs.cancel(people["admin"], job_id, "running")
    statements = refused.value.sentence.partition("the owner runs: ")[2]
    assert statements.startswith(
        'grant update ("status", "result", "error_message", "updated_at", "started_at", "completed_at")'
        ' on "public"."jobs" to authenticated; create policy'
    )
    owner.execute(statements.encode())
    jobs.cancel(people["admin"], job_id, "running")
    assert state(owner, job_id)["status"] == "cancelled"


def test_a_job_that_has_moved_on_is_still_said_to_have(database_url: str, owner: Owner, people: People) -> None:
    make(owner, documents.AGENTS)
    job_id = add_job(owner, people["admin"])
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(jobs.JobMoved, match=r"This job is running since .* That is not what you saw"):
        jobs.cancel(people["admin"], job_id, "pending")


@pytest.mark.usefixtures("at_database")
@WAYS
def test_the_report_of_adopting_says_what_lets_admins_act(
    owner: Owner, people: People, capsys: pytest.CaptureFixture[str], move: bool, schema: str
) -> None:
    make(owner, documents.AGENTS)
    command = ["adopt", "agents", "--from", "public", *(["--move"] if move else [])]
    sentence = "its own rights decide on which rows admins act here; to let them act on all: "
    for way in (["--dry-run"], []):
        assert main([*command, *way]) == 0
        assert f"  {sentence}{LET_ADMINS.format(schema=schema)}\n" in capsys.readouterr().out
    owner.execute(LET_ADMINS.format(schema=schema).encode())
    if not move:
        assert main(command) == 0
        assert sentence not in capsys.readouterr().out
        assert main(["adopt", "agents", "--release"]) == 0
        left = owner.execute(
            "select policyname from pg_policies where policyname like 'signalbox%' and tablename = 'jobs'"
        )
        assert left.fetchall() == []
