-- name: list_tool_calls
-- Calls of tools with what came of them, in the order of the page; an outcome of null was not recorded, times are null
-- where the log had none.
select
    c.occurred_at,
    s.session_key as session_id,
    s.project_name as project,
    c.tool_name as tool,
    c.tool_type,
    c.outcome,
    c.duration_ms,
    c.error_message,
    c.is_answered,
    c.call_id,
    asked.parameters
from analytics.tool_calls as c
left join analytics.stg_chronicle__sessions as s on s.session_pk = c.session_pk
-- uses: tools.calls.asked
where
    (%(start)s::timestamptz is null or c.occurred_at >= %(start)s)
    and (%(end)s::timestamptz is null or c.occurred_at < %(end)s)
    and (not coalesce(%(untimed)s::boolean, false) or c.occurred_at is null
        or c.occurred_at < '1970-01-02 00:00+00' or c.occurred_at >= '2200-12-31 00:00+00')
    and (%(tool)s::text is null or c.tool_name = %(tool)s)
    and (%(project)s::text is null or s.project_name = %(project)s)
    and (
        %(outcome)s::text is null or coalesce(c.outcome, 'unknown') = %(outcome)s
        or %(outcome)s = 'timed' and c.duration_ms is not null
        or %(outcome)s = 'known' and c.outcome in ('succeeded', 'failed')
    )
    and (
        %(error_group)s::text is null
        or c.outcome = 'failed' and analytics.error_group(left(c.error_message, 500)) = %(error_group)s
    )
-- uses: tools.calls.in_order

-- name: list_tables
-- The tables of the database as they were looked up: sizes in bytes, the largest first.
select
    r.schema_name, r.table_name, r.size_bytes, r.estimated_rows, r.live_rows, r.dead_rows, r.vacuumed_at, r.analyzed_at,
    r.protection, array_to_string(array(select jsonb_array_elements_text(r.policies)), '; ') as policies,
    array_to_string(array(select jsonb_array_elements_text(r.open_to)), ', ') as open_to, r.exposure
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    schema_name text, table_name text, size_bytes bigint, estimated_rows bigint, live_rows bigint, dead_rows bigint,
    vacuumed_at timestamptz, analyzed_at timestamptz, protection text, policies jsonb, open_to jsonb, exposure integer
)
order by r.size_bytes desc, r.schema_name collate "C", r.table_name collate "C";

-- name: list_index_findings
-- Indexes that are invalid, the same as another one, or were never read, as they were looked up: sizes in bytes.
select r.schema_name, r.table_name, r.index_name, r.finding, r.same_as, r.size_bytes, r.scans, r.is_being_built
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    schema_name text, table_name text, index_name text, finding text, same_as text, size_bytes bigint, scans bigint,
    is_being_built boolean
)
order by r.finding, r.size_bytes desc, r.schema_name, r.index_name;

-- name: list_connections
-- Connections by application, role and database with what they do, as they were looked up.
select r.application, r.role, r.database, r.connections, r.states
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    application text, role text, database text, connections bigint, states text
)
order by r.connections desc, r.application, r.role, r.database;

-- name: list_migrations
-- Migrations with their states as they were looked up: what is not simply applied on top, then the newest. The state
-- "wrong" takes those on which the files and the database disagree.
select r.version, r.name, r.state, r.applied_at, r.applied_by, r.duration_ms
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    version text, name text, state text, applied_at timestamptz, applied_by text, duration_ms bigint
)
where
    %(state)s::text is null
    or case when r.state in ('applied', 'pending') then r.state else 'wrong' end = %(state)s
order by r.state <> 'applied' desc, r.version collate "C" desc;
