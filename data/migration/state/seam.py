"""The seam: which staging view reads which of our tables, and how it reads a table elsewhere instead.

A table that was adopted has a view `analytics.adopted_<system>__<table>` in front of it; its staging view keeps the
text it has in `schema.sql` and reads from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split

_VIEW = re.compile(r"CREATE VIEW (?P<name>analytics\.stg_\S+) WITH .*? AS\n(?P<body>.*)\Z", re.DOTALL)
_FROM = re.compile(r"\bFROM (?P<system>[a-z_]+)\.(?P<table>[a-z_]+)(?P<rest>;?\s*)\Z")

# What people may do with the view between: row security and the grants of the table decide what of it they can.
VIEW_GRANTS = frozenset(
    f"{role}: {privilege}" for role in ("authenticated", "service_role") for privilege in ("insert", "select", "update")
)


@cache
def staging_views() -> Mapping[str, tuple[str, str]]:
    """The staging view of each of our tables, by the table's name: its own name and its text, as generated."""
    found: dict[str, tuple[str, str]] = {}
    for statement in split((FOLDER / SCHEMA_FILE).read_text(encoding="utf-8")):
        match = _VIEW.search(statement.text)
        if match and (source := _FROM.search(match["body"].rstrip())):
            found[f"{source['system']}.{source['table']}"] = (match["name"], match["body"].rstrip())
    return found


def adopted_view(system: str, table: str) -> str:
    """The name, within `analytics`, of the view between a table elsewhere and its staging view."""
    return f"adopted_{system}__{table}"


def over_adopted(body: str) -> str:
    """The text of a staging view, reading from the adopted view instead of from our table."""
    return _FROM.sub(lambda match: f"FROM analytics.{adopted_view(match['system'], match['table'])} AS "
                                   f"{match['table']}{match['rest']}", body.rstrip())  # fmt: skip
