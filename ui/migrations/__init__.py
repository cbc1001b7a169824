"""The parts of the page of migrations."""

from ui.migrations.applying import apply_form, running
from ui.migrations.listing import asked_version, listing, one
from ui.migrations.telling import figures_of, summary

__all__ = ["apply_form", "asked_version", "figures_of", "listing", "one", "running", "summary"]
