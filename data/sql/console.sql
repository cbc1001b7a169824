-- name: answer
-- Shows that the database answers.
select 1 as answer;

-- name: find_backend
-- The process of the server that serves this statement.
select pg_backend_pid() as pid;
