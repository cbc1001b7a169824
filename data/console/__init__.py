"""The running console: what settings are turned into, and whether it is well."""

from data.console.health import Examination, OwnHealth
from data.console.opening import Console, open_as_is, open_console, running

__all__ = ["Console", "Examination", "OwnHealth", "open_as_is", "open_console", "running"]
