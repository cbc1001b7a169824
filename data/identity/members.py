"""Roles: who is a member, a manager, an admin. Whoever has an account and no role is a member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from data import audit, database
from data.access import Actor, Role
from data.arguments import checked
from data.errors import Conflict, WrongUse
from data.identity.bookkeeping import bookkeeping
from data.identity.notices import Notice, announce
from data.identity.refusals import UnknownPerson

SHOWN_PEOPLE = 50


@dataclass(frozen=True)
class RoleChange:
    """The receipt of a grant: who it was, what they were and what they are."""

    user_id: UUID
    email: str
    before: Role
    after: Role


@checked()
def grant(actor: Actor | None, address: str, role: Role) -> RoleChange:
    """Give the person with this address (or user id) a role; their open pages load anew.

    `actor` is None for the operator at the command line, who holds the database's password anyway.
    Raises WrongArgument, WrongUse, NotAllowed, UnknownPerson, Conflict when an address is not unique or nobody would be
    admin any more.
    """
    if actor is not None:
        actor.must("manage_members")
    if not address.strip():
        raise WrongUse("The address is empty. Name the account by its address or its id; nothing was changed.")
    with bookkeeping() as unit:
        change = _change(unit, address, role)
        if change.before == "admin" and role != "admin" and not _others_are_admins(unit, change.user_id):
            raise Conflict(f"{change.email} is the only admin. Make somebody else admin first.")
        unit.run(
            "members.grant_role",
            user_id=change.user_id,
            role=role,
            granted_by=actor.user_id if actor else None,
        )
        audit.record(unit, actor, "granted a role", change.email, {"before": change.before, "after": role})
    if change.before != change.after:
        announce(Notice("changed", user_id=change.user_id))
    return change


@checked()
def list_people(actor: Actor, search: str) -> tuple[list[dict[str, Any]], int]:
    """The people of the shown data whose address contains `search`, at most SHOWN_PEOPLE of them, and how many there
    are.

    Each has user_id, email and role. Raises NotAllowed.
    """
    actor.must("see_as_others")
    with bookkeeping(actor.dataset) as unit:
        rows = unit.rows("members.list_people", search=search, limit=SHOWN_PEOPLE)
    return [{name: row[name] for name in ("user_id", "email", "role")} for row in rows], rows[0]["total"] if rows else 0


def _change(unit: database.Unit, address: str, role: Role) -> RoleChange:
    people = unit.rows("members.find_people", address=address.strip())
    if not people:
        raise UnknownPerson(f"Nobody has an account under {address}. They sign up first, then they get a role.")
    if len(people) > 1:
        ids = ", ".join(str(person["user_id"]) for person in people)
        raise Conflict(f"{len(people)} accounts share the address {address}. Name one by its id: {ids}.")
    return RoleChange(people[0]["user_id"], people[0]["email"], people[0]["role"], role)


def _others_are_admins(unit: database.Unit, user_id: UUID) -> bool:
    return int(unit.value("members.count_admins", user_id=user_id)) > 0
