-- Indexes are about to ask of each failed call whether a person refused it, as whoever writes it: every role may.
set lock_timeout = '4s';
set statement_timeout = '60s';

grant execute on function analytics.is_refusal(text) to public;
