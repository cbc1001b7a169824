set lock_timeout = '4s';
set statement_timeout = '60s';

-- The search by words knows neither those that stand everywhere, such as "the", nor signs, such as emoji, which some
-- locales take for the end of a word: looked for by themselves they were in no prompt. Now they are looked for letter by
-- letter, as every other search of the console does.
create or replace function analytics.sessions_saying(words text) returns table (session_pk uuid)
language sql stable security invoker
set search_path = ''
as $$
    select f.session_pk from analytics.sessions_saying_by_index(words) as f
    union all
    select p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where (select exists (select from signalbox.adopted_tables as a where a.system = 'chronicle' and a.mode = 'pointed'))
    and to_tsvector('english', p.prompt_text) @@ websearch_to_tsquery('english', words)
    union all
    select p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where (numnode(websearch_to_tsquery('english', words)) = 0 or words !~ '[[:alnum:]]')
    and strpos(lower(p.prompt_text), nullif(btrim(lower(words), ' "'), '')) > 0
$$;
comment on function analytics.sessions_saying(text) is
'Sessions, of those the viewer may see, with a human prompt that matches a web-style search; of words that it passes over, such as "the" or an emoji, with a prompt that holds them letter by letter.';
