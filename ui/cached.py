"""Cached reads: the only place that caches what came from the database.

A read is kept under its reader, its parameters, what the viewer may see, and the change versions of the tables.
The clock is no part of the key: a reader that depends on now takes the minute as a parameter. So two people share an
entry only where the database would give both the same rows, and a figure is never older than the tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from data import database, measures
from data.access import Actor
from ui.view import View

P = ParamSpec("P")
R = TypeVar("R")

MAX_ENTRIES = 1000
MAX_SIZE = "200MB"


def read(view: View, reader: Callable[Concatenate[Actor, P], R], *args: P.args, **parameters: P.kwargs) -> R:
    """What `reader(actor, **parameters)` gives, computed once per sight and version; each caller has an own copy.

    `reader` is a function of a module of `data`; parameters are named. Raises what the reader raises, uncached.
    """
    name = name_of(reader)
    if args:
        raise TypeError(f"{name}: parameters of a cached read are given by name.")
    measures.cache_read(name)
    result: R = _filled(
        name,
        tuple(sorted(parameters.items())),
        view.actor.sight,
        _database_key(view.actor),
        view.versions,
        _reader=reader,
        _actor=view.actor,
    )
    return result


def name_of(reader: Callable[..., Any]) -> str:
    """The name a reader is cached under. Raises TypeError for what is no function of a module of `data`.

    A closure could carry somebody's rows past the key.
    """
    name = f"{reader.__module__}.{reader.__qualname__}"
    if not name.startswith("data.") or "<" in name:
        raise TypeError(f"{name} cannot be cached: readers are plain functions of modules in data.")
    return name


@st.cache_data(max_entries=MAX_ENTRIES, max_size=MAX_SIZE, show_spinner=False)
def _filled(
    name: str,
    parameters: tuple[tuple[str, Any], ...],
    sight: str,
    database_key: str,
    versions: tuple[tuple[str, str], ...],
    *,
    _reader: Callable[..., Any],
    _actor: Actor,
) -> Any:
    measures.cache_filled(name)
    return _reader(_actor, **dict(parameters))


def _database_key(actor: Actor) -> str:
    """Which database a dataset is at the moment; hashed, because the URL holds a password."""
    return hashlib.sha256(database.database_of(actor.dataset).url.encode()).hexdigest()


def forget() -> None:
    """Drop every entry; for tests."""
    _filled.clear()
