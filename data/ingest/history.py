"""Where Claude Code keeps the transcripts of this machine."""

from __future__ import annotations

from pathlib import Path

from data.settings import Settings, load


def find_history(settings: Settings | None = None) -> Path | None:
    """The folder of transcripts, if it holds at least one; only names are looked at, nothing is read."""
    configured = (settings or load()).claude_config_dir
    folder = (configured or Path.home() / ".claude") / "projects"
    try:
        found = next((path for path in folder.glob("*/*.jsonl") if path.is_file()), None)
    except OSError:
        return None
    return folder if found else None
