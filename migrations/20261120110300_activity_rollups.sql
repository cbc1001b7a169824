-- Sessions with their costs, prompts and jobs, rolled up.
set lock_timeout = '4s';
set statement_timeout = '60s';

-- As before, but the day of a reply is that of UTC whoever asks, and a reply without a time has the newest price:
-- what is stored must not depend on the reader's zone or on today.
create or replace view analytics.reply_costs with (security_invoker = true) as
select
    r.message_id, r.session_id as session_pk, r.model, r.replied_at, r.input_tokens, r.output_tokens,
    r.cache_write_tokens, r.cache_read_tokens,
    (r.input_tokens * p.input_usd_per_million + r.output_tokens * p.output_usd_per_million
        + (r.cache_write_tokens - r.cache_write_1h_tokens) * p.cache_write_usd_per_million
        + r.cache_write_1h_tokens * p.cache_write_1h_usd_per_million
        + r.cache_read_tokens * p.cache_read_usd_per_million) / 1000000 as estimated_cost_usd
from signalbox.model_replies as r
-- Each price with the day on which the next one begins: one hash join, where a look-up per reply took ten times as long.
left join (
    select m.*, lead(m.valid_from) over (partition by m.model order by m.valid_from) as next_valid_from
    from signalbox.model_prices as m
) as p
    on p.model = r.model
    and (
        p.valid_from <= (r.replied_at at time zone 'UTC')::date
        and (p.next_valid_from is null or p.next_valid_from > (r.replied_at at time zone 'UTC')::date)
        or r.replied_at is null and p.next_valid_from is null
    );

create view analytics.session_facts with (security_invoker = true) as
select s.started_at as occurred_at, s.project_name, s.status, c.cost_basis, c.cost_usd, c.tokens
from analytics.stg_chronicle__sessions as s
cross join lateral (
    select k.cost_basis, k.cost_usd, k.tokens from analytics.session_costs as k where k.session_pk = s.session_pk
) as c;
comment on view analytics.session_facts is 'What the rollup of sessions is made of. One row per session.';

create table analytics.session_rollup (
    level smallint not null,
    slot integer not null,
    project_name text,
    status text,
    cost_basis text not null,
    sessions bigint not null,
    cost_usd numeric,
    tokens numeric not null,
    unique nulls not distinct (level, slot, project_name, status, cost_basis)
);
comment on table analytics.session_rollup is
'Sessions that began in level times 15 minutes from slot on, with what they cost. One row per level, slot, project, status and basis of the cost.';

create function signalbox.roll_sessions(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.session_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.session_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    )
    insert into analytics.session_rollup
    select 1, f.slot, f.project_name, f.status, f.cost_basis, count(*), sum(f.cost_usd), sum(f.tokens)
    from facts as f
    group by f.slot, f.project_name, f.status, f.cost_basis
$$;

create function signalbox.sum_sessions(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.session_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.session_rollup
    select
        width, r.slot - (r.slot % width + width) % width, r.project_name, r.status, r.cost_basis,
        sum(r.sessions), sum(r.cost_usd), sum(r.tokens)
    from analytics.session_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2, 3, 4, 5
$$;

create table analytics.prompt_rollup (
    level smallint not null,
    slot integer not null,
    prompts bigint not null,
    primary key (level, slot)
);
comment on table analytics.prompt_rollup is
'Human prompts in level times 15 minutes from slot on. One row per level and slot.';

create function signalbox.roll_prompts(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.prompt_rollup where level = 1 and slot >= lo and slot < hi;
    insert into analytics.prompt_rollup
    select 1, floor(date_part('epoch', p.occurred_at) / 900)::integer, count(*)
    from analytics.stg_chronicle__prompt_events as p
    where p.occurred_at >= analytics.slot_start(lo) and p.occurred_at < analytics.slot_start(hi)
    group by 2
    union all
    select 1, lo, count(*)
    from analytics.stg_chronicle__prompt_events as p
    where lo = -2147483648
    and (p.occurred_at is null or p.occurred_at = '-infinity' or p.occurred_at >= '60000-01-01 00:00+00')
    having count(*) > 0
$$;

create function signalbox.sum_prompts(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.prompt_rollup where level = width and slot >= lo and slot < hi;
    insert into analytics.prompt_rollup
    select width, r.slot - (r.slot % width + width) % width, sum(r.prompts)
    from analytics.prompt_rollup as r
    where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
    and r.slot > -2147483648
    group by 2
$$;

create view analytics.job_facts with (security_invoker = true) as
select
    j.counted_at as occurred_at, j.agent, j.status, r.run_us, w.wait_us,
    case
        when r.run_us > 0 then ceil(ln(r.run_us::float8) / 0.019802627296179713)::integer
        when r.run_us = 0 then -5000
        when r.run_us < 0 then -10000 - ceil(ln(-r.run_us::float8) / 0.019802627296179713)::integer
    end as run_key,
    case
        when w.wait_us > 0 then ceil(ln(w.wait_us::float8) / 0.019802627296179713)::integer
        when w.wait_us = 0 then -5000
        when w.wait_us < 0 then -10000 - ceil(ln(-w.wait_us::float8) / 0.019802627296179713)::integer
    end as wait_key
from analytics.stg_agents__jobs as j
cross join lateral (
    select case when j.status = 'completed' and isfinite(j.completed_at) and isfinite(j.started_at)
        then (extract(epoch from j.completed_at - j.started_at) * 1000000)::bigint end as run_us
) as r
cross join lateral (
    select case when isfinite(j.started_at) and isfinite(j.created_at)
        then (extract(epoch from j.started_at - j.created_at) * 1000000)::bigint end as wait_us
) as w;
comment on view analytics.job_facts is
'What the rollup of jobs is made of: microseconds that completed ones ran and that all waited, with their classes. One row per job.';

create table analytics.job_rollup (
    level smallint not null,
    slot integer not null,
    agent text not null,
    status text not null,
    jobs bigint not null,
    timed bigint not null,
    run_us numeric not null,
    least_run_us bigint,
    most_run_us bigint,
    run_keys integer[] not null,
    run_counts bigint[] not null,
    least_wait_us bigint,
    most_wait_us bigint,
    wait_keys integer[] not null,
    wait_counts bigint[] not null
);
-- No key: the name of an agent may be longer than an index takes, and that would stop every refresh.
create index job_rollup_level_slot on analytics.job_rollup (level, slot);
comment on table analytics.job_rollup is
'Jobs that count in level times 15 minutes from slot on: a job counts when it ended, while it is open when it was created. One row per level, slot, agent and status.';

create function signalbox.roll_jobs(lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.job_rollup where level = 1 and slot >= lo and slot < hi;
    with facts as (
        select floor(date_part('epoch', f.occurred_at) / 900)::integer as slot, f.*
        from analytics.job_facts as f
        where f.occurred_at >= analytics.slot_start(lo) and f.occurred_at < analytics.slot_start(hi)
        union all
        select -2147483648, f.*
        from analytics.job_facts as f
        where lo = -2147483648
        and (f.occurred_at is null or f.occurred_at = '-infinity' or f.occurred_at >= '60000-01-01 00:00+00')
    ),
    histograms as (
        select
            c.slot, c.agent, c.status,
            array_agg(c.key order by c.key) filter (where c.is_run) as run_keys,
            array_agg(c.counted order by c.key) filter (where c.is_run) as run_counts,
            array_agg(c.key order by c.key) filter (where not c.is_run) as wait_keys,
            array_agg(c.counted order by c.key) filter (where not c.is_run) as wait_counts
        from (
            select f.slot, f.agent, f.status, k.is_run, k.key, count(*) as counted
            from facts as f
            cross join lateral (values (true, f.run_key), (false, f.wait_key)) as k (is_run, key)
            where k.key is not null
            group by f.slot, f.agent, f.status, k.is_run, k.key
        ) as c
        group by c.slot, c.agent, c.status
    ),
    sums as (
        select f.slot, f.agent, f.status, count(*) as jobs, count(f.run_us) as timed, coalesce(sum(f.run_us), 0) as run_us,
            min(f.run_us) as least_run_us, max(f.run_us) as most_run_us,
            min(f.wait_us) as least_wait_us, max(f.wait_us) as most_wait_us
        from facts as f
        group by f.slot, f.agent, f.status
    )
    insert into analytics.job_rollup
    select
        1, s.slot, s.agent, s.status, s.jobs, s.timed, s.run_us, s.least_run_us, s.most_run_us,
        coalesce(h.run_keys, '{}'), coalesce(h.run_counts, '{}'), s.least_wait_us, s.most_wait_us,
        coalesce(h.wait_keys, '{}'), coalesce(h.wait_counts, '{}')
    from sums as s
    left join histograms as h on h.slot = s.slot and h.agent = s.agent and h.status = s.status
$$;

create function signalbox.sum_jobs(width integer, lo integer, hi integer) returns void
language sql
set search_path = ''
as $$
    delete from analytics.job_rollup where level = width and slot >= lo and slot < hi;
    with finer as (
        select r.slot - (r.slot % width + width) % width as parent, r.*
        from analytics.job_rollup as r
        where r.level = case width when 4 then 1 when 96 then 4 else 96 end and r.slot >= lo and r.slot < hi
        and r.slot > -2147483648
    ),
    histograms as (
        select
            c.parent, c.agent, c.status,
            array_agg(c.key order by c.key) filter (where c.is_run) as run_keys,
            array_agg(c.counted order by c.key) filter (where c.is_run) as run_counts,
            array_agg(c.key order by c.key) filter (where not c.is_run) as wait_keys,
            array_agg(c.counted order by c.key) filter (where not c.is_run) as wait_counts
        from (
            select k.parent, k.agent, k.status, k.is_run, k.key, sum(k.counted)::bigint as counted
            from (
                select f.parent, f.agent, f.status, true as is_run, unnest(f.run_keys) as key, unnest(f.run_counts) as counted
                from finer as f
                union all
                select f.parent, f.agent, f.status, false, unnest(f.wait_keys), unnest(f.wait_counts)
                from finer as f
            ) as k
            group by k.parent, k.agent, k.status, k.is_run, k.key
        ) as c
        group by c.parent, c.agent, c.status
    ),
    sums as (
        select f.parent, f.agent, f.status, sum(f.jobs) as jobs, sum(f.timed) as timed, sum(f.run_us) as run_us,
            min(f.least_run_us) as least_run_us, max(f.most_run_us) as most_run_us,
            min(f.least_wait_us) as least_wait_us, max(f.most_wait_us) as most_wait_us
        from finer as f
        group by f.parent, f.agent, f.status
    )
    insert into analytics.job_rollup
    select
        width, s.parent, s.agent, s.status, s.jobs, s.timed, s.run_us, s.least_run_us, s.most_run_us,
        coalesce(h.run_keys, '{}'), coalesce(h.run_counts, '{}'), s.least_wait_us, s.most_wait_us,
        coalesce(h.wait_keys, '{}'), coalesce(h.wait_counts, '{}')
    from sums as s
    left join histograms as h on h.parent = s.parent and h.agent = s.agent and h.status = s.status
$$;

alter table analytics.session_rollup enable row level security;
alter table analytics.prompt_rollup enable row level security;
alter table analytics.job_rollup enable row level security;
grant select on analytics.session_facts, analytics.session_rollup, analytics.prompt_rollup, analytics.job_facts,
analytics.job_rollup to authenticated;
grant select on analytics.session_facts, analytics.job_facts to service_role;
grant all on analytics.session_rollup, analytics.prompt_rollup, analytics.job_rollup to service_role;
create policy session_rollup_select on analytics.session_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy prompt_rollup_select on analytics.prompt_rollup for select to authenticated
using ((select signalbox.sees_all()));
create policy job_rollup_select on analytics.job_rollup for select to authenticated
using ((select signalbox.sees_all()));
insert into signalbox.rollup_state (subject, source) values ('sessions', 1), ('prompts', 4), ('jobs', 8);
