"""`python -m data grant ROLE ADDRESS`: gives somebody a role; the way to the first admin."""

from __future__ import annotations

import argparse
from typing import cast

from data import settings
from data.access import ROLES, Role
from data.command.output import emit, note
from data.console import open_console
from data.identity import members


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "grant",
        help="give somebody a role",
        description="Give somebody a role. Their open pages load anew at once; an audit row says who granted what.",
    )
    parser.add_argument("role", choices=ROLES, help="member sees own rows, manager all reports, admin also decides")
    parser.add_argument("address", help="the address of their account, or its id")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it. Raises UnknownPerson, Conflict, DatabaseUnavailable."""
    with open_console(settings.load(), progress=note):
        change = members.grant(None, arguments.address, cast(Role, arguments.role))
    document = {
        "user_id": str(change.user_id),
        "email": change.email,
        "before": change.before,
        "after": change.after,
        "changed": change.before != change.after,
    }
    sentence = (
        f"{change.email} is {change.after} now, was {change.before}."
        if change.before != change.after
        else f"{change.email} was {change.after} already."
    )
    emit(arguments, document, [sentence])
    return 0
