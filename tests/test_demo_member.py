"""The member of the demo speaks for a client of the engine, wherever the account is known."""

from __future__ import annotations

import psycopg
from psycopg.rows import DictRow

from data.access import Actor
from data.identity import demo_accounts, web_sessions

Owner = psycopg.Connection[DictRow]


def test_a_demo_account_speaks_for_its_client_unless_it_was_given_another(
    people: dict[str, Actor], owner: Owner
) -> None:
    clients = {account.role: account.client_id for account in demo_accounts.ACCOUNTS}
    member = next(account for account in demo_accounts.ACCOUNTS if account.role == "member")

    def stored() -> dict[str, str | None]:
        found = owner.execute("select id, raw_app_meta_data ->> 'client_id' as client_id from auth.users").fetchall()
        held = {row["id"]: row["client_id"] for row in found}
        return {account.role: held[account.user_id] for account in demo_accounts.ACCOUNTS}

    owner.execute(  # as an earlier version left it
        "insert into auth.users (id, email) values (%s, %s)", (member.user_id, member.email)
    )
    demo_accounts.add_to("real")
    assert stored() == clients
    signed_in = web_sessions.hash_of(web_sessions.start(member.identity))
    assert signed_in is not None
    actor = web_sessions.look_up(signed_in)
    assert actor is not None
    assert actor.client_id == member.client_id
    owner.execute(
        """update auth.users set raw_app_meta_data = '{"client_id": "other"}' where id = %s""", (member.user_id,)
    )
    demo_accounts.add_to("real")
    assert stored()["member"] == "other"
