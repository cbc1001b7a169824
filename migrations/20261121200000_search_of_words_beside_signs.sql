set lock_timeout = '4s';
set statement_timeout = '60s';

-- What a search by words makes of signs such as emoji is a matter of the locale: it passes over them, so that a search for
-- a word and an emoji went by the word alone, or takes them for words, which are not found where they follow another one
-- without a space. Now the words are looked for without the signs beside them, and the signs letter by letter.
create function analytics.signs_beside_words(words text) returns text
language sql immutable security invoker
set search_path = ''
as $$
    select coalesce(string_agg(distinct s.sign[1], ''), '')
    -- Not those that are asked to be absent, and none where one thing or the other is looked for.
    from regexp_matches(
        regexp_replace(words, '(^|\s)-\S+', ' ', 'g'), '[\u200d\ufe0f\u20a0-\u2bff\U0001f000-\U0001faff]', 'g'
    ) as s (sign)
    where words !~* '\mor\M'
$$;
comment on function analytics.signs_beside_words(text) is
'The signs of a web-style search, emoji above all, that have to be there beside its words, and what joins them.';
revoke all on function analytics.signs_beside_words(text) from public;
grant execute on function analytics.signs_beside_words(text) to authenticated, service_role;

create function analytics.words_beside_signs(words text) returns tsquery
language sql stable security invoker
set search_path = ''
as $$
    select websearch_to_tsquery('english', translate(words, s.signs, repeat(' ', length(s.signs))))
    from (select analytics.signs_beside_words(words) as signs) as s
$$;
comment on function analytics.words_beside_signs(text) is
'What a web-style search looks for by words: all of it but the signs that have to be there beside them.';
revoke all on function analytics.words_beside_signs(text) from public;
grant execute on function analytics.words_beside_signs(text) to authenticated, service_role;

create or replace function analytics.sessions_saying_by_index(words text) returns table (session_pk uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select distinct p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where to_tsvector('english', p.prompt_text) @@ (select analytics.words_beside_signs(words))
    -- Of a sign, what chooses its look and what joins it to others need not be there.
    and translate((select analytics.signs_beside_words(words)), p.prompt_text || e'\u200d\ufe0f', '') = ''
    and ((select signalbox.sees_all()) or p.session_pk in (
        select s.session_pk from analytics.stg_chronicle__sessions as s where s.owner_id = (select auth.uid())::text
    ))
    and not exists (select from signalbox.adopted_tables as a where a.system = 'chronicle' and a.mode = 'pointed')
$$;

create or replace function analytics.sessions_saying(words text) returns table (session_pk uuid)
language sql stable security invoker
set search_path = ''
as $$
    select f.session_pk from analytics.sessions_saying_by_index(words) as f
    union all
    select p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where (select exists (select from signalbox.adopted_tables as a where a.system = 'chronicle' and a.mode = 'pointed'))
    and to_tsvector('english', p.prompt_text) @@ (select analytics.words_beside_signs(words))
    and translate((select analytics.signs_beside_words(words)), p.prompt_text || e'\u200d\ufe0f', '') = ''
    union all
    select p.session_pk
    from analytics.stg_chronicle__prompt_events as p
    where (numnode(analytics.words_beside_signs(words)) = 0 or words !~ '[[:alnum:]]')
    and strpos(lower(p.prompt_text), nullif(btrim(lower(words), ' "'), '')) > 0
$$;
comment on function analytics.sessions_saying(text) is
'Sessions, of those the viewer may see, with a human prompt that matches a web-style search, and holds the signs beside its words; of words that it passes over, such as "the" or an emoji, with a prompt that holds them letter by letter.';
