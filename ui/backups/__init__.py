"""The parts of the page of backups."""

from ui.backups.acting import act
from ui.backups.attention import attention, is_told
from ui.backups.listing import history
from ui.backups.place import Place, place
from ui.backups.pruning import prune
from ui.backups.telling import about, figures_of, no_demo, summary

__all__ = [
    "Place",
    "about",
    "act",
    "attention",
    "figures_of",
    "history",
    "is_told",
    "no_demo",
    "place",
    "prune",
    "summary",
]
