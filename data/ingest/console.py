"""An import started by a person in the console: permission, and progress in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from data.access import Actor
from data.database import database_of
from data.ingest.importing import Progress, ingest
from data.ingest.report import Report
from data.wording import plural


def import_paths(
    actor: Actor,
    paths: Sequence[Path],
    *,
    owner: str | None = None,
    progress: Callable[[str], None] | None = None,
    price_table: Path | None = None,
) -> Report:
    """Import files and folders of this machine into the database the actor looks at. `progress` gets sentences.

    Raises NotAllowed, NotFound (no account with the address `owner`), Conflict (several), DatabaseUnavailable,
    WrongSetting.
    """
    actor.must("import_logs")
    say = progress

    def tell(state: Progress) -> None:
        if say:
            say(progress_sentence(state))

    return ingest(paths, database_of(actor.dataset).url, owner, tell, price_table, actor)


def progress_sentence(state: Progress) -> str:
    """How far an import is, for people."""
    share = 100 * state.bytes_done // state.bytes if state.bytes else 100
    return f"{state.files_done:,} of {plural(state.files, 'file')}, {share} %"
