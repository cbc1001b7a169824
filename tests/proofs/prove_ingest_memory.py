"""An import needs the same memory whatever the size of the file: a transcript of a gigabyte, an array of 200 megabytes.

`make prove` runs it at full size; the tests with files of some megabytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from data import embedded
from tests.conftest import fresh_database
from tests.ingest_database import value

SMALL_MB = 4
ALLOWED_KIB = 20 * 1024
ROOT = Path(__file__).parent.parent.parent
PROGRAM = r"""
import json, re, resource, sys, time
from pathlib import Path
from data.ingest import ingest

def peak_kib():
    # What the kernel gives as maxrss begins with that of the process that started this one, and would hide ours.
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])

began = time.perf_counter()
report = ingest([sys.argv[2]], sys.argv[1])
print(json.dumps({
    "seconds": time.perf_counter() - began,
    "events": report.counts["events_added"],
    "problems": report.counts["problems"],
    "peak_kib": peak_kib(),
}))
"""


def write_transcript(stream: BinaryIO, size_bytes: int) -> int:
    """Entries as a long-lived session writes them, two thirds of them progress; the number of calls."""
    calls = 0
    written = 0
    while written < size_bytes:
        calls += 1
        session = f"{calls // 5_000:08d}-aaaa-4bbb-8ccc-000000000000"
        second = calls % 86_400
        at = f"2026-03-0{1 + calls // 86_400 % 9}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        base = {"sessionId": session, "cwd": "/home/ada/sea", "version": "2.1.40", "gitBranch": "main"}
        call = {"type": "tool_use", "id": f"toolu_{calls}", "name": "Bash", "input": {"command": f"wave {calls}"}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{calls}", "content": "foam " * 200}
        entries: list[dict[str, Any]] = [
            {**base, "type": "assistant", "uuid": f"a{calls}", "timestamp": f"{at}.000Z"},
            {
                **base,
                "type": "user",
                "uuid": f"u{calls}",
                "timestamp": f"{at}.500Z",
                "toolUseResult": {"stdout": "foam " * 200},
            },
        ]
        entries[0]["message"] = {
            "id": f"m{calls}",
            "model": "claude-opus-4-6",
            "content": [call],
            "usage": {"input_tokens": 1},
        }
        entries[1]["message"] = {"role": "user", "content": [result]}
        entries += [
            {
                **base,
                "type": "progress",
                "uuid": f"p{calls}-{n}",
                "timestamp": f"{at}.200Z",
                "data": {"output": "foam " * 100},
            }
            for n in range(5)
        ]
        for entry in entries:
            written += stream.write(json.dumps(entry).encode() + b"\n")
    return calls


def write_array(stream: BinaryIO, size_bytes: int) -> int:
    """Payloads without ids, many of them alike; their number."""
    count = 0
    written = stream.write(b"[\n")
    while written < size_bytes:
        payload = {
            "session_id": "99999999-aaaa-4bbb-8ccc-000000000000",
            "hook_event_name": "PostToolUse" if count % 2 else "PreToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": f"wave {count // 2 % 10_000}"},
            "tool_response": {"stdout": "foam " * 300},
        }
        written += stream.write((b",\n" if count else b"") + json.dumps(payload, indent=2).encode())
        count += 1
    stream.write(b"\n]\n")
    return count


def imported(url: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


WRITERS: dict[str, Callable[[BinaryIO, int], int]] = {"transcript": write_transcript, "array": write_array}


def compare_memory(server: embedded.Lease, folder: Path, kind: str, megabytes: int) -> None:
    """Import a small file and one of that size, each in a process of its own, and compare what they needed."""
    peaks = [_measure(server, folder / f"{kind}-{size}", kind, size) for size in (SMALL_MB, megabytes)]
    assert peaks[1] - peaks[0] < ALLOWED_KIB, peaks


def _measure(server: embedded.Lease, path: Path, kind: str, megabytes: int) -> int:
    with path.open("wb") as stream:
        count = WRITERS[kind](stream, megabytes * 1024 * 1024)
    size = path.stat().st_size
    with fresh_database(server) as url:
        figures = imported(url, path)
        phases = value(url, "select count(*) from chronicle.tool_events")
    path.unlink()
    print(f"{kind} of {size / 1e6:.0f} MB: {figures}, {size / 1e6 / figures['seconds']:.0f} MB/s, {phases} phases")  # noqa: T201 - the figures of a proof
    assert figures["problems"] == 0
    assert phases == (2 * count if kind == "transcript" else count)
    return int(figures["peak_kib"])


@pytest.mark.parametrize(("kind", "megabytes"), [("transcript", 1024), ("array", 200)])
def test_memory_does_not_depend_on_the_size_of_a_file(
    kind: str, megabytes: int, server: embedded.Lease, tmp_path: Path
) -> None:
    compare_memory(server, tmp_path, kind, megabytes)
