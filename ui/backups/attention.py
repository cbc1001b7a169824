"""The line about backups on the first page: only when somebody has to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from data import backup
from ui.asking import links
from ui.backups.place import place
from ui.drawing.markup import Markup, join
from ui.view import View
from ui.wording import figures


@dataclass(frozen=True)
class Attention:
    """What the first page says: the words of its first sentence, and the line below with its mark."""

    state: str
    words: str
    line: Markup


def attention(view: View, known: Mapping[str, Any]) -> Attention | None:
    """What is wrong with the backups, by what `overview.read_attention` knows; None when nothing is, and for whom it
    is not told."""
    if not is_told(view):
        return None
    kept, at = place(), known["backup_at"]
    begins = at or known["known_since"]
    due = begins + timedelta(hours=kept.every_hours) if begins else None
    if backup.is_overdue(due, kept.every_hours, view.as_of):
        words = "the backup is overdue" if at else "no backup has been made"
        told = f"the last one is of {figures.moment(at, view.zone, view.as_of)}" if at else "there is none"
        line = join(
            links.go("Backup overdue", "backups"),
            f": {told}; one is due every {figures.with_unit(kept.every_hours, 'h')}",
        )
        return Attention("broken", words, line)
    became = _became(known, Path(kept.directory)) if at else None
    if became in ("gone", "changed"):
        line = join(links.go("The file of the newest backup", "backups"), " is gone or changed")
        return Attention("broken", "the newest backup is lost", line)
    if tried := _tried_since(view, known):
        return tried
    if became in ("elsewhere", "unseen"):
        why = f"it lies on {known['backup_host']}" if became == "elsewhere" else "its folder does not let the console"
        line = join(links.go("The file of the newest backup", "backups"), f" could not be looked at: {why}")
        return Attention("unknown", "the newest backup could not be looked at", line)
    return None


def _tried_since(view: View, known: Mapping[str, Any]) -> Attention | None:
    """What the newest backup came to where none is whole that was made after it."""
    failed, lacking, at = known["backup_failed_at"], known["backup_lacking_at"], known["backup_at"]
    came = [(then, words) for then, words in ((failed, "failed"), (lacking, "is not whole")) if then]
    when, words = max(came, default=(None, ""))
    if when is None or (at and when <= at and known["backup_is_whole"]):
        return None
    words = f"the last backup {words}"
    told = f", at {figures.moment(when, view.zone, view.as_of)}"
    return Attention("attention", words, join(links.go(f"{words[0].upper()}{words[1:]}", "backups"), told))


def is_told(view: View) -> bool:
    """Whether backups are this person's to see: managers and admins, of the real data."""
    return view.actor.can("view_backups") and view.actor.dataset == "real"


def _became(known: Mapping[str, Any], directory: Path) -> backup.FileState:
    name = known["backup_file_name"]
    return backup.file_state(directory, name, known["backup_size_bytes"], known["backup_host"])
