"""What a process has used, as Linux tells it: processor time and memory."""

from __future__ import annotations

import os
import re
from pathlib import Path


def cpu_ms(process_id: int) -> float:
    """Processor time of a process and its threads so far, in milliseconds; in steps of ten."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_mb(process_id: int) -> float:
    """Memory of a process in MB, what it shares with others counted in parts."""
    told = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB$", told, re.MULTILINE)
    assert found, "the kernel tells no proportional memory"
    return int(found[1]) * 1024 / 1e6
