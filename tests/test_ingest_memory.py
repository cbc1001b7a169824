"""An import needs the same memory whatever the size of the file; the proof does it with a gigabyte."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import embedded
from tests.proofs.prove_ingest_memory import compare_memory


@pytest.mark.parametrize("kind", ["transcript", "array"])
def test_memory_does_not_depend_on_the_size_of_a_file(kind: str, server: embedded.Lease, tmp_path: Path) -> None:
    compare_memory(server, tmp_path, kind, megabytes=40)
