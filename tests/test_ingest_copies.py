"""A session that began as a copy of another: what both hold is the original's, whatever their ids are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot
from tests.ingest_records import answered, called, entry, hook, reply, typed, write

Entries = list[dict[str, Any]]
LOW, MIDDLE, HIGH = (f"{digit * 8}-aaaa-4bbb-8ccc-00000000000{digit}" for digit in "159")
OPUS = "claude-opus-4-6"
HELD = """
    select s.session_id as name,
        (select count(*) from chronicle.tool_events as t where t.session_id = s.id) as phases,
        (select count(*) from chronicle.prompt_events as p where p.session_id = s.id) as prompts,
        (select count(*) from chronicle.lifecycle_events as l
            where l.session_id = s.id and l.lifecycle_type = 'PreCompact') as compactions,
        (select count(*) from signalbox.model_replies as r where r.session_id = s.id) as replies,
        (select count(*) from engine.human_approvals as h where h.session_id = s.id) as approvals,
        (select count(*) from engine.sop_executions as x where x.session_id = s.id) as runs,
        (select count(*) from chronicle.events as e
            where e.session_id = s.id and e.data ->> 'sessionId' <> s.session_id) as misnamed
    from chronicle.sessions as s order by 1
"""


def part(begin: int) -> Entries:
    """What is typed, asked, called and replied from this second on; it takes eight seconds."""
    return [
        typed(begin, f"prompt {begin}"),
        reply(begin + 1, f"msg_{begin}", OPUS, input_tokens=10, output_tokens=begin + 1),
        called(begin + 2, f"toolu_{begin}_plan", "ExitPlanMode", {"plan": "count"}),
        answered(begin + 3, f"toolu_{begin}_plan", "User has approved your plan."),
        called(begin + 4, f"toolu_{begin}_skill", "Skill", {"skill": "tides"}),
        answered(begin + 5, f"toolu_{begin}_skill", "Launching skill: tides"),
        entry(
            "system", begin + 6, f"boundary-{begin}", subtype="compact_boundary", compactMetadata={"trigger": "auto"}
        ),
    ]


def of(session: str, *parts: Entries) -> Entries:
    return [{**told, "sessionId": session} for entries in parts for told in entries]


def held(count: int) -> dict[str, int]:
    """What a session has of so many parts."""
    counted = dict.fromkeys(("prompts", "compactions", "replies", "approvals", "runs"), count)
    return {"phases": 4 * count, **counted, "misnamed": 0}


def found(url: str) -> dict[str, dict[str, int]]:
    told = [dict(row) for row in rows(url, HELD)]
    return {row.pop("name"): row for row in told}


@pytest.mark.parametrize(("original", "copy"), [(LOW, HIGH), (HIGH, LOW)])
def test_what_was_copied_is_the_original_s_in_any_order_of_import(
    original: str, copy: str, server: embedded.Lease, tmp_path: Path
) -> None:
    files = [
        write(tmp_path / "original.jsonl", of(original, part(0))),
        write(tmp_path / "copy.jsonl", of(copy, part(0), part(100))),
    ]
    seen = []
    for order in (files, files[::-1]):
        with fresh_database(server) as url:
            for path in order:
                ingest([path], url)
            assert found(url) == {original: held(1), copy: held(1)}
            seen.append(snapshot(url))
            again = ingest(files, url)
            assert not any(file.has_changed for file in again.files)
            assert snapshot(url) == seen[-1]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("order", [(1, 2, 0, 3), (3, 2, 1)])
def test_each_part_is_of_the_session_that_lived_it_however_the_files_grow(
    order: Sequence[int], server: embedded.Lease, tmp_path: Path
) -> None:
    """A session went on, beside a branch of it that was resumed under a third id."""
    told = [
        ("original.jsonl", of(HIGH, part(0))),
        ("branch.jsonl", of(MIDDLE, part(0), part(200))),
        ("resumed.jsonl", of(LOW, part(0), part(200), part(300))),
        ("original.jsonl", of(HIGH, part(0), part(100), part(400))),
    ]
    with fresh_database(server) as url:
        for stage in order:
            name, entries = told[stage]
            ingest([write(tmp_path / name, entries)], url)
        assert found(url) == {HIGH: held(3), MIDDLE: held(1), LOW: held(1)}


def test_of_copies_that_hold_the_same_the_lower_id_has_it_until_it_goes_on(
    server: embedded.Lease, tmp_path: Path
) -> None:
    """An entry with the id of another one but other words is no copy of it."""
    other = typed(0, "count the terns", sessionId=MIDDLE)
    told = [of(HIGH, part(0)), of(LOW, part(0)), [other]]
    with fresh_database(server) as url:
        ingest([write(tmp_path / f"{place}.jsonl", entries) for place, entries in enumerate(told)], url)
        assert found(url) == {LOW: held(1), MIDDLE: {**held(0), "prompts": 1}, HIGH: held(0)}
        ingest([write(tmp_path / "1.jsonl", of(LOW, part(0), part(100)))], url)
        assert found(url) == {LOW: held(1), MIDDLE: {**held(0), "prompts": 1}, HIGH: held(1)}


def test_a_hook_that_names_the_original_agrees(server: embedded.Lease, tmp_path: Path) -> None:
    given = {"command": "tide"}
    request = {**hook("PreToolUse", tool_name="Bash", tool_input=given, tool_use_id="toolu_t"), "session_id": HIGH}
    copied = [called(1, "toolu_t", "Bash", given), typed(9, "and now?")]
    files = [write(tmp_path / "hooks.jsonl", [request]), write(tmp_path / "copy.jsonl", of(LOW, copied))]
    with fresh_database(server) as url:
        for path in files:
            ingest([path], url)
        assert {name: row["phases"] for name, row in found(url).items()} == {HIGH: 1, LOW: 0}
