"""The generated sum: `schema.sql` and `inventory.txt` are current, and loading the one gives what migrating gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data import embedded, migration
from data.migration.errors import MigrationError, WrongServer
from data.migration.state import generation, inventory
from tests.migration_scratch import connected, empty_database, value, write_migrations
from tests.servers import any_server

MIGRATIONS = Path(__file__).parent.parent / "migrations"
__all__ = ["any_server"]


@pytest.fixture
def url(server: embedded.Lease) -> Iterator[str]:
    with empty_database(server) as address:
        yield address


def load(url: str, text: str) -> None:
    with connected(url) as connection:
        connection.execute(text.encode())


def items(url: str, expected: list[inventory.Item]) -> list[inventory.Item]:
    with connected(url) as connection:
        return inventory.take(connection, sorted({item.schema for item in expected}))


def test_generated_files_are_current(server: embedded.Lease, url: str) -> None:
    """When this fails: `python -m data migrate schema --write`, and look at the difference before you keep it."""
    generated = migration.generate(url, MIGRATIONS, server.binaries)
    assert [path.name for path in generated.outdated(MIGRATIONS)] == []


def test_sum_and_migrations_make_the_same_database(any_server: embedded.Lease) -> None:
    expected = inventory.read((MIGRATIONS / "inventory.txt").read_text(encoding="utf-8"))
    with empty_database(any_server) as migrated, empty_database(any_server) as loaded:
        migration.up(migrated, MIGRATIONS, print)
        load(loaded, (MIGRATIONS / "schema.sql").read_text(encoding="utf-8"))
        assert inventory.compare(expected, items(migrated, expected)) == inventory.Comparison((), (), ())
        assert inventory.compare(expected, items(loaded, expected)) == inventory.Comparison((), (), ())


def test_pg_dump_sees_no_difference_either(server: embedded.Lease, url: str) -> None:
    """The inventory is our own list; pg_dump knows of every kind of object."""
    text = (MIGRATIONS / "schema.sql").read_text(encoding="utf-8")
    schemas = [
        item.identity
        for item in inventory.read((MIGRATIONS / "inventory.txt").read_text(encoding="utf-8"))
        if item.kind == "schema"
    ]
    load(url, text)
    again = generation.dump(url, schemas, server.binaries / "pg_dump")
    assert settled(again) == settled(text)


def settled(dump: str) -> list[str]:
    return [inventory.settled(line) for line in dump.splitlines()]


def test_every_kind_of_object_survives_the_round_trip(server: embedded.Lease, url: str, tmp_path: Path) -> None:
    text = r"""
        create schema s;
        comment on schema s is 'The schema; with a semicolon';
        create type s.state as enum ('a', 'b''c');
        create type s.pair as (one int, two text);
        create domain s.positive as int not null default 1 check (value > 0);
        create sequence s.numbers start 7;
        create table s.parent (
            id bigint generated always as identity primary key,
            kind varchar(10) not null default 'x' check (kind in ('x', 'y')),
            n s.positive, total int generated always as (n * 2) stored, state s.state default 'a',
            number bigint default nextval('s.numbers'), unique (kind, n)
        );
        create table s.part (at date not null, parent_id bigint references s.parent on delete cascade)
            partition by range (at);
        create table s.part_2026 partition of s.part for values from ('2026-01-01') to ('2027-01-01');
        create index parent_kind on s.parent (lower(kind)) include (n) where kind <> 'x';
        create function s.f(a int, b text default 'it''s; fine') returns text
            language plpgsql stable security definer set search_path = '' as $body$
-- a comment at the start of a line; not to be lost

begin return $$a;b$$; end $body$;
        create function s.g() returns int language sql begin atomic select 1; end;
        create function s.touch() returns trigger language plpgsql as 'begin return new; end';
        create trigger touch before update on s.parent for each row execute function s.touch();
        create view s.v with (security_invoker = true) as select kind, count(*) as n from s.parent group by kind;
        comment on view s.v is 'Kinds. One row per kind.';
        create materialized view s.m as select * from s.v;
        create unique index m_kind on s.m (kind);
        create rule r as on delete to s.part do instead nothing;
        alter table s.parent enable row level security;
        create policy own on s.parent for select to authenticated
            using (kind = 'x' and (select auth.uid()) is not null);
        grant usage on schema s to authenticated;
        grant select (id, kind) on s.parent to authenticated;
        grant all on s.v to service_role;
        alter default privileges in schema s grant select on tables to authenticated;
    """
    folder = write_migrations(tmp_path, m20260101000000_all=text)
    generated = migration.generate(url, folder, server.binaries)
    expected = inventory.read(generated.inventory)
    with empty_database(server) as loaded:
        load(loaded, generated.schema)
        assert inventory.compare(expected, items(loaded, expected)) == inventory.Comparison((), (), ())
        assert value(loaded, "select s.f(1)") == "a;b"
        again = generation.dump(loaded, ["s"], server.binaries / "pg_dump")
        assert settled(again) == settled(generated.schema)
    kinds = {item.kind for item in expected}
    assert kinds >= {"schema", "type", "sequence", "table", "column", "constraint", "index", "function", "trigger",
                     "view", "materialized_view", "rule", "policy", "grant", "default_grant", "comment"}  # fmt: skip
    generated.write(folder)
    assert migration.verify(url, folder).holds


def test_migration_that_writes_into_a_foreign_schema_is_refused(
    server: embedded.Lease, url: str, tmp_path: Path
) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a="create table public.stray ();")
    with pytest.raises(MigrationError, match=r"table public\.stray"):
        migration.generate(url, folder, server.binaries)


def test_files_are_written_with_one_version_only(any_server: embedded.Lease, tmp_path: Path) -> None:
    with empty_database(any_server) as url:
        version = value(url, "select current_setting('server_version_num')::int / 10000")
        if version == generation.WRITTEN_WITH:
            migration.generate(url, tmp_path, any_server.binaries)
        else:
            with pytest.raises(WrongServer, match=f"this server is {version}"):
                migration.generate(url, tmp_path, any_server.binaries)
