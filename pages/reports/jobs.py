"""Jobs: what agents were asked to do, what came of it, and what runs for too long."""

from __future__ import annotations

from ui import page

view = page.begin("Jobs")
page.footer(view)
