"""What cannot be done on a page, since an adopted table has no column for it: said in place of the button."""

from __future__ import annotations

from data import adoption
from ui import page
from ui.view import View


def is_possible(view: View, deed: adoption.Deed) -> bool:
    """Whether this can be done to rows of its table; where it cannot, the page says why."""
    why = adoption.impossible(deed, view.absent.get(deed.table, ()))
    if why:
        page.note(f"{why}.")
    return not why
