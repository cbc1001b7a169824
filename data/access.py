"""Who may do what: roles, the vocabulary of actions, and the actor that every read and write carries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from data.errors import NotAllowed

Role = Literal["member", "manager", "admin"]
Dataset = Literal["real", "demo"]

ROLES: tuple[Role, ...] = ("member", "manager", "admin")

# An action that is not listed is allowed to nobody. The database enforces the same by policies.
ACTIONS: dict[str, tuple[str, frozenset[Role]]] = {
    "view_reports": ("Opening reports", frozenset({"member", "manager", "admin"})),
    "export_rows": ("Taking rows away as CSV or JSON lines", frozenset(ROLES)),
    "acknowledge_notifications": ("Marking notifications as seen", frozenset(ROLES)),
    "decide_approvals": ("Approving and rejecting what agents wait for", frozenset({"admin"})),
    "view_people": ("Seeing what everybody did", frozenset({"manager", "admin"})),
    "view_backups": ("Seeing how backups went", frozenset({"manager", "admin"})),
    "run_backups": ("Making backups", frozenset({"admin"})),
    "run_migrations": ("Changing the database by migrations", frozenset({"admin"})),
    "operate_database": ("Looking into the database and ending its queries", frozenset({"admin"})),
    "drop_raw_rows": ("Deciding how long events of sessions are kept", frozenset({"admin"})),
    "see_as_others": ("Seeing as somebody else", frozenset({"admin"})),
    "operate_jobs": ("Cancelling and retrying jobs", frozenset({"admin"})),
    "import_logs": ("Importing logs", frozenset({"admin"})),
    "manage_demo": ("Making and removing the demo", frozenset({"admin"})),
    "manage_members": ("Giving and taking roles", frozenset({"admin"})),
}


# What is left to an admin who looks at reports as somebody else would see them.
LOOKING = frozenset({"view_reports", "view_people", "view_backups", "export_rows"})


@dataclass(frozen=True)
class Watcher:
    """The admin behind an actor whose sight they have borrowed until `until` (UTC)."""

    user_id: UUID
    email: str
    until: datetime


@dataclass(frozen=True)
class Actor:
    """A signed-in person, looked up afresh for each request.

    `session_hash` is the hash of the web session that the request came with; None on the command line.
    `watcher` is the admin who looks as this person would, for whom nothing but looking is allowed.
    `has_lost_sight` says that they looked as somebody whose account is closed or not in the shown data.
    `client_id` is the client of the autonomic engine that the account speaks for, as its `app_metadata` says.
    """

    user_id: UUID
    email: str
    role: Role
    dataset: Dataset = "real"
    session_hash: str | None = None
    client_id: str | None = None
    watcher: Watcher | None = None
    has_lost_sight: bool = False

    def can(self, action: str) -> bool:
        """Whether the role of this person includes the action, and nobody but themselves is asking."""
        if self.watcher is not None and action not in LOOKING:
            return False
        return action in ACTIONS and self.role in ACTIONS[action][1]

    def must(self, action: str) -> None:
        """Raise NotAllowed, naming the action and who may, unless the role includes it."""
        if self.can(action):
            return
        if action not in ACTIONS:
            raise NotAllowed(f"Nobody may do “{action}”: no such action exists.")
        doing, roles = ACTIONS[action]
        if self.watcher is not None and action not in LOOKING:
            raise NotAllowed(f"{doing} is closed while you see as {self.email}: this sight is for looking only.")
        allowed = " or ".join(role for role in ROLES if role in roles)
        whose = f"you see as {self.email}, a" if self.watcher is not None else "you are signed in as"
        raise NotAllowed(f"{doing} is for the role {allowed}; {whose} {self.role}.")

    @property
    def signed_in_id(self) -> UUID:
        """Who is really at the browser: the admin, while they see as somebody else."""
        return self.watcher.user_id if self.watcher else self.user_id

    def is_concerned(self, user_id: UUID | None) -> bool:
        """Whether something about this person, or about everybody (None), is about this actor or who looks as them."""
        return user_id in (None, self.user_id, self.signed_in_id)

    @property
    def sees_all(self) -> bool:
        """Managers and admins see the organisation's rows, members their own."""
        return self.role in ("manager", "admin")

    @property
    def sight(self) -> str:
        """What this person may see, as a key: equal keys see equal rows. Every cached read is keyed by it."""
        visible = f"all:{self.role}" if self.sees_all else f"own:{self.user_id}:{self.client_id or ''}"
        # In the demo, roles are those of the demo's database: two people of one role here need not be of one there.
        return f"demo:{self.user_id}:{visible}" if self.dataset == "demo" else f"real:{visible}"
