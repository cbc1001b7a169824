"""The parts of the first page."""

from ui.overview.drawing import extent, figures, get_ready, is_empty, newest, say_untimed
from ui.overview.showing import unreadable

__all__ = ["extent", "figures", "get_ready", "is_empty", "newest", "say_untimed", "unreadable"]
