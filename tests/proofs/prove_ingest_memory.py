"""An import needs the same memory whatever the size of the file: a transcript, and an array of hook payloads.

With SIGNALBOX_PROOFS=full the transcript has one gigabyte and the array 200 megabytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from data import embedded
from tests.ingest_database import fresh_database, value

FULL = os.environ.get("SIGNALBOX_PROOFS") == "full"
SIZES_MB = {"transcript": 1024 if FULL else 48, "array": 200 if FULL else 48}
SMALL_MB = 8
ALLOWED_KIB = 80 * 1024
ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import json, resource, sys, time
from data.ingest import ingest
began = time.perf_counter()
report = ingest([sys.argv[2]], sys.argv[1])
print(json.dumps({
    "seconds": time.perf_counter() - began,
    "events": report.counts["events_added"],
    "problems": report.counts["problems"],
    "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
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


@pytest.mark.parametrize(("kind", "write"), [("transcript", write_transcript), ("array", write_array)])
def test_memory_does_not_depend_on_the_size_of_a_file(
    kind: str, write: Callable[[BinaryIO, int], int], server: embedded.Lease, tmp_path: Path
) -> None:
    peaks = {}
    for megabytes in (SMALL_MB, SIZES_MB[kind]):
        path = tmp_path / f"{kind}-{megabytes}.json"
        with path.open("wb") as stream:
            count = write(stream, megabytes * 1024 * 1024)
        with fresh_database(server) as url:
            figures = imported(url, path)
            phases = value(url, "select count(*) from chronicle.tool_events")
            size = path.stat().st_size
            print(f"{kind} {size / 1e6:.0f} MB: {figures}, {size / 1e6 / figures['seconds']:.0f} MB/s, {phases} phases")  # noqa: T201
        path.unlink()
        assert figures["problems"] == 0
        assert phases == (2 * count if kind == "transcript" else count)
        peaks[megabytes] = figures["peak_kib"]
    assert peaks[SIZES_MB[kind]] - peaks[SMALL_MB] < ALLOWED_KIB, peaks
