"""`python -m data.sources`: writes down anew which source tables each named query reads, and which pages rest on each
column."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from data import embedded, migration, settings
from data.command.output import note
from data.migration.connection import connected
from data.sources.columns import find_pages
from data.sources.finding import find_sources
from data.sources.known import COLUMNS_FILE, FILE


def written(found: Mapping[str, list[str] | str] | Mapping[str, list[str]]) -> str:
    """What was found as the text of a file: one line per query or column."""
    lines = (f"{json.dumps(name)}: {json.dumps(tables)}" for name, tables in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Find out on the embedded server, in a database made for it."""
    given = settings.load()
    scratch = f"signalbox_sources_{os.getpid()}"
    with embedded.lease(given.home, given.postgres_binaries, given.embedded_port) as lease:
        lease.ensure_database(scratch)
        try:
            migration.up(lease.url(scratch), migration.FOLDER, lambda _: None)
            with connected(lease.url(scratch)) as connection:
                texts = {FILE: written(find_sources(connection)), COLUMNS_FILE: written(find_pages(connection))}
        finally:
            lease.drop_database(scratch)
    for file, text in texts.items():
        is_current = file.is_file() and file.read_text(encoding="utf-8") == text
        file.write_text(text, encoding="utf-8")
        note(f"{file.name} {'was current' if is_current else 'is written anew'}.")


if __name__ == "__main__":
    main()
