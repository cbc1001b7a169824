"""The parts of the first page."""

from ui.overview.drawing import draw, draw_newest, hidden_questions, newest_backup
from ui.overview.showing import unreadable

__all__ = ["draw", "draw_newest", "hidden_questions", "newest_backup", "unreadable"]
