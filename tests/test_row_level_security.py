"""Who may do what to which table: one entry per table, tried for every role and command on a real database.

A table without an entry fails the test, so a new table cannot be forgotten.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import DictRow

from data import database
from data.access import Actor
from data.errors import NotAllowed

Connection = psycopg.Connection[DictRow]

OWN, OTHERS = "own", "others"
COMMANDS = ("select", "insert", "update", "delete")
ROLES = ("anon", "owner", "other", "manager", "admin", "service_role")

# For each table the roles that may, by command. "owner" is a member who owns the row, "other" one who does not.
# Everyone else meets a refusal or no row at all. service_role stands for back-end programs and passes all policies.
READ_OWN = {"select": {"owner", "manager", "admin"}}
WRITE_OWN = READ_OWN | {"insert": {"owner"}, "update": {"owner"}, "delete": {"owner"}}
ALL_READ = {"select": {"owner", "other", "manager", "admin"}}
MANAGERS_READ = {"select": {"manager", "admin"}}
ADMINS_READ = {"select": {"admin"}}
EXPECTED: dict[str, dict[str, set[str]]] = {
    "chronicle.sessions": READ_OWN,
    "chronicle.events": READ_OWN,
    "chronicle.tool_events": READ_OWN,
    "chronicle.prompt_events": READ_OWN,
    "chronicle.notification_events": READ_OWN | {"update": {"owner", "manager", "admin"}},
    "chronicle.lifecycle_events": READ_OWN,
    "chronicle.project_context": READ_OWN,
    "agents.jobs": READ_OWN | {"insert": {"owner"}, "update": {"owner", "admin"}, "delete": {"owner"}},
    "engine.events": MANAGERS_READ | {"insert": {"admin"}},
    "engine.human_approvals": READ_OWN | {"update": {"admin"}},
    "engine.event_snapshots": MANAGERS_READ | {"insert": {"admin"}},
    "engine.sop_definitions": ALL_READ,
    "engine.sop_executions": READ_OWN,
    "engine.agent_metrics": READ_OWN,
    "engine.client_health": MANAGERS_READ,
    "engine.chaos_experiments": MANAGERS_READ,
    "lift.sessions": WRITE_OWN,
    "lift.session_revisions": WRITE_OWN,
    "lift.session_drafts": WRITE_OWN,
    "lift.hole_resolutions": WRITE_OWN,
    "toolbox.users": READ_OWN | {"update": {"owner"}},
    "toolbox.workspaces": WRITE_OWN,
    "toolbox.workspace_members": WRITE_OWN,
    "toolbox.projects": WRITE_OWN,
    "toolbox.project_members": WRITE_OWN,
    "signalbox.members": {"select": {"owner", "admin"}},
    "signalbox.web_sessions": {},
    "signalbox.audit_log": ADMINS_READ | {"insert": {"owner"}},
    "signalbox.migration_runs": ADMINS_READ,
    "signalbox.import_files": READ_OWN,
    "signalbox.import_records": READ_OWN,
    "signalbox.model_replies": READ_OWN,
    "signalbox.model_prices": ALL_READ,
    "signalbox.change_sources": ALL_READ,
    "signalbox.change_log": MANAGERS_READ,
    "signalbox.change_links": MANAGERS_READ,
    "signalbox.change_totals": MANAGERS_READ,
    "signalbox.backup_runs": MANAGERS_READ | {"insert": {"admin"}},
    "signalbox.adopted_tables": ALL_READ,
    "signalbox.rollup_state": MANAGERS_READ,
    "signalbox.retention": ALL_READ | {"update": {"admin"}},
    "analytics.tool_rollup": MANAGERS_READ,
    "analytics.session_rollup": MANAGERS_READ,
    "analytics.prompt_rollup": MANAGERS_READ,
    "analytics.job_rollup": MANAGERS_READ,
    "analytics.event_rollup": MANAGERS_READ,
    "analytics.engine_event_rollup": MANAGERS_READ,
    "analytics.sop_run_rollup": MANAGERS_READ,
    "analytics.engine_event_type_rollup": MANAGERS_READ,
    "analytics.sop_status_rollup": MANAGERS_READ,
    "analytics.agent_window_rollup": MANAGERS_READ,
    "analytics.agent_call_rollup": MANAGERS_READ,
    "analytics.error_rollup": MANAGERS_READ,
    "analytics.agent_run_call_rollup": MANAGERS_READ,
    "analytics.session_model_rollup": MANAGERS_READ,
    "analytics.session_owner_rollup": MANAGERS_READ,
    "analytics.session_content_rollup": MANAGERS_READ,
    "analytics.content_rollup": MANAGERS_READ,
    "analytics.session_cost_rollup": MANAGERS_READ,
    "analytics.session_call_rollup": MANAGERS_READ,
    "analytics.job_owner_rollup": MANAGERS_READ,
    "analytics.lift_session_rollup": MANAGERS_READ,
    "analytics.lift_draft_rollup": MANAGERS_READ,
    "analytics.approval_rollup": MANAGERS_READ,
}
# What not even a back-end program may do.
NEVER = {("engine.events", "update"), ("engine.events", "delete"), ("signalbox.audit_log", "update"),
         ("signalbox.audit_log", "delete")}  # fmt: skip

# The column an update sets, where not every column may be set.
UPDATED_COLUMN = {
    "chronicle.notification_events": "acknowledged",
    "engine.human_approvals": "decision_note",
    "agents.jobs": "error_message",
    "signalbox.retention": "keep_raw_days",
    "toolbox.users": "full_name",
}


ROLLED = {
    "analytics.tool_rollup": "insert into analytics.tool_rollup"
    " values (1, false, '', (random() * 9e8)::integer, 'x', 'x', 1, 1, 0, 0, 0, 0, 0, null, null, '{}', '{}')",
    "analytics.session_rollup": "insert into analytics.session_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 'estimate', 1, 1, 1)",
    "analytics.prompt_rollup": "insert into analytics.prompt_rollup values (1, (random() * 9e8)::integer, 1)",
    "analytics.event_rollup": "insert into analytics.event_rollup values (1, (random() * 9e8)::integer, 1)",
    "analytics.job_rollup": "insert into analytics.job_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 1, 0, 0, null, null, '{}', '{}', null, null, '{}', '{}')",
    "analytics.engine_event_rollup": "insert into analytics.engine_event_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 'x', 1, 0, 0, null)",
    "analytics.engine_event_type_rollup": "insert into analytics.engine_event_type_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 1)",
    "analytics.sop_status_rollup": "insert into analytics.sop_status_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 1)",
    "analytics.sop_run_rollup": "insert into analytics.sop_run_rollup"
    " values (1, (random() * 9e8)::integer, 'x', '', '', 1, 0, 0, 0, null, null, '{}', '{}', 0, 0, 0, 0, 0, 0, 0, 0)",
    "analytics.agent_window_rollup": "insert into analytics.agent_window_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
    "analytics.error_rollup": "insert into analytics.error_rollup"
    " values (1, (random() * 9e8)::integer, gen_random_uuid(), false, '', 'x', 'x', 1, null, gen_random_uuid())",
    "analytics.agent_call_rollup": "insert into analytics.agent_call_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 1, 1, 0)",
    "analytics.agent_run_call_rollup": "insert into analytics.agent_run_call_rollup"
    " values (1, (random() * 9e8)::integer, null, 'x', null, 1, 1, 0)",
    "analytics.session_model_rollup": "insert into analytics.session_model_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 'x', 1)",
    "analytics.session_owner_rollup": "insert into analytics.session_owner_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 1, 0, 0, 0, null)",
    "analytics.session_content_rollup": "insert into analytics.session_content_rollup"
    " values (1, (random() * 9e8)::integer, false, 'x', 'x', '', 'errors', 1)",
    "analytics.content_rollup": "insert into analytics.content_rollup"
    " values (3, (random() * 9e8)::integer, gen_random_uuid(), 'errors')",
    "analytics.session_cost_rollup": "insert into analytics.session_cost_rollup"
    " values ((random() * 9e8)::integer, gen_random_uuid(), 1)",
    "analytics.session_call_rollup": "insert into analytics.session_call_rollup"
    " values ((random() * 9e8)::integer, gen_random_uuid(), 1)",
    "analytics.job_owner_rollup": "insert into analytics.job_owner_rollup"
    " values (1, (random() * 9e8)::integer, null, 'x', 1, null)",
    "analytics.lift_session_rollup": "insert into analytics.lift_session_rollup"
    " values (1, (random() * 9e8)::integer, gen_random_uuid(), 'x', 1, 0, 0, 0, 0, 0, null)",
    "analytics.lift_draft_rollup": "insert into analytics.lift_draft_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 1, 0, 0, 0, 0, 0, 0, null, null, '{}', '{}')",
    "analytics.approval_rollup": "insert into analytics.approval_rollup"
    " values (1, (random() * 9e8)::integer, 'x', 'x', 'x', false, 1)",
}


@pytest.fixture
def world(owner: Connection, people: dict[str, Actor]) -> dict[str, UUID]:
    """One row in every table that belongs to "owner", a member; their ids by table."""
    me = people["member"].user_id
    session, event = uuid4(), uuid4()
    owner.execute(
        "insert into chronicle.sessions (id, session_id, metadata) values (%s, 's', %s)",
        (session, json.dumps({"user_id": str(me)})),
    )
    owner.execute(
        "insert into chronicle.events (id, session_id, event_type, data) values (%s, %s, 'user_prompt', '{}')",
        (event, session),
    )
    owner.execute("insert into chronicle.tool_events (session_id, tool_name) values (%s, 'Bash')", (session,))
    owner.execute("insert into chronicle.prompt_events (session_id, prompt_text) values (%s, 'hi')", (session,))
    owner.execute("insert into chronicle.notification_events (session_id) values (%s)", (session,))
    owner.execute("insert into chronicle.lifecycle_events (session_id) values (%s)", (session,))
    owner.execute("insert into chronicle.project_context (session_id, file_path) values (%s, 'a.py')", (session,))
    owner.execute("insert into agents.jobs (user_id, agent_identifier) values (%s, 'a')", (me,))
    owner.execute("select engine.append_event('A', 'T', '1')")
    owner.execute("insert into engine.human_approvals (user_id, approval_type, title) values (%s, 'x', 'x')", (me,))
    owner.execute(
        "insert into signalbox.web_sessions (token_hash, user_id, signed_in_with, expires_at)"
        " values ('h', %s, 'x', now())",
        (me,),
    )
    owner.execute("insert into signalbox.audit_log (actor_id, action) values (%s, 'x')", (me,))
    owner.execute(
        "insert into signalbox.migration_runs values ('0', 'x', 'x', now(), 1, 'x', 1) on conflict do nothing"
    )
    owner.execute(
        "insert into signalbox.import_files (path, format, size_bytes, owner_id) values ('f', 'x', 1, %s)", (me,)
    )
    owner.execute(
        "insert into signalbox.import_records (record_key, event_id, file_id, source_kind)"
        " select gen_random_uuid(), %s, id, 'x' from signalbox.import_files",
        (event,),
    )
    owner.execute(
        "insert into signalbox.model_replies (message_id, session_id, model) values ('m', %s, 'x')", (session,)
    )
    owner.execute("insert into signalbox.model_prices values ('x', '2026-01-01', 1, 1, 1, 1, 1) on conflict do nothing")
    owner.execute(
        "insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state)"
        " values ('T', '1', 1, '{}')"
    )
    owner.execute("insert into engine.sop_definitions (sop_id, title) values ('s', 'x')")
    owner.execute("insert into engine.sop_executions (sop_id, user_id) values ('s', %s)", (me,))
    owner.execute("insert into engine.agent_metrics (agent_id, user_id) values ('a', %s)", (me,))
    owner.execute("insert into engine.client_health (client_id) values ('c')")
    owner.execute("insert into engine.chaos_experiments (name, hypothesis) values ('x', 'x')")
    lift_session, workspace, project, guest = uuid4(), uuid4(), uuid4(), uuid4()
    owner.execute("insert into lift.sessions (id, user_id) values (%s, %s)", (lift_session, me))
    owner.execute(
        "insert into lift.session_revisions (session_id, user_id, revision_number, ir_content)"
        " values (%s, %s, 1, '{}')",
        (lift_session, me),
    )
    owner.execute(
        "insert into lift.session_drafts (session_id, user_id, draft_number, code) values (%s, %s, 1, 'x')",
        (lift_session, me),
    )
    owner.execute(
        "insert into lift.hole_resolutions (session_id, user_id, hole_id, resolution) values (%s, %s, 'h', '{}')",
        (lift_session, me),
    )
    owner.execute("insert into auth.users (id) values (%s)", (guest,))
    owner.execute("insert into toolbox.users (id, email) values (%s, 'x'), (%s, 'y')", (me, guest))
    owner.execute("insert into toolbox.workspaces (id, owner_id, name) values (%s, %s, 'x')", (workspace, me))
    owner.execute("insert into toolbox.workspace_members (workspace_id, user_id) values (%s, %s)", (workspace, me))
    owner.execute("insert into toolbox.projects (id, owner_id, name) values (%s, %s, 'x')", (project, me))
    owner.execute("insert into toolbox.project_members (project_id, user_id) values (%s, %s)", (project, me))
    owner.execute("insert into signalbox.backup_runs (host, process_id, database_name) values ('x', 1, 'x')")
    owner.execute("insert into signalbox.adopted_tables values ('lift', 'sessions', 'public', 'sessions', 'pointed')")
    owner.execute("insert into signalbox.change_links (source, link) values (1, gen_random_uuid())")
    for statement in ROLLED.values():
        owner.execute(statement)
    return {
        "me": me, "session": session, "event": event,
        "lift_session": lift_session, "workspace": workspace, "project": project, "guest": guest,
    }  # fmt: skip


def test_every_table_has_an_entry(owner: Connection) -> None:
    rows = owner.execute(
        """
        select n.nspname || '.' || c.relname as name, c.relrowsecurity as is_secured from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p')
        and n.nspname !~ '^(pg_|information_schema$|auth$|supabase_migrations$)'  -- all but what is not ours
        """
    ).fetchall()
    assert {row["name"] for row in rows} == set(EXPECTED)
    assert all(row["is_secured"] for row in rows)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_the_table_says(
    role: str, owner: Connection, people: dict[str, Actor], world: dict[str, UUID]
) -> None:
    wrong: list[str] = []
    for table, rules in EXPECTED.items():
        for command in COMMANDS:
            may = role in rules.get(command, set())
            if role == "service_role":
                may = (table, command) not in NEVER
            if allowed(owner, people, world, table, command, role) is not may:
                wrong.append(f"{role} {'may not' if may else 'may'} {command} {table}")
    assert not wrong


def allowed(
    owner: Connection, people: dict[str, Actor], world: dict[str, UUID], table: str, command: str, role: str
) -> bool:
    """Whether the command reaches the row, tried in a transaction that is rolled back."""
    person = {"owner": people["member"], "other": people["other"], "manager": people["manager"],
              "admin": people["admin"]}.get(role)  # fmt: skip
    database_role = role if role in ("anon", "service_role") else "authenticated"
    claims = (
        json.dumps({"sub": str(person.user_id), "role": "authenticated", "email": person.email}) if person else "{}"
    )
    with owner.transaction(force_rollback=True):
        # Everyone sees the own row of members; here it is the one of "owner" that counts.
        where = sql.SQL("user_id = {}").format(world["me"]) if table == "signalbox.members" else sql.SQL("true")
        owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        owner.execute(sql.SQL("set local role {}").format(sql.Identifier(database_role)))
        try:
            with owner.transaction():
                return reached(owner, table, command, where, world, person)
        except errors.InsufficientPrivilege:
            return False
        except errors.ForeignKeyViolation:
            return True  # the right was there; another row needs this one


def reached(
    owner: Connection, table: str, command: str, where: sql.Composable, values: dict[str, UUID], person: Actor | None
) -> bool:
    name = sql.Identifier(*table.split("."))
    if command == "select":
        return bool(owner.execute(sql.SQL("select 1 from {} where {}").format(name, where)).fetchall())
    if command == "delete":
        return owner.execute(sql.SQL("delete from {} where {}").format(name, where)).rowcount > 0
    if command == "insert":
        return owner.execute(INSERTS[table].encode(), values).rowcount > 0
    if table == "engine.human_approvals":
        decided_by = person.user_id if person else values["me"]
        statement = "update engine.human_approvals set status = 'approved', decided_at = now(), decided_by = %s"
        return owner.execute(statement, (decided_by,)).rowcount > 0
    columns = owner.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and attidentity = '' and not attisdropped order by attnum",
        (table,),
    ).fetchall()
    column = sql.Identifier(UPDATED_COLUMN.get(table) or columns[-1]["attname"])
    return owner.execute(sql.SQL("update {0} set {1} = {1} where {2}").format(name, column, where)).rowcount > 0


# A row that would belong to "owner"; conflicts cannot happen, so that a refusal is one of rights.
INSERTS: dict[str, str] = {
    "chronicle.sessions": "insert into chronicle.sessions (session_id, metadata)"
    " values ('new', jsonb_build_object('user_id', %(me)s::text))",
    "chronicle.events": "insert into chronicle.events (session_id, event_type, data)"
    " values (%(session)s, 'user_prompt', '{}')",
    "chronicle.tool_events": "insert into chronicle.tool_events (session_id, tool_name) values (%(session)s, 'x')",
    "chronicle.prompt_events": "insert into chronicle.prompt_events (session_id) values (%(session)s)",
    "chronicle.notification_events": "insert into chronicle.notification_events (session_id) values (%(session)s)",
    "chronicle.lifecycle_events": "insert into chronicle.lifecycle_events (session_id) values (%(session)s)",
    "chronicle.project_context": "insert into chronicle.project_context (session_id, file_path)"
    " values (%(session)s, 'new.py')",
    "agents.jobs": "insert into agents.jobs (user_id, agent_identifier) values (%(me)s, 'x')",
    "engine.events": "insert into engine.events (event_type, aggregate_type, aggregate_id, sequence_number, emitted_by)"
    " values ('A', 'T', '1', 2, 'x')",
    "engine.human_approvals": "insert into engine.human_approvals (user_id, approval_type, title)"
    " values (%(me)s, 'x', 'x')",
    "engine.event_snapshots": "insert into engine.event_snapshots"
    " (aggregate_type, aggregate_id, sequence_number, state)"
    " values ('T', '1', 2, '{}')",
    "engine.sop_definitions": "insert into engine.sop_definitions (sop_id, title) values ('new', 'x')",
    "engine.sop_executions": "insert into engine.sop_executions (sop_id, user_id) values ('s', %(me)s)",
    "engine.agent_metrics": "insert into engine.agent_metrics (agent_id, user_id) values ('new', %(me)s)",
    "engine.client_health": "insert into engine.client_health (client_id) values ('c')",
    "engine.chaos_experiments": "insert into engine.chaos_experiments (name, hypothesis) values ('x', 'x')",
    "lift.sessions": "insert into lift.sessions (user_id) values (%(me)s)",
    "lift.session_revisions": "insert into lift.session_revisions (session_id, user_id, revision_number, ir_content)"
    " values (%(lift_session)s, %(me)s, 2, '{}')",
    "lift.session_drafts": "insert into lift.session_drafts (session_id, user_id, draft_number, code)"
    " values (%(lift_session)s, %(me)s, 2, 'x')",
    "lift.hole_resolutions": "insert into lift.hole_resolutions (session_id, user_id, hole_id, resolution)"
    " values (%(lift_session)s, %(me)s, 'new', '{}')",
    "toolbox.users": "insert into toolbox.users (id, email) values (%(me)s, 'new') on conflict (id) do update"
    " set email = 'new'",
    "toolbox.workspaces": "insert into toolbox.workspaces (owner_id, name) values (%(me)s, 'new')",
    "toolbox.workspace_members": "insert into toolbox.workspace_members (workspace_id, user_id)"
    " values (%(workspace)s, %(guest)s)",
    "toolbox.projects": "insert into toolbox.projects (owner_id, name) values (%(me)s, 'new')",
    "toolbox.project_members": "insert into toolbox.project_members (project_id, user_id)"
    " values (%(project)s, %(guest)s)",
    "signalbox.backup_runs": "insert into signalbox.backup_runs (host, process_id, database_name, started_by)"
    " values ('x', 1, 'new', (select auth.uid()))",
    "signalbox.adopted_tables": "insert into signalbox.adopted_tables values"
    " ('lift', 'new', 'public', 'sessions', 'pointed')",
    "signalbox.members": "insert into signalbox.members (user_id, role) values (%(me)s, 'admin')"
    " on conflict (user_id) do update set role = 'admin'",
    "signalbox.web_sessions": "insert into signalbox.web_sessions (token_hash, user_id, signed_in_with, expires_at)"
    " values ('new', %(me)s, 'x', now())",
    "signalbox.audit_log": "insert into signalbox.audit_log (actor_id, actor_email, action)"
    " values (%(me)s, (select auth.jwt()) ->> 'email', 'x')",
    "signalbox.migration_runs": "insert into signalbox.migration_runs values ('1', 'x', 'x', now(), 1, 'x', 1)",
    "signalbox.import_files": "insert into signalbox.import_files (path, format, size_bytes, owner_id)"
    " values ('new', 'x', 1, %(me)s)",
    "signalbox.import_records": "insert into signalbox.import_records (record_key, event_id, file_id, source_kind)"
    " values (gen_random_uuid(), %(event)s, (select max(id) from signalbox.import_files), 'x')",
    "signalbox.model_replies": "insert into signalbox.model_replies (message_id, session_id, model)"
    " values ('new', %(session)s, 'x')",
    "signalbox.model_prices": "insert into signalbox.model_prices values ('new', '2026-01-01', 1, 1, 1, 1, 1)",
    "signalbox.change_sources": "insert into signalbox.change_sources values (99, 'new', '-')",
    "signalbox.change_log": "insert into signalbox.change_log (source, slot) values (1, 1)",
    "signalbox.change_links": "insert into signalbox.change_links (source, link) values (1, gen_random_uuid())",
    "signalbox.change_totals": "insert into signalbox.change_totals values (99) on conflict do nothing",
    "signalbox.rollup_state": "insert into signalbox.rollup_state (subject, source) values ('new', 1)",
    "signalbox.retention": "insert into signalbox.retention (keep_raw_days) values (1) on conflict (only_row)"
    " do update set keep_raw_days = 1",
    **ROLLED,
}


def as_person(owner: Connection, person: Actor) -> None:
    """What follows in this transaction is done with the rights of a signed-in person."""
    claims = json.dumps({"sub": str(person.user_id), "role": "authenticated"})
    owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
    owner.execute("set local role authenticated")


# Of the tables that signed-in people may update: the columns that they set, or those that they do not.
SETTABLE = {
    "chronicle.notification_events": {"acknowledged"},
    "engine.human_approvals": {"status", "decided_at", "decided_by", "decided_by_name", "decision_note"},
    "signalbox.retention": {"keep_raw_days", "set_at", "set_by"},
    "toolbox.users": {"full_name"},
}
COUNTERS = {"revision_count", "draft_count", "hole_count"}
NOT_SETTABLE = {"agents.jobs": {"user_id"}, "lift.sessions": COUNTERS}


def columns_of(owner: Connection, table: str, right: str | None = None) -> set[str]:
    """The columns of a table that signed-in people may use in a command, all without one."""
    rows = owner.execute(
        "select attname from pg_attribute where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped"
        " and (%(right)s::text is null or has_column_privilege('authenticated', attrelid, attnum, %(right)s))",
        {"table": table, "right": right},
    ).fetchall()
    return {row["attname"] for row in rows}


def test_only_some_columns_of_a_row_may_be_set(owner: Connection) -> None:
    wrong = {}
    for table, rules in EXPECTED.items():
        some = SETTABLE.get(table) or columns_of(owner, table) - NOT_SETTABLE.get(table, set())
        if (found := columns_of(owner, table, "update")) != (some if "update" in rules else set()):
            wrong[table] = found
    assert wrong == {}


def test_nobody_begins_a_session_with_counts(owner: Connection) -> None:
    assert columns_of(owner, "lift.sessions", "insert") == columns_of(owner, "lift.sessions") - COUNTERS


# What says whose a row is, on tables where people may change rows; of members it says who they are.
OWNERS = ("user_id", "owner_id")
OF_MEMBERS = {"toolbox.workspace_members", "toolbox.project_members"}


@pytest.mark.parametrize("role", ["owner", "other", "manager", "admin"])
@pytest.mark.parametrize("command", ["insert", "update"])
def test_nobody_makes_a_row_somebody_elses(
    role: str, command: str, owner: Connection, people: dict[str, Actor], world: dict[str, UUID]
) -> None:
    """Neither by changing it nor by adding one, whatever else they may do with it."""
    person = people["member"] if role == "owner" else people[role]
    taker = people["manager"] if role == "other" else people["other"]
    wrong = []
    for table, rules in EXPECTED.items():
        names = [name for name in OWNERS if name in columns_of(owner, table)]
        if command not in rules or not names or table in OF_MEMBERS:
            continue
        name, column = sql.Identifier(*table.split(".")), sql.Identifier(names[0])
        with owner.transaction(force_rollback=True):
            as_person(owner, person)
            try:
                if command == "update":
                    statement = sql.SQL("update {} set {} = %s").format(name, column)
                    done = owner.execute(statement, (taker.user_id,)).rowcount
                else:
                    done = owner.execute(INSERTS[table].encode(), world | {"me": taker.user_id}).rowcount
            except errors.InsufficientPrivilege:
                done = 0
        if done:
            wrong.append(table)
    assert wrong == []


@pytest.mark.usefixtures("world")
def test_an_admin_decides_in_no_other_name(owner: Connection, people: dict[str, Actor]) -> None:
    statement = "update engine.human_approvals set status = 'approved', decided_at = now(), decided_by = %s"
    with owner.transaction(force_rollback=True):
        as_person(owner, people["admin"])
        with pytest.raises(errors.InsufficientPrivilege):
            owner.execute(statement, (people["manager"].user_id,))


def test_policies_are_one_per_table_role_and_command(owner: Connection) -> None:
    doubled = owner.execute(
        "select schemaname, tablename, cmd, roles from pg_policies"
        " where schemaname not in ('auth', 'supabase_migrations')"
        " group by 1, 2, 3, 4 having count(*) > 1 or cmd = 'ALL'"
    ).fetchall()
    assert not doubled


def test_every_view_runs_with_the_rights_of_its_reader_and_says_its_grain(owner: Connection) -> None:
    wrong = owner.execute(
        """
        select c.relname, c.reloptions, obj_description(c.oid) as comment from pg_class as c
        where c.relkind = 'v' and c.relnamespace = 'analytics'::regnamespace
        and (not coalesce('security_invoker=true' = any (c.reloptions), false)
             or coalesce(obj_description(c.oid), '') not like '%One row per %')
        """
    ).fetchall()
    assert not wrong


def test_nobody_writes_an_audit_row_in_another_name(people: dict[str, Actor]) -> None:
    for column, value in (("actor_email", people["admin"].email), ("actor_id", str(people["admin"].user_id))):
        row = {"actor_id": str(people["member"].user_id), "actor_email": people["member"].email} | {column: value}
        with pytest.raises(NotAllowed), database.writing(people["member"]) as unit:
            unit.connection.execute(
                "insert into signalbox.audit_log (actor_id, actor_email, action)"
                " values (%(actor_id)s, %(actor_email)s, 'x')",
                row,
            )


def test_nobody_puts_a_project_into_a_workspace_of_others(world: dict[str, UUID], people: dict[str, Actor]) -> None:
    with pytest.raises(NotAllowed), database.writing(people["other"]) as unit:
        unit.connection.execute(
            "insert into toolbox.projects (owner_id, workspace_id, name) values (%s, %s, 'x')",
            (people["other"].user_id, world["workspace"]),
        )


OF_A_CLIENT = {"events", "human_approvals", "sop_executions", "client_health", "sop_definitions"}


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        ({}, {"sop_definitions"}),
        ({"client_id": "acme"}, OF_A_CLIENT),
        ({"app_metadata": {"client_id": "acme"}}, OF_A_CLIENT),
        ({"client_id": "", "app_metadata": {"client_id": "acme"}}, OF_A_CLIENT),
        ({"client_id": "other", "app_metadata": {"client_id": "acme"}}, {"sop_definitions"}),
        ({"user_metadata": {"client_id": "acme"}}, {"sop_definitions"}),
    ],
)
def test_a_member_reads_of_the_engine_what_carries_the_client_of_the_token(
    owner: Connection, claims: dict[str, object], seen: set[str]
) -> None:
    owner.execute("select engine.append_event('A', 'T', '1', '{\"client_id\": \"acme\"}')")
    owner.execute(
        "insert into engine.human_approvals (approval_type, title, request_payload)"
        " values ('x', 'x', '{\"client_id\": \"acme\"}')"
    )
    owner.execute(
        "insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state)"
        " values ('T', '1', 1, '{\"client_id\": \"acme\"}')"
    )
    owner.execute("insert into engine.sop_definitions (sop_id, title) values ('s', 'x')")
    owner.execute("insert into engine.sop_executions (sop_id, client_id) values ('s', 'acme')")
    owner.execute("insert into engine.agent_metrics (agent_id) values ('a')")
    owner.execute("insert into engine.client_health (client_id) values ('acme')")
    owner.execute("insert into engine.chaos_experiments (name, hypothesis) values ('x', 'x')")
    tables = [name.partition(".")[2] for name in EXPECTED if name.startswith("engine.")]
    with owner.transaction(force_rollback=True):
        owner.execute("set local role authenticated")
        token = json.dumps({"sub": str(uuid4()), "role": "authenticated"} | claims)
        owner.execute("select set_config('request.jwt.claims', %s, true)", (token,))
        query = "select from engine.{}"
        assert seen == {
            table
            for table in tables
            if owner.execute(sql.SQL(query).format(sql.Identifier(table))).fetchone() is not None
        }
