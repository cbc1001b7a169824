"""Migrations: what is applied and pending in the shown database, one of them, and applying what is pending."""

from __future__ import annotations

from data.operations import migrations as reports
from ui import acts, migrations, page
from ui.drawing import cards
from ui.view import View


def show_one(view: View, version: str) -> None:
    """One migration with its statements."""
    with page.panel(view, "the migration"):
        migrations.one(view, reports.read_one(view.actor, version))


def show_all(view: View) -> None:
    """Where the database stands, what can be applied, and every migration."""
    with page.panel(view, "the state of the migrations"):
        run = reports.last_run(view.actor)
        found = reports.look(view.actor)
        migrations.summary(view, found, run)
        cards.cards(migrations.figures_of(view, found))
        migrations.running(view, run)
        # After what may run the page anew, which would lose the receipt.
        acts.show_outcome(has_failed=run is not None and run.error is not None)
        migrations.apply_form(view, found, run)
        state, listed = migrations.listing(view, found)
        page.footer(view, report="migrations", filters={"state": state}, rows=listed, noun="migration")


view = page.begin("Migrations", needs="run_migrations")
if (asked_version := migrations.asked_version()) is not None:
    show_one(view, asked_version)
    page.footer(view)
else:
    show_all(view)
