"""The three accounts of the embedded server: the same people in the real and in the demo database.

Their passwords are generated, and kept in one file that only its owner may read. They stand there as they are,
because the person at this machine has to be able to read them; a hash beside them would protect nothing.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from data import database
from data.access import Dataset, Role
from data.errors import WrongSetting
from data.identity.refusals import Identity, SignInRefused

_NAMESPACE = UUID("6f1c1f3e-52c6-5f0e-9a57-5d2f6b0e7a11")
FILE_NAME = "demo-accounts.json"


@dataclass(frozen=True)
class DemoAccount:
    """One account; `description` says what it may do, in the words of the sign-in page.

    `client_id` is the client of the engine that it speaks for, one of those of the demo.
    """

    role: Role
    name: str
    description: str
    client_id: str | None = None

    @property
    def email(self) -> str:
        """Its address, under a domain that can never exist."""
        return f"{self.role}@demo.invalid"

    @property
    def user_id(self) -> UUID:
        """Its id, the same on every machine."""
        return uuid5(_NAMESPACE, self.role)

    @property
    def identity(self) -> Identity:
        """Somebody signed in as this account."""
        return Identity(self.user_id, self.email, "demo account")


ACCOUNTS: tuple[DemoAccount, ...] = (
    DemoAccount("manager", "Mara Lindqvist", "Browses every report and takes CSVs away."),
    DemoAccount("admin", "Ada Moreau", "Also decides what agents wait for, and operates jobs and imports."),
    DemoAccount("member", "Max Oduya", "Sees own sessions, and what concerns one client.", "hofmann-sohne"),
)


def add_to(dataset: Dataset) -> None:
    """Put the accounts into a database of the embedded server, with their clients, where these are missing.

    Whose client an account speaks for is looked up where it signed in, so the real database has to know it as well.
    """
    with database.operating(dataset) as unit:
        for account in ACCOUNTS:
            unit.run("demo_accounts.add_account", user_id=account.user_id, email=account.email)
            if account.client_id:
                unit.run("demo_accounts.add_client", user_id=account.user_id, client_id=account.client_id)
            if account.role != "member":
                unit.run("demo_accounts.add_role", user_id=account.user_id, role=account.role)


def of_role(role: Role) -> Identity:
    """Somebody signed in as the account of this role, for one-click sign-in; the caller has made sure of the place."""
    return next(account.identity for account in ACCOUNTS if account.role == role)


def check(home: Path, email: str, password: str) -> Identity:
    """Who an address and a password belong to. Raises SignInRefused, which does not say which of them was wrong."""
    known = passwords(home)
    wanted = known.get(email.strip().lower(), secrets.token_urlsafe(18))
    is_right = hmac.compare_digest(password.encode(), wanted.encode())
    for account in ACCOUNTS:
        if is_right and account.email == email.strip().lower():
            return account.identity
    raise SignInRefused


def passwords(home: Path) -> dict[str, str]:
    """The passwords by address, made on first use. Raises WrongSetting when the file cannot be read or written."""
    path = home / FILE_NAME
    try:
        if not path.exists():
            _write_once(path)
        return {str(email): str(password) for email, password in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise WrongSetting(
            f"The passwords of the demo accounts cannot be read from {path} ({error}). "
            "Remove the file to have new ones made."
        ) from error


def _write_once(path: Path) -> None:
    """Several processes may start at once: whoever links its file first wins, and the others read that one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    made = {account.email: secrets.token_urlsafe(18) for account in ACCOUNTS}
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(made, file, indent=2)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
