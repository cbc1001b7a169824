-- name: set_locally
-- Sets limits, role and claims for this transaction alone.
select set_config(s.name, s.value, true)
from unnest(%(names)s::text[], %(values)s::text[]) as s (name, value);
