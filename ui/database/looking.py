"""What was looked at, or why it could not be: a part that is missing is told as missing and never looks well."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from data.access import Actor
from data.errors import SignalboxError, TookTooLong
from ui.view import View

log = logging.getLogger("signalbox.pages")

T = TypeVar("T")


@dataclass(frozen=True)
class Looked(Generic[T]):
    """What was found, or the sentence why nothing was."""

    subject: str
    found: T | None
    why_not: str | None = None


def looked(view: View, subject: str, reader: Callable[[Actor], T]) -> Looked[T]:
    """What a reader finds for the viewer; an error becomes the sentence why nothing was found."""
    try:
        return Looked(subject, reader(view.actor))
    except TookTooLong:
        return Looked(subject, None, "that took longer than a page may. Try again when the server is less busy.")
    except SignalboxError as error:
        return Looked(subject, None, error.sentence)
    except Exception:
        log.exception("looking failed", extra={"page": view.page.url_path, "panel": subject})
        return Looked(subject, None, "the log of the console says why.")
