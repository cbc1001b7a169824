"""Keys that come from what a record says, so that the same record has the same key in every import."""

from __future__ import annotations

from hashlib import blake2b

_SEPARATOR = "\x1f"


def key_of(*parts: str) -> str:
    """A uuid (version 8, as 32 hexadecimal digits) made of the parts; equal parts, equal uuid."""
    joined = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return _uuid(blake2b(joined, digest_size=16).hexdigest())


def key_of_content(name: str, content: bytes) -> str:
    """A uuid made of a name and of bytes, a canonical payload for instance."""
    hashed = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16)
    hashed.update(b"\x1f")
    hashed.update(content)
    return _uuid(hashed.hexdigest())


def phase_key(call_key: str, phase: str) -> str:
    """The key of one phase of a call: the call's own with its last digit 0 for pre, 1 for post."""
    return call_key[:-1] + ("0" if phase == "pre" else "1")


class CallKeys:
    """The keys of a tool call that has an id: those of its events are the same whatever source tells them."""

    __slots__ = ("_event", "_record", "call")

    def __init__(self, source: str, session_id: str, use_id: str) -> None:
        self._event = key_of("tool", use_id)
        self._record = key_of(source, session_id, use_id)
        self.call = self._event[:-1] + "2"

    def event(self, phase: str) -> str:
        """The key of the event of one phase."""
        return phase_key(self._event, phase)

    def record(self, phase: str) -> str:
        """The key of the record by which this source tells of that phase."""
        return phase_key(self._record, phase)


def _uuid(digits: str) -> str:
    return f"{digits[:12]}8{digits[13:16]}a{digits[17:]}"
