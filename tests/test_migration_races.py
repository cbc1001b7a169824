"""Two and more runners at once, as real processes: each file is applied once. A tenth of the proof's rounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import embedded
from tests.proofs.prove_migration_races import ROUNDS, race


@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_every_file_is_applied_once(server: embedded.Lease, tmp_path: Path, seed: int) -> None:
    race(server, tmp_path, seed)
