"""The people of the demo: the three accounts that one can sign in as, their colleagues, and the nightly runs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from data.access import Role
from data.identity.demo_accounts import ACCOUNTS

_NAMESPACE = UUID("0b7d4f0e-6b0a-5b53-9b52-8f3f8d0b8c1d")


@dataclass(frozen=True)
class Person:
    """Who owns sessions and jobs. `weight` is the share of the work; `offset_hours` the distance to UTC.

    `user_id` is None for runs that belong to nobody; these happen at night. `client_id` is the client of the engine
    that the account speaks for.
    """

    name: str
    email: str
    user_id: UUID | None
    role: Role
    weight: float
    offset_hours: int = 1
    client_id: str | None = None

    @property
    def is_nightly(self) -> bool:
        """Whether these are the unattended runs."""
        return self.user_id is None


def _account(role: Role, weight: float) -> Person:
    account = next(account for account in ACCOUNTS if account.role == role)
    return Person(account.name, account.email, account.user_id, role, weight, client_id=account.client_id)


def _colleague(name: str, weight: float, offset_hours: int = 1, role: Role = "member") -> Person:
    address = f"{name.lower().replace(' ', '.')}@demo.invalid"
    return Person(name, address, uuid5(_NAMESPACE, address), role, weight, offset_hours)


PEOPLE: tuple[Person, ...] = (
    _account("member", 0.16),
    _account("admin", 0.04),
    _account("manager", 0.01),
    _colleague("Jonas Ekdahl", 0.13),
    _colleague("Priya Raman", 0.13, 5),
    _colleague("Tomasz Zielinski", 0.11),
    _colleague("Grace Whitfield", 0.11, -5),
    _colleague("Samir Haddad", 0.08, 2),
    _colleague("Lea Brunner", 0.07),
    _colleague("Daniel Okafor", 0.06),
    _colleague("Yuki Tanabe", 0.04, 9),
    _colleague("Carla Mendes", 0.03, -3, "admin"),
    Person("Nightly runs", "", None, "member", 0.03, 0),
)
DECIDERS: tuple[Person, ...] = tuple(person for person in PEOPLE if person.role == "admin")
