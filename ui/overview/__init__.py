"""The parts of the first page."""

from ui.overview.happenings import gather
from ui.overview.showing import needs_you, newest, trends, unreadable
from ui.overview.telling import figures_of, summary

__all__ = ["figures_of", "gather", "needs_you", "newest", "summary", "trends", "unreadable"]
