"""Where the real agent logs lie that the import is compared with, if they are there."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "samples" / "agent-logs"


def samples() -> Path | None:
    """The folder of samples: $SIGNALBOX_SAMPLES, or shared/samples/agent-logs beside the checkout; None without."""
    folder = Path(os.environ.get("SIGNALBOX_SAMPLES") or _BESIDE)
    return folder if (folder / "facts.json").is_file() else None
