-- name: sync_prices
-- Makes the price table equal to the one that is read, touching only what differs; says how many prices did.
with told as (
    select * from jsonb_to_recordset(%(prices)s::jsonb) as t (
        model text, valid_from date, input numeric, output numeric,
        cache_write numeric, cache_write_1h numeric, cache_read numeric
    )
),
gone as (
    delete from signalbox.model_prices as p
    where not exists (select from told as t where t.model = p.model and t.valid_from = p.valid_from)
    returning p.model
),
written as (
    insert into signalbox.model_prices as p (
        model, valid_from, input_usd_per_million, output_usd_per_million,
        cache_write_usd_per_million, cache_write_1h_usd_per_million, cache_read_usd_per_million
    )
    select t.model, t.valid_from, t.input, t.output, t.cache_write, t.cache_write_1h, t.cache_read
    from told as t
    on conflict (model, valid_from) do update
    set input_usd_per_million = excluded.input_usd_per_million,
        output_usd_per_million = excluded.output_usd_per_million,
        cache_write_usd_per_million = excluded.cache_write_usd_per_million,
        cache_write_1h_usd_per_million = excluded.cache_write_1h_usd_per_million,
        cache_read_usd_per_million = excluded.cache_read_usd_per_million
    where (
        p.input_usd_per_million, p.output_usd_per_million, p.cache_write_usd_per_million,
        p.cache_write_1h_usd_per_million, p.cache_read_usd_per_million
    ) is distinct from (
        excluded.input_usd_per_million, excluded.output_usd_per_million, excluded.cache_write_usd_per_million,
        excluded.cache_write_1h_usd_per_million, excluded.cache_read_usd_per_million
    )
    returning p.model
)
select (select count(*) from gone) + (select count(*) from written) as changed;
