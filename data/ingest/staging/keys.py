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
    """The key under which one phase of a call pairs: the call's own with its last digit 0 for pre, 1 for post."""
    return call_key[:-1] + ("0" if phase == "pre" else "1")


def _uuid(digits: str) -> str:
    return f"{digits[:12]}8{digits[13:16]}a{digits[17:]}"
