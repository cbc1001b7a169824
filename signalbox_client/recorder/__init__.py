"""The batch recorder of Chronicle: sessions, events and their details, written in batches that may be repeated."""

from signalbox_client.recorder.errors import (
    EndCutShort,
    Misplaced,
    NotFlushed,
    RecorderFull,
    RecordsRefused,
    WrongProcess,
)
from signalbox_client.recorder.recorder import Recorder
from signalbox_client.recorder.records import ENDINGS, EVENT_TYPES, SEVERITIES, Record
from signalbox_client.recorder.session import RecordedSession, ToolCall

__all__ = [
    "ENDINGS",
    "EVENT_TYPES",
    "SEVERITIES",
    "EndCutShort",
    "Misplaced",
    "NotFlushed",
    "Record",
    "RecordedSession",
    "Recorder",
    "RecorderFull",
    "RecordsRefused",
    "ToolCall",
    "WrongProcess",
]
