-- name: answer
-- Shows that the database answers.
select 1 as answer;

-- name: find_backend
-- The process of the server that serves this statement.
select pg_backend_pid() as pid;

-- name: knows_zone
-- Whether the server knows a time zone by this name.
select exists(select from pg_timezone_names where name = %(zone)s) as is_known;
