"""What admins do to the rows of adopted tables: as on our own where the table lets them, else what it lacks is said."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, approvals, jobs
from data.access import Actor
from data.approvals import expiring
from data.command import main
from data.errors import ColumnMissing, Conflict, NotAllowed
from data.migration.files import FOLDER
from data.reports import session
from tests import adoption_documents as documents
from tests.page_runs import open_page
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


@WAYS
def test_a_notification_that_policies_keep_from_being_acknowledged_names_what_lets(
    database_url: str, owner: Owner, people: People, move: bool, schema: str
) -> None:
    """Managers acknowledge too, so that is who is let."""
    make(owner, documents.CHRONICLE)
    owner.execute(documents.rows_in("public", "chronicle", people["member"].user_id))
    adoption.adopt(database_url, "chronicle", "public", move=move, managers_read=True)
    row = owner.execute("select notification_id as id from analytics.stg_chronicle__notification_events").fetchone()
    assert row is not None
    for role in ("manager", "admin"):
        with pytest.raises(NotAllowed) as refused:
            session.acknowledge(people[role], row["id"])
    said, _, statements = refused.value.sentence.partition("For managers and admins to be let, the owner runs: ")
    assert f"{'chronicle' if move else schema}.notification_events was adopted with rights of its own" in said
    owner.execute(statements.encode())
    session.acknowledge(people["manager"], row["id"])
    with pytest.raises(Conflict):
        session.acknowledge(people["admin"], row["id"])


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


def test_what_a_table_has_no_column_for_is_said_in_place_of_the_button(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs drop completed_at cascade")
    running = add_job(owner, people["member"])
    refusal = "Cancelling a job needs what agents.jobs, adopted from elsewhere, does not have: no column completed_at;"
    tried = adoption.adopt(database_url, "agents", "public", managers_read=True, dry_run=True)
    assert [one for one in tried.remarks if one.startswith(refusal)]
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    page = open_page(people["admin"], "reports/jobs.py", job=str(running))
    assert refusal in page.text
    assert not [button.label for button in page.app.button if "Cancel" in button.label]
    failed = add_job(owner, people["member"])
    owner.execute("update public.jobs set status = 'failed' where id = %s", (failed,))
    page = open_page(people["admin"], "reports/jobs.py", job=str(failed))
    assert "needs what agents.jobs" not in page.text
    assert [button.label for button in page.app.button if "Retry" in button.label]
    owner.execute("alter table public.jobs disable row level security; grant update on public.jobs to authenticated")
    (table,) = adoption.adopt(database_url, "agents", "public", dry_run=True).there
    assert table.admins_need == "", "everybody may already"


def ask(owner: Owner) -> dict[str, Any]:
    """A question on the document's own table that came of an event; with its id and that of the event."""
    row = owner.execute(
        "with asked as ("
        " insert into public.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number,"
        " payload, emitted_by) values ('HUMAN_APPROVAL_REQUESTED', gen_random_uuid(), 'Lead', %s, 1, '{}', 'intake')"
        " returning *)"
        " insert into public.human_approvals (event_id, agent_id, approval_type, title)"
        " select event_id, 'intake', 'refund', 'Refund it?' from asked"
        " returning id, (select correlation_id from asked) as correlation_id",
        (str(uuid4()),),
    ).fetchone()
    assert row is not None
    return row


def test_a_question_is_decided_on_the_documents_own_tables(database_url: str, owner: Owner, people: People) -> None:
    """They have no column for a name, which the id tells, nor for a cause; a note without its column is refused."""
    make(owner, documents.ENGINE)
    question = ask(owner)
    owner.execute(
        "insert into public.human_approvals (agent_id, approval_type, title, status, decided_by)"
        " values ('intake', 'refund', 'Refund that?', 'approved', 'somebody')"
    )
    refusal = (
        "Rejecting a question, or noting anything with a decision needs what engine.human_approvals, adopted from"
        " elsewhere, does not have: no column decision_note; once its owner adds that and adopts engine again, it can"
        " be done"
    )
    assert refusal in adoption.adopt(database_url, "engine", "public", dry_run=True).remarks
    adoption.adopt(database_url, "engine", "public")
    page = open_page(people["admin"], "admin/approvals.py", approval=str(question["id"]))
    assert f"{refusal}." in page.text
    assert [button.label for button in page.app.button if "Refund" in button.label] == ["Approve: Refund it?"]
    with pytest.raises(ColumnMissing) as refused:
        approvals.decide(people["admin"], question["id"], "rejected", "too much")
    assert refused.value.sentence == (
        "public.human_approvals, read as engine.human_approvals, lacks what this writes: decision_note. Add it there"
        " and adopt engine again; nothing was changed."
    )
    approvals.decide(people["admin"], question["id"], "approved")
    row = owner.execute(
        "select a.status, a.decided_by, e.correlation_id, e.payload ->> 'decided_by_name' as name"
        " from public.human_approvals as a join public.events as e on e.aggregate_id = a.id::text"
    ).fetchone()
    assert row == {
        "status": "approved", "decided_by": str(people["admin"].user_id), "name": people["admin"].email,
        "correlation_id": question["correlation_id"],
    }  # fmt: skip
    adoption.release(database_url, "engine")
    owner.execute("alter table public.human_approvals drop decided_by, add expires_at timestamptz")
    later = ask(owner)
    adoption.adopt(database_url, "engine", "public")
    with pytest.raises(ColumnMissing, match="lacks what this writes: decided_by, decision_note"):
        approvals.decide(people["admin"], later["id"], "rejected", "too much")
    page = open_page(people["admin"], "admin/approvals.py", approval=str(later["id"]))
    assert "Deciding a question needs what engine.human_approvals, adopted from elsewhere, does not have:" in page.text
    assert not [button.label for button in page.app.button if "Refund" in button.label]
    owner.execute("update public.human_approvals set expires_at = now() where status = 'pending'")
    assert expiring.expire_due("real") == 1


def test_a_decision_that_the_tables_do_not_let_admins_make_names_what_does(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.ENGINE)
    question = ask(owner)
    for table in ("events", "human_approvals"):
        owner.execute(
            sql.SQL('drop policy "Enable all for authenticated users" on {0};'
                    " create policy theirs on {0} for select using (true)").format(sql.Identifier("public", table))
        )  # fmt: skip
    adoption.adopt(database_url, "engine", "public")
    with pytest.raises(NotAllowed) as refused:
        approvals.decide(people["admin"], question["id"], "approved")
    said, _, statements = refused.value.sentence.partition("the owner runs: ")
    assert said.startswith("public.events and public.human_approvals were adopted with rights of their own")
    owner.execute(statements.encode())
    approvals.decide(people["admin"], question["id"], "approved")


def test_a_log_that_was_adopted_before_is_appended_to_after_the_migration(database_url: str, owner: Owner) -> None:
    make(owner, documents.ENGINE)
    adoption.adopt(database_url, "engine", "public")
    for name in ("insert_adopted", "write_adopted"):
        owner.execute(sql.SQL("drop trigger {} on analytics.adopted_engine__events").format(sql.Identifier(name)))
    (migration_file,) = FOLDER.glob("20261121110100_*.sql")
    block = migration_file.read_text(encoding="utf-8").partition("do $$")[2].partition("$$;")[0]
    owner.execute(f"do $${block}$$".encode())
    row = owner.execute("select * from engine.append_event('X', 'Lead', '1', p_confidence => 0.5)").fetchone()
    assert row is not None
    assert (row["sequence_number"], row["confidence"]) == (1, 0.5)
