"""An import needs the same memory whatever the size of the file; the proof does it with a gigabyte."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import embedded
from data.ingest.sources.replies import Replies
from data.ingest.staging.rows import Rows
from data.ingest.staging.sessions import SessionFacts
from tests.proofs.prove_ingest_memory import compare_memory


@pytest.mark.parametrize("kind", ["transcript", "array"])
def test_memory_does_not_depend_on_the_size_of_a_file(kind: str, server: embedded.Lease, tmp_path: Path) -> None:
    compare_memory(server, tmp_path, kind, megabytes=40)


def test_replies_do_not_wait_for_the_end_of_a_file() -> None:
    rows = Rows(lambda _: None)
    replies = Replies(rows)
    session = SessionFacts("s", "k")
    for number in range(5_000):
        replies.take(number, {}, {"id": str(number), "usage": {"input_tokens": 1}}, session, None)
    assert rows.count > 4_000
    replies.flush()
    assert rows.count == 5_000
