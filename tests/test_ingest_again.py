"""A second import, grown files and another order of files end where one import of everything does."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import snapshot, value
from tests.ingest_fixtures import FOLDER
from tests.proofs.prove_ingest_orders import ROUNDS, import_in_any_order, import_while_growing


@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_the_order_of_imports_makes_no_difference(seed: int, server: embedded.Lease) -> None:
    import_in_any_order(server, seed)


def test_a_second_import_changes_nothing(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        first = ingest([FOLDER], url)
        before = snapshot(url)
        marks = value(url, "select count(*) from signalbox.change_log where source not in (12, 13)")
        second = ingest([FOLDER], url)
        assert snapshot(url) == before
        assert value(url, "select count(*) from signalbox.change_log where source not in (12, 13)") == marks
    assert second.counts["events_added"] == 0
    assert not any(file.added for file in second.files)
    read = sum(file.read.total() for file in first.files)
    assert second.counts["known_records"] == read
    assert f"({read:,} events were known, " in second.sentence


@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_growing_files_end_where_whole_files_do(seed: int, server: embedded.Lease, tmp_path: Path) -> None:
    import_while_growing(server, tmp_path, seed)
