"""`python -m data.sources`: writes down anew which source tables each named query reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from data import embedded, migration, settings
from data.command.output import note
from data.migration.connection import connected
from data.sources.finding import find_sources
from data.sources.known import FILE


def written(found: Mapping[str, list[str] | str]) -> str:
    """What was found as the text of the file: one line per query."""
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
                text = written(find_sources(connection))
        finally:
            lease.drop_database(scratch)
    is_current = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
    FILE.write_text(text, encoding="utf-8")
    note(f"{FILE.name} {'was current' if is_current else 'is written anew'}.")


if __name__ == "__main__":
    main()
