"""What a comparison finds: columns, parts and tables of a system in another schema, and what stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["same", "converted", "missing", "not convertible"]


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """A column that reports need and what the other table has for it; `found` is its type there, None without one.

    Of a converted one, `unreadable` values are none of the type that is needed and read as unknown. Where `is_tried`
    is False, there is none today, and one that is written later makes every report of its table fail. `pages` are those
    that rest on it. `strange` are words that it holds and that are none of the `words` that ours knows, if it is a
    column of few words.
    """

    name: str
    needed: str
    found: str | None
    state: State
    is_key: bool
    unreadable: int = 0
    is_tried: bool = True
    is_essential: bool = False
    pages: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def is_null(self) -> bool:
        """Whether reports will read it as unknown."""
        return self.state in ("missing", "not convertible")


@dataclass(frozen=True, slots=True)
class Part:
    """A partition of a table, or a table that inherits from it: its rows are the table's, too.

    `is_watchable`: it is a table of this server that the role of the connection owns; `is_watched`: what is written
    straight into it is noticed.
    """

    schema: str
    name: str
    is_partition: bool
    is_watchable: bool
    is_watched: bool = False


@dataclass(frozen=True, slots=True)
class TableFinding:
    """One table: its columns as we need them, columns beyond those, its parts, and who may read it.

    `demanded` are the columns beyond ours that every row must have and that the table does not fill by itself.
    `admins_need` is what its owner would run to let admins act on all its rows, "" where they may, or where nobody acts
    on them.
    `unreadable_columns` are those of `columns` that signed-in people may not read. `managers_see` and `members_see` are
    how much rights and policies show those (all, own, some, none), "" where nobody looked.
    `is_of` is the other system that has a table of this name which it looks more like, "" where there is none.
    `left_out` is why it counts as not there although it is, "" for all others.
    """

    name: str
    is_there: bool
    columns: tuple[ColumnFinding, ...] = ()
    extra: tuple[str, ...] = ()
    demanded: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    is_table: bool = True
    is_ours: bool = True
    owner: str = ""
    is_readable: bool = True
    unreadable_columns: tuple[str, ...] = ()
    is_secured: bool = True
    read_policies: int = 0
    managers_see: str = ""
    members_see: str = ""
    admins_need: str = ""
    estimated_rows: int = 0
    left_out: str = ""
    is_of: str = ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """The columns that read as null."""
        return tuple(column.name for column in self.columns if column.is_null)

    @property
    def obstacle(self) -> str | None:
        """Why this table cannot be adopted, None where it can."""
        if not self.is_there:
            return None
        if self.is_of:
            return f"{self.name} has the columns of the table of that name of {self.is_of}"
        keys = [column for column in self.columns if column.is_key and column.is_null]
        if keys:
            return f"{self.name} has no {_listed(keys)}, by which its rows are known"
        essential = [column for column in self.columns if column.is_essential and column.is_null]
        if essential:
            return f"{self.name} has no {_listed(essential)}, without which its rows tell nothing"
        for column in self.columns:
            if column.is_key and column.unreadable:
                return (
                    f"{column.unreadable} values of {self.name}.{column.name}, by which rows are known, "
                    f"are no {column.needed}"
                )
        if not self.is_table:
            return f"{self.name} is no table, so its changes could not be noticed"
        if not self.is_ours:
            return f"{self.name} belongs to {self.owner}"
        return None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What its rows and columns will not do for reports although nothing stands in the way, in sentences."""
        if not self.is_there:
            return ()
        said = [
            f"{column.name}: a value that is no {column.needed}, written later, makes the reports of this table fail "
            f"(PostgreSQL 15 cannot try a {column.found} first; 16 and later can)"
            for column in self.columns
            if not column.is_tried
        ]
        said += [
            f"{column.name} holds {' and '.join(column.strange)}, which is none of {', '.join(column.words)}: figures "
            f"by {column.name} leave such rows out, or count them as not known"
            for column in self.columns
            if column.strange
        ]
        deaf = [part for part in self.parts if not part.is_watchable]
        if deaf:
            names = ", ".join(f"{part.schema}.{part.name}" for part in deaf)
            said.append(f"what is written straight into {names} is not noticed: no table of this role's on this server")
        if self.parts:
            said.append(
                f"{len(self.parts)} tables hold its rows; what is written straight into one that is added later "
                "is noticed once the system is adopted again, what is written into this table at once"
            )
        return tuple(said)


def _listed(columns: Sequence[ColumnFinding]) -> str:
    """Columns that read as null, and of those that are there what they are instead."""
    return " and ".join(
        column.name if column.found is None else f"{column.name} of the type {column.needed} (it is {column.found})"
        for column in columns
    )


@dataclass(frozen=True, slots=True)
class SystemFinding:
    """All tables of a system as they are in a schema.

    `refusals` are what stands in the way beside the tables themselves, `remarks` what will be otherwise than one may
    think, both in sentences.
    """

    system: str
    schema: str
    tables: tuple[TableFinding, ...]
    refusals: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def there(self) -> tuple[TableFinding, ...]:
        """The tables that the schema has."""
        return tuple(table for table in self.tables if table.is_there)

    def sparing(self, adopted: Collection[str]) -> SystemFinding:
        """The same without the tables that something stands in the way of: no reason to leave the others. Unless that
        is all of them, or one that was adopted, which would be read on as it was."""
        barred = {table.name: table.obstacle for table in self.tables if table.obstacle}
        if len(barred) == len(self.there) or not barred.keys().isdisjoint(adopted):
            return self
        return replace(
            self,
            tables=tuple(
                replace(table, is_there=False, left_out=barred[table.name] or "") if table.name in barred else table
                for table in self.tables
            ),
        )

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Everything that stands in the way."""
        return (*(table.obstacle for table in self.tables if table.obstacle), *self.refusals)
