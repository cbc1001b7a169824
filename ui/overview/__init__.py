"""The parts of the first page."""

from ui.overview.drawing import draw, draw_newest, newest_backup
from ui.overview.showing import unreadable

__all__ = ["draw", "draw_newest", "newest_backup", "unreadable"]
