"""Approvals: what agents wait for, one question with its context, and what became of earlier ones."""

from __future__ import annotations

from ui import page

view = page.begin("Approvals", needs="decide_approvals")
page.footer(view)
