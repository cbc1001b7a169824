-- A price below nothing, without end or that is no number is none: replies under it are not priced. One made every sum
-- over them no number.
set lock_timeout = '4s';
set statement_timeout = '60s';

create or replace view analytics.reply_costs with (security_invoker = true) as
select
    r.message_id, r.session_id as session_pk, r.model, r.replied_at, r.input_tokens, r.output_tokens,
    r.cache_write_tokens, r.cache_read_tokens,
    (
        r.input_tokens * p.input_usd_per_million + r.output_tokens * p.output_usd_per_million
        + (r.cache_write_tokens - r.cache_write_1h_tokens) * p.cache_write_usd_per_million
        + r.cache_write_1h_tokens * p.cache_write_1h_usd_per_million
        + r.cache_read_tokens * p.cache_read_usd_per_million
    ) / 1000000 as estimated_cost_usd
from signalbox.model_replies as r
left join (
    select
        m.*,
        lead(m.valid_from) over (partition by m.model order by m.valid_from) as next_valid_from,
        least(
            m.input_usd_per_million, m.output_usd_per_million, m.cache_write_usd_per_million,
            m.cache_write_1h_usd_per_million, m.cache_read_usd_per_million
        ) >= 0 and greatest(
            m.input_usd_per_million, m.output_usd_per_million, m.cache_write_usd_per_million,
            m.cache_write_1h_usd_per_million, m.cache_read_usd_per_million
        ) < 1000000000000000 as is_price
    from signalbox.model_prices as m
) as p on p.is_price and p.model = r.model and (
    p.valid_from <= (r.replied_at at time zone 'UTC')::date
    and (p.next_valid_from is null or p.next_valid_from > (r.replied_at at time zone 'UTC')::date)
    or r.replied_at is null and p.next_valid_from is null
);

-- What was summed is summed anew.
insert into signalbox.change_log (source, slot)
select s.source, 2147483647 from signalbox.rollup_state as s where s.subject = 'sessions' and s.built_from < 2147483647;
