"""Why somebody was not let in. Read by people who are not signed in, the sentences tell nothing about others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from data.errors import DatabaseUnavailable, SignalboxError


@dataclass(frozen=True)
class Identity:
    """Somebody who has just proved who they are, and by which means."""

    user_id: UUID
    email: str
    signed_in_with: str


class SignInRefused(SignalboxError):
    """The address or the password is not right."""


class SignInUnavailable(SignalboxError):
    """Nobody can be signed in at the moment. Try again in a minute."""


class UnknownPerson(SignalboxError):
    """Nobody has an account under that address. People appear here once they have signed up."""


class NotMigrated(DatabaseUnavailable):
    """This database lacks the console's tables. Run `python -m data migrate up`, then load the page again."""
