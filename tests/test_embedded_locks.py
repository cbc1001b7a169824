"""Locks that say who lives: those who look at one at the same time do not take each other for its holder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from data.embedded import locks


@pytest.mark.parametrize("look", [locks.wait_for_end, locks.is_held])
def test_who_looks_at_a_lock_is_not_its_holder(
    look: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lease"
    descriptor = locks.open_file(path, (os.geteuid(), os.getegid()))
    seen_meanwhile: list[bool] = []
    close = os.close

    def close_later(looking: int) -> None:  # the moment before one who looked lets go of what they looked at
        monkeypatch.setattr(os, "close", close)
        seen_meanwhile.append(locks.is_held(path))
        close(looking)

    monkeypatch.setattr(os, "close", close_later)
    look(path)
    assert seen_meanwhile == [False]
    assert locks.try_lock(descriptor)
    assert locks.is_held(path)
    close(descriptor)
