"""The reducers that fold events into states: those of the engine's own aggregates, and those of whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from data.errors import WrongSetting
from signalbox_client.errors import BadArgument
from signalbox_client.events import Reducers
from signalbox_client.projections import ENGINE_REDUCERS

_SETTING = "SIGNALBOX_REDUCERS"

_used = ENGINE_REDUCERS


def used() -> Reducers:
    """Those by which pages fold and snapshots are judged."""
    return _used


def use(modules: Iterable[str]) -> None:
    """Use the reducers of these modules, each in its `reducers`, beside the engine's own.

    Raises WrongSetting for a module that cannot be imported or has none, and for a second reducer of one type.
    """
    global _used  # noqa: PLW0603 - one set per process, as there is one set of databases
    taken = Reducers(ENGINE_REDUCERS)
    for name in modules:
        for reducer in _of(name):
            try:
                taken.add(reducer)
            except BadArgument as error:
                raise WrongSetting(f"{_SETTING}: of {name}, {error.sentence}") from error
    _used = taken


def _of(name: str) -> Reducers:
    try:
        module = import_module(name)
    except Exception as error:  # somebody else's module may raise anything, and the console must say which it was
        raise WrongSetting(
            f"{_SETTING} names {name}, which cannot be imported: {type(error).__name__}: {error}."
        ) from error
    found = getattr(module, "reducers", None)
    if not isinstance(found, Reducers):
        raise WrongSetting(f"{_SETTING} names {name}, which has no `reducers` made with signalbox_client.Reducers.")
    return found
