"""The made-up logs under tests/fixtures/agent_logs, and where in them things stand."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "fixtures" / "agent_logs"

LIGHTHOUSE = FOLDER / "projects" / "lighthouse" / "11111111-aaaa-4bbb-8ccc-000000000001.jsonl"
LIGHTHOUSE_AGENT = LIGHTHOUSE.with_suffix("") / "subagents" / "agent-abc1234.jsonl"
LIGHTHOUSE_SESSION = "11111111-aaaa-4bbb-8ccc-000000000001"

ODD_LINES = FOLDER / "odd-lines.jsonl"  # everything that a line can have wrong with it
ODD_SESSIONS = ("22222222-aaaa-4bbb-8ccc-000000000002", "33333333-aaaa-4bbb-8ccc-000000000003")

GULLS = FOLDER / "gulls"  # one session, told by a transcript of version 1, by hooks without ids and by status lines
GULLS_SESSION = "44444444-aaaa-4bbb-8ccc-000000000004"

HARBOUR = FOLDER / "harbour-stream.log"  # hooks of later versions, with ids, as a stream
HARBOUR_SESSION = "55555555-aaaa-4bbb-8ccc-000000000005"

REEF = FOLDER / "reef-chronicle.json"  # events as Chronicle keeps them, pretty printed and in no array
REEF_SESSION = "66666666-aaaa-4bbb-8ccc-000000000006"

ITEMS = FOLDER / "items.jsonl"

CHECKPOINTS = FOLDER / "checkpoints.jsonl"  # two sessions of one commit, and one that names neither agent nor session
