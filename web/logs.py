"""Logging: one line of JSON for each event, or a plain line where a person watches the terminal."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from datetime import UTC, datetime

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
    "taskName",
}


class JsonLines(logging.Formatter):
    """Time, level, logger and message, then whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _OF_EVERY_RECORD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it."""
        extra = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _OF_EVERY_RECORD)
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        text = f"{at:%H:%M:%S} {record.levelname.lower()}: {record.getMessage()}{' ' + extra if extra else ''}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class OnePlaceForFailures(logging.Filter):
    """Keeps out the traceback that the server prints after a start that failed with a sentence of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.start_failed = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to print it."""
        return not (self.start_failed and record.getMessage().startswith("Traceback"))


failures = OnePlaceForFailures()


def configure() -> None:
    """Set logging up for the server. Requests are not logged: their addresses hold what people look for."""
    form = "plain" if sys.stderr.isatty() else "json"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonLines}, "plain": {"()": PlainLines}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {
                "signalbox": {"level": "INFO"},
                "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
                "uvicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
                "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            },
        }
    )
    logging.getLogger("uvicorn.error").addFilter(failures)
