"""Signed-in browsers: an opaque random cookie, of which the database knows the hash alone.

They live in the real database, whichever one their pages show.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import errors as postgres_errors

from data import audit, database
from data.access import Actor, Dataset, Watcher
from data.errors import NotFound, SignalboxError
from data.identity.bookkeeping import bookkeeping, looked_up
from data.identity.notices import Notice, announce
from data.identity.refusals import Identity, SignInRefused

LIFETIME = timedelta(days=7)  # after this everybody proves again who they are
IDLE_LIMIT = timedelta(hours=12)  # without any page open; an open page counts as use
BORROWED_FOR = timedelta(hours=1)  # how long an admin may see as somebody else before asking again

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def hash_of(token: str) -> str | None:
    """The hash under which a cookie is known; None for what cannot be one of ours, which costs no look-up."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else None


def start(identity: Identity, *, client: str = "", dataset: Dataset = "real") -> str:
    """Sign a browser in and return the token for its cookie, which is kept nowhere else.

    Raises SignInRefused when the account is closed or unknown to this database.
    """
    token = secrets.token_urlsafe(32)
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    try:
        with bookkeeping() as unit:
            unit.run("web_sessions.forget_old")
            unit.run(
                "web_sessions.start",
                token_hash=token_hash,
                user_id=identity.user_id,
                dataset=dataset,
                signed_in_with=identity.signed_in_with,
                lifetime_s=LIFETIME.total_seconds(),
                client=client[:200],
            )
            found = unit.rows("web_sessions.find_people", **_asked([token_hash]))
            if not found:
                raise SignInRefused("This account is closed. Ask an admin of this console.")
            actor = _actor(found[0])
            audit.record(unit, actor, "signed in", identity.signed_in_with)
    except postgres_errors.ForeignKeyViolation:
        raise SignInRefused(
            "You are who you say, but this database does not know you: SUPABASE_URL and DATABASE_URL "
            "belong to different projects. Tell whoever runs this console."
        ) from None
    return token


def look_up(token_hash: str) -> Actor | None:
    """The person behind a signed-in browser, with the role they have now; None when the session is over."""
    return people_behind([token_hash]).get(token_hash)


def people_behind(token_hashes: Collection[str]) -> dict[str, Actor]:
    """The people behind several browsers, by hash; whoever is missing is signed out. Notes that they are in use."""
    if not token_hashes:
        return {}
    found = looked_up("web_sessions.find_people", **_asked(token_hashes))
    if stale := [row["token_hash"] for row in found if row["was_seen_long_ago"]]:
        with bookkeeping() as unit:
            unit.run("web_sessions.mark_seen", token_hashes=stale)
    seen = _seen([(_shown(row), row["seen_id"]) for row in found if row["seen_id"] is not None])
    return {row["token_hash"]: _actor(row, seen.get((_shown(row), row["seen_id"]))) for row in found}


def _shown(row: dict[str, Any]) -> Dataset:
    """The data that the pages of a browser show: the real ones once the demo is gone."""
    shown: Dataset = row["dataset"]
    return shown if shown in database.open_datasets() else "real"


def _seen(wanted: Sequence[tuple[Dataset, UUID]]) -> dict[tuple[Dataset, UUID], dict[str, Any]]:
    """Whose sights are lent to admins, each looked up in the data that is shown."""
    found: dict[tuple[Dataset, UUID], dict[str, Any]] = {}
    for dataset in {dataset for dataset, _ in wanted}:
        user_ids = [user_id for shown, user_id in wanted if shown == dataset]
        try:
            rows = looked_up("web_sessions.find_seen", dataset=dataset, user_ids=user_ids)
        except SignalboxError:
            if dataset == "real":
                raise
            rows = []  # a demo that is being made anew is no reason to lock anybody out
        found |= {(dataset, row["user_id"]): row for row in rows}
    return found


def _asked(token_hashes: Collection[str]) -> dict[str, Any]:
    return {
        "token_hashes": list(token_hashes),
        "idle_s": IDLE_LIMIT.total_seconds(),
        "seen_as_s": BORROWED_FOR.total_seconds(),
    }


def _actor(row: dict[str, Any], seen: dict[str, Any] | None = None) -> Actor:
    here = row["dataset"], row["token_hash"]
    if seen is not None:
        watcher = Watcher(row["user_id"], row["email"], row["seen_until"])
        return Actor(seen["user_id"], seen["email"], seen["role"], *here, seen["client_id"], watcher)
    has_lost_sight = row["seen_id"] is not None
    return Actor(row["user_id"], row["email"], row["role"], *here, row["client_id"], has_lost_sight=has_lost_sight)


def end(token_hash: str, reason: str = "signed out") -> bool:
    """End one session: its pages close at once. Whether it was still going on."""
    with bookkeeping() as unit:
        ended = unit.row("web_sessions.end_one", token_hash=token_hash, reason=reason) is not None
    announce(Notice("ended", session_hash=token_hash))
    return ended


def end_all_of(user_id: UUID, reason: str) -> int:
    """End every session of a person; how many there were."""
    with bookkeeping() as unit:
        ended = unit.run("web_sessions.end_all_of", user_id=user_id, reason=reason)
    announce(Notice("ended", user_id=user_id))
    return ended


def show(actor: Actor, dataset: Dataset) -> None:
    """Turn every page of the actor's browser to the real or to the demo database; open ones load anew."""
    if actor.session_hash is None:
        return
    with bookkeeping() as unit:
        turned = unit.run("web_sessions.show", token_hash=actor.session_hash, dataset=dataset)
    if turned:
        announce(Notice("changed", session_hash=actor.session_hash))


def see_as(actor: Actor, user_id: UUID) -> str:
    """Have every page of the admin's browser show what this person would see, for looking only; their address.

    It ends by itself after BORROWED_FOR, with the role of admin, and where the shown data have no such account any
    more. Raises NotAllowed, NotFound.
    """
    actor.must("see_as_others")
    found = looked_up("web_sessions.find_seen", dataset=actor.dataset, user_ids=[user_id])
    with bookkeeping() as unit:
        if not found or not unit.run("web_sessions.see_as", token_hash=actor.session_hash, user_id=user_id):
            raise NotFound("There is no such account, or it is your own.")
        email = str(found[0]["email"])
        audit.record(unit, actor, "began to see as somebody", email, {"data": actor.dataset})
    announce(Notice("changed", session_hash=actor.session_hash))
    return email


def see_as_oneself(actor: Actor) -> None:
    """Give the admin's browser its own sight back."""
    watcher = actor.watcher
    if watcher is None and not actor.has_lost_sight:
        return
    with bookkeeping() as unit:
        if unit.run("web_sessions.see_as_oneself", token_hash=actor.session_hash):
            themselves = Actor(watcher.user_id, watcher.email, "admin") if watcher else actor
            whom = actor.email if watcher else "a closed account"
            audit.record(unit, themselves, "stopped seeing as somebody", whom, {"data": actor.dataset})
    announce(Notice("changed", session_hash=actor.session_hash))


def leave_demo() -> int:
    """Turn whoever looks at the demo to the real database, because it is gone; how many browsers.

    Their pages load anew once that is noticed.
    """
    with bookkeeping() as unit:
        return unit.run("web_sessions.leave_demo")


def count_live() -> int:
    """How many browsers are signed in now."""
    with bookkeeping() as unit:
        return int(unit.value("web_sessions.count_live", idle_s=IDLE_LIMIT.total_seconds()))
