"""`python -m data adopt`: read the tables of a system that was there before the console."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

from data import adoption
from data.command.migrate import admin_database
from data.command.output import emit
from data.errors import WrongUse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `adopt`."""
    parser = commands.add_parser(
        "adopt",
        help="Read the tables of a system that was there before the console.",
        description="Compare a system's tables in another schema with what reports need, and read them there.",
    )
    parser.add_argument("system", choices=adoption.SYSTEMS, help="Which system.")
    parser.add_argument("--from", dest="schema", metavar="SCHEMA", help="The schema its tables are in, such as public.")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="Say what differs and what would be refused, by doing it and undoing it at once; nothing is changed.",
    )
    parser.add_argument(
        "--move", action="store_true", help="Move the tables into our schema and leave views under the old names."
    )
    parser.add_argument(
        "--managers-read",
        action="store_true",
        help="Let managers and admins see all rows: one grant and one policy for each table. Refused where that shows "
        "everybody every row.",
    )
    parser.add_argument("--release", action="store_true", help="Read our own tables of that system again.")
    parser.add_argument("--status", action="store_true", help="Say how the adopted tables of that system are now.")
    parser.add_argument("--json", action="store_true", help="Print one JSON document.")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Adopt or release; 1 where something stands in the way."""
    with admin_database() as url:
        if arguments.release or arguments.status:
            _must_stand_alone(arguments)
        if arguments.status:
            return _status(url, arguments)
        if arguments.release:
            left: list[str] = []
            names = adoption.release(url, arguments.system, left.append)
            lines = [f"{arguments.system} is read from our own tables again.", *(f"{each}." for each in left)]
            emit(arguments, {"released": names, "remarks": left}, lines)
            return 0
        if not arguments.schema:
            raise WrongUse("Say where the tables are: --from SCHEMA, such as --from public.")
        found = adoption.adopt(
            url,
            arguments.system,
            arguments.schema,
            move=arguments.move,
            managers_read=arguments.managers_read,
            dry_run=arguments.dry_run,
        )
    remarks = [*found.remarks, *(f"{table.name}: {remark}" for table in found.tables for remark in table.remarks)]
    document = {
        "adopted": not arguments.dry_run,
        "obstacles": found.obstacles,
        **asdict(found),
        "remarks": remarks,
    }
    emit(arguments, document, [*_lines(found, arguments), _result(found, arguments)])
    return 1 if found.obstacles else 0


def _must_stand_alone(arguments: argparse.Namespace) -> None:
    others = arguments.schema or arguments.dry_run or arguments.move or arguments.managers_read
    if others or (arguments.release and arguments.status):
        raise WrongUse(
            "--release stands alone: it reads our own tables again, at once. Nothing was changed."
            if arguments.release
            else "--status stands alone: it says how the adopted tables are now."
        )


def _status(url: str, arguments: argparse.Namespace) -> int:
    found = adoption.examine(url, arguments.system)
    lines = [line for each in found for line in _status_lines(each)]
    emit(
        arguments,
        {"adopted": [asdict(each) for each in found]},
        lines or [f"No table of {arguments.system} is read from another schema or was moved."],
    )
    return 1 if any(each.wrong for each in found) else 0


def _status_lines(adopted: adoption.Adopted) -> Iterator[str]:
    where = "moved into" if adopted.mode == "moved" else "read from"
    yield f"{adopted.system}: {where} {adopted.schema}: {', '.join(adopted.tables)}."
    yield from (f"  wrong: {sentence}" for sentence in adopted.wrong)
    yield from (f"  {sentence}" for sentence in adopted.remarks)
    if not adopted.wrong:
        yield "  every value can be read, and all that is written is noticed."


def _lines(found: adoption.SystemFinding, arguments: argparse.Namespace) -> Iterator[str]:
    for table in found.tables:
        yield from _table_lines(found, table)
    yield from (f"{remark}." for remark in found.remarks)


def _table_lines(found: adoption.SystemFinding, table: adoption.TableFinding) -> Iterator[str]:
    name = f"{found.schema}.{table.name}"
    if not table.is_there:
        why = f"left out, since {table.left_out}" if table.left_out else "not there"
        yield f"{name}: {why}; its reports stay empty."
        return
    same = sum(column.state == "same" for column in table.columns)
    yield f"{name}: {same} of {len(table.columns)} columns as needed."
    for state, columns in groupby(sorted(table.columns, key=lambda each: each.state), key=lambda each: each.state):
        if state == "same":
            continue
        for column in columns:
            unreadable = f"; {column.unreadable} values are none and read as unknown" if column.unreadable else ""
            resting = f"; needed by {', '.join(column.pages)}" if column.is_null and column.pages else ""
            yield f"  {_SAID[state].format(column=column)}{unreadable}{resting}"
    yield from (f"  {remark}" for remark in table.remarks)
    if unneeded := [name for name in table.extra if name not in table.demanded]:
        yield f"  not needed: {', '.join(unneeded)}"
    if table.demanded:
        yield f"  not needed, but asked of every row that is added: {', '.join(table.demanded)}"
    if table.admins_need:
        yield f"  its own rights decide on which rows admins act here; to let them act on all: {table.admins_need}"
    yield from (f"  {sentence}" for sentence in _rights(table))


def _rights(table: adoption.TableFinding) -> Iterator[str]:
    """What people will and will not see of the table as it is, before it surprises them on a page."""
    grants = " (--managers-read grants it)" if table.is_secured else ""
    if not table.is_readable:
        yield f"signed-in people may not select from it: reports are refused{grants}"
    elif table.unreadable_columns:
        columns = " and ".join(table.unreadable_columns)
        yield f"{columns} may not be read by signed-in people: reports are refused{grants}"
    if table.members_see == "all" or (table.is_readable and not table.is_secured):
        yield adoption.every_row(table)
    elif not table.is_secured:
        yield "row security is off: once it may be read, everybody sees every row, so --managers-read asks for it first"
    elif table.managers_see == "all":
        theirs = "members none" if table.members_see == "none" else "members those that its own policies show them"
        yield f"managers and admins see every row, {theirs}"
    elif not table.read_policies:
        yield "row security is on without a policy for reading: nobody sees a row (--managers-read adds one)"
    else:
        yield "its own policies decide who sees which rows, managers included (--managers-read lets those see all)"


_SAID = {
    "converted": "{column.name}: {column.found} there, read as {column.needed}",
    "missing": "{column.name}: missing, reads as unknown ({column.needed})",
    "not convertible": "{column.name}: {column.found} there holds values that are no {column.needed}; reads as unknown",
}


def _result(found: adoption.SystemFinding, arguments: argparse.Namespace) -> str:
    if found.obstacles:
        return f"Cannot be adopted: {'; '.join(found.obstacles)}."
    if arguments.dry_run:
        return "Nothing was changed."
    if arguments.move:
        return f"Moved into the schema {found.system}; views stand under the old names."
    return f"The reports of {found.system} read {found.schema} from now on."
