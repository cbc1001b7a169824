"""Cached reads: the only place that keeps what came from the database.

An answer is kept under its reader, its parameters, what the viewer may see, and the database. It is valid while the
source tables that its queries read have the change versions that they had before it was computed: which tables those
are is known of each named query (`data.sources`), which queries ran is noted while the reader runs. Whatever cannot be
named counts as having read every table. The clock is no part of the key: a reader that depends on now takes the minute
as a parameter. So two people share an answer only where the database would give both the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from data import database, measures, sources
from data.access import Actor
from data.database import notes
from ui import veil
from ui.keeping import Store, as_key
from ui.view import View

P = ParamSpec("P")
R = TypeVar("R")

MAX_BYTES = 200_000_000

# Every answer rests on these: where the tables of a system are, by which definitions they are read, who sees all.
ALWAYS = frozenset({"signalbox.adopted_tables", "signalbox.migration_runs", "signalbox.members"})

_store = Store(MAX_BYTES, before_waiting=database.let_go)


def read(view: View, reader: Callable[Concatenate[Actor, P], R], *args: P.args, **parameters: P.kwargs) -> R:
    """What `reader(actor, **parameters)` gives, computed once per sight and version; each caller has an own copy.

    `reader` is a function of a module of `data`; parameters are named. Raises what the reader raises, uncached.
    """
    name = name_of(reader)
    if args:
        raise TypeError(f"{name}: parameters of a cached read are given by name.")
    measures.cache_read(name)
    key = name, as_key(dict(sorted(parameters.items()))), view.sight, _database_key(view.actor)
    versions = dict(view.versions)

    def compute() -> tuple[R, Collection[str]]:
        measures.cache_filled(name)
        with notes.taken() as ran:
            result = reader(view.actor, **parameters)  # type: ignore[call-arg]  # positional ones were refused
        return result, _rests_on(ran, versions)

    result, rests_on = _kept(key, versions, compute)
    view.rests_on.update(rests_on)
    answer: R = result
    return answer


def drawn(view: View, draw: Callable[Concatenate[View, P], R], *args: P.args, **parameters: P.kwargs) -> R:
    """What `draw(view, **parameters)` gives, drawn once per minute for all who see the same in the same zone.

    `draw` is a function of a module of `ui` that reads through `read` alone and shows nothing by itself: it gives the
    pieces of HTML back. It is drawn anew when a table changes that it has read. Raises what it raises, uncached.
    """
    name = name_of(draw, "ui.")
    if args:
        raise TypeError(f"{name}: parameters of what is drawn are given by name.")
    measures.cache_read(name)
    given = as_key(dict(sorted(parameters.items())))
    key = name, given, view.sight, _database_key(view.actor), str(view.zone), view.minute

    def compute() -> tuple[R, Collection[str]]:
        measures.cache_filled(name)
        beside = replace(view, rests_on=set())
        with database.together(view.actor), veil.beside(beside):
            result = draw(beside, **parameters)  # type: ignore[call-arg]  # positional ones were refused
        return result, beside.rests_on

    result, rests_on = _kept(key, dict(view.versions), compute)
    view.rests_on.update(rests_on)
    answer: R = result
    return answer


def _kept(
    key: Hashable, versions: dict[str, str], compute: Callable[[], tuple[R, Collection[str]]]
) -> tuple[R, Collection[str]]:
    answered = _store.answer(key, versions, compute)
    measures.cache_holds(len(_store), _store.size)
    return answered


def _rests_on(ran: notes.Ran, versions: dict[str, str]) -> Collection[str]:
    """The tables behind what ran; all of them where one of the queries, or what else ran, is not known."""
    known = sources.of_queries(ran.queries) if ran.is_all else None
    if known is None or not known <= versions.keys():
        return versions.keys()
    return known | (ALWAYS & versions.keys())


def name_of(reader: Callable[..., Any], room: str = "data.") -> str:
    """The name a reader is cached under. Raises TypeError for what is no function of a module of the room.

    A closure could carry somebody's rows past the key.
    """
    name = f"{reader.__module__}.{reader.__qualname__}"
    if not name.startswith(room) or "<" in name:
        raise TypeError(f"{name} cannot be cached: readers are plain functions of modules in {room.rstrip('.')}.")
    return name


def _database_key(actor: Actor) -> str:
    """Which database a dataset is at the moment; hashed, because the URL holds a password."""
    return hashlib.sha256(database.database_of(actor.dataset).url.encode()).hexdigest()


def forget() -> None:
    """Drop every answer."""
    _store.clear()
    measures.cache_holds(len(_store), _store.size)
