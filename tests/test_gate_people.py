"""Looking people up without asking the database for every part of a page."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID, uuid4

import pytest

from data.access import Actor
from data.errors import DatabaseUnavailable
from data.identity.notices import Notice
from tests import own_loop
from web.gate.connections import PERSON_CHANGED, SERVER_STOPS, SESSION_ENDED, Connections
from web.gate.people import REMEMBERED_S, People


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Book:
    """Look-ups, counted; they may be held up."""

    def __init__(self, *actors: Actor) -> None:
        self.actors = {actor.session_hash: actor for actor in actors}
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, session_hash: str) -> Actor | None:
        self.asked.append(session_hash)
        self.may_answer.wait(10)
        return self.actors.get(session_hash)


def someone(session_hash: str, user_id: UUID | None = None) -> Actor:
    return Actor(user_id or uuid4(), "someone@example.com", "member", "real", session_hash)


ANN = someone("a")


def test_the_parts_of_a_page_share_one_look_up() -> None:
    book = Book(ANN)
    book.may_answer.clear()

    async def load() -> list[Actor | None]:
        people = People(book)
        parts = [asyncio.ensure_future(people.find("a", fresh=False)) for _ in range(50)]
        await asyncio.sleep(0.05)
        book.may_answer.set()
        return await asyncio.gather(*parts)

    assert own_loop.run(load()) == [ANN] * 50
    assert book.asked == ["a"]


def test_what_is_known_is_believed_for_seconds_and_never_by_what_shows_data() -> None:
    book, clock = Book(ANN), Clock()

    async def ask() -> None:
        people = People(book, clock=clock)
        await people.find("a", fresh=False)
        await people.find("a", fresh=False)
        assert len(book.asked) == 1
        await people.find("a", fresh=True)
        assert len(book.asked) == 2
        book.actors.clear()
        clock.now += REMEMBERED_S + 0.1
        assert await people.find("a", fresh=False) is None

    own_loop.run(ask())


def test_nobody_is_not_remembered() -> None:
    book = Book()

    async def ask() -> None:
        people = People(book)
        assert await people.find("a", fresh=False) is None
        book.actors["a"] = ANN
        assert await people.find("a", fresh=False) == ANN

    own_loop.run(ask())


@pytest.mark.parametrize("notice", [Notice("ended", session_hash="a"), Notice("changed", user_id=ANN.user_id)])
def test_a_notice_is_stronger_than_what_is_known_or_under_way(notice: Notice) -> None:
    book = Book(ANN)

    async def ask() -> None:
        people = People(book)
        await people.find("a", fresh=False)
        people.forget(notice)
        book.may_answer.clear()
        slow = asyncio.ensure_future(people.find("a", fresh=False))
        await asyncio.sleep(0.05)
        people.forget(notice)
        book.may_answer.set()
        await slow
        book.actors.clear()
        assert await people.find("a", fresh=False) is None

    own_loop.run(ask())


def test_a_look_up_that_fails_lets_nobody_in_and_is_tried_again() -> None:
    book = Book(ANN)

    async def ask() -> None:
        def fail(session_hash: str) -> Actor | None:
            raise DatabaseUnavailable

        people = People(fail)
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await people.find("a", fresh=False)
        people = People(book)
        assert await people.find("a", fresh=False) == ANN

    own_loop.run(ask())


def test_connections_end_for_the_reason_they_are_told() -> None:
    async def end() -> None:
        connections = Connections()
        bob, bobs_other = someone("b"), someone("c")
        other = Actor(bob.user_id, bob.email, "member", "real", "c")
        with (
            connections.opened(ANN, "page") as anns,
            connections.opened(bob, "page") as bobs,
            connections.opened(other, "stream") as others,
            connections.opened(bobs_other, "page") as strangers,
        ):
            assert (connections.count("page"), connections.count("stream")) == (3, 1)
            connections.hear(Notice("ended", session_hash="a"))
            connections.hear(Notice("changed", user_id=bob.user_id))
            assert (anns.ended.is_set(), anns.code) == (True, SESSION_ENDED)
            assert (bobs.ended.is_set(), bobs.code) == (True, PERSON_CHANGED)
            assert others.ended.is_set()
            assert not strangers.ended.is_set()
            connections.end_all()
            assert (strangers.code, anns.code) == (SERVER_STOPS, SESSION_ENDED)
            with connections.opened(ANN, "page") as late:
                assert late.code == SERVER_STOPS
        assert connections.session_hashes() == set()

    own_loop.run(end())


def test_a_comparison_finds_who_left_and_who_changed() -> None:
    async def compare() -> None:
        connections = Connections()
        with connections.opened(ANN, "page") as anns, connections.opened(someone("b"), "page") as bobs:
            connections.compare("a", ANN)
            assert not anns.ended.is_set()
            connections.compare("a", Actor(ANN.user_id, ANN.email, "admin", "real", "a"))
            assert anns.code == PERSON_CHANGED
            connections.compare("b", None)
            assert bobs.code == SESSION_ENDED
            assert bobs.ended.is_set()

    own_loop.run(compare())
