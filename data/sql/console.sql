-- name: answer
-- Shows that the database answers.
select 1 as answer;
