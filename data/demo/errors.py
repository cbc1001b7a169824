"""What can stand in the way of a demo."""

from __future__ import annotations

from data.errors import SignalboxError


class DemoNeedsEmbedded(SignalboxError):
    """The demo lives on the embedded server, and this console runs on DATABASE_URL. Start one without DATABASE_URL."""


class AnotherDemo(SignalboxError):
    """There is a demo already that is not the one asked for. Nothing was changed."""


class DemoBeingMade(SignalboxError):
    """The demo is being made or removed at this moment by another page or command. Try again in a few seconds."""
