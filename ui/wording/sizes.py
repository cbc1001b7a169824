"""How sizes on disk are written. Pure."""

from __future__ import annotations

from ui.wording.figures import NONE_RECORDED, with_unit

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def size(number_of_bytes: float | None) -> str:
    """A size: 12.3 MB, 480 kB, 950 bytes; powers of ten, as disks are sold."""
    if number_of_bytes is None:
        return NONE_RECORDED
    for factor, unit in _UNITS:
        if number_of_bytes >= factor:
            written = f"{number_of_bytes / factor:.3g}" if number_of_bytes < 999.5 * factor else "1,000"
            return with_unit(written, unit)
    return with_unit(round(number_of_bytes), "bytes")
