"""The log and what follows from it, where one part of it is in the way of the others."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg_pool import ConnectionPool

from signalbox_client import EventStore, NewEvent, Reducer
from signalbox_client.events import Event, ReducerFailed
from signalbox_client.projections import replay


def happened(lead: str = "a", **given: Any) -> NewEvent:
    return NewEvent("LEAD_SCORED", "Lead", lead, emitted_by="test", **given)


def test_a_rebuild_needs_one_connection_and_passes_by_what_is_no_key(database_url: str) -> None:
    store = EventStore(database_url)
    told = {"client_id": "acme", "health_score": 5}
    store.append(NewEvent("CLIENT_HEALTH_ASSESSED", "Client", "acme", told, emitted_by="x"))
    asked = {"approval_type": "refund", "title": "Refund"}
    store.append(NewEvent("HUMAN_APPROVAL_REQUESTED", "HumanApproval", "by hand", asked, emitted_by="x"))
    with ConnectionPool(database_url, min_size=1, max_size=1, timeout=5) as pool:
        assert replay(pool).rebuild("client_health").written == 1
        rebuilt = replay(pool).rebuild("human_approvals")
    assert (rebuilt.written, rebuilt.incomplete) == (0, 1)


def test_a_follower_told_to_stop_before_it_has_begun_stops_at_once(database_url: str) -> None:
    """As when its thread is just about to: a word that is lost would leave it following for ever."""
    store = EventStore(database_url)
    store.append_many([happened(), happened()])
    following = store.subscribe("beginning")
    following.stop()
    assert list(following.follow()) == []
    taken = []
    for event in following.follow():
        taken.append(event.sequence_number)
        if event.sequence_number == 2:
            following.stop()
    assert taken == [1, 2]


def test_an_aggregate_that_cannot_be_folded_keeps_no_other_without_its_snapshot(database_url: str) -> None:
    EventStore(database_url).append_many([happened(lead) for lead in ("a", "b", "c") for _ in range(100)])

    def fold(state: dict[str, Any], event: Event) -> dict[str, Any]:
        if event.aggregate_id == "a":
            raise KeyError("score")
        return state | {"newest": event.sequence_number}

    store = EventStore(database_url, reducers=[Reducer("Lead", fold)])
    with pytest.raises(ReducerFailed, match="of Lead a: KeyError"):
        store.catch_up()
    assert [store.state("Lead", lead).snapshot_sequence for lead in ("b", "c")] == [100, 100]
