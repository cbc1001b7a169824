"""One session told by two sources counts once, whichever came first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from data import embedded
from data.ingest import ingest
from data.ingest.sources import transcripts
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import FOLDER, GULLS, GULLS_SESSION, HARBOUR_SESSION
from tests.ingest_records import SESSION, answered, called, hook, write


def test_calls_that_hooks_and_a_transcript_tell_count_once(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([GULLS], url)
        calls = rows(
            url,
            """
            select t.tool_name, t.phase, e.metadata ->> 'source' as source, count(*) from chronicle.tool_events as t
            inner join chronicle.events as e on e.id = t.event_id group by 1, 2, 3
            """,
        )
        counted = {(row["tool_name"], row["phase"], row["source"]): row["count"] for row in calls}
        assert value(url, "select count(*) from chronicle.sessions") == 1
        prompts = rows(url, "select prompt_text, created_at from chronicle.prompt_events")
        compactions = rows(
            url, "select trigger_reason, created_at from chronicle.lifecycle_events where lifecycle_type = 'PreCompact'"
        )
        starts = rows(
            url,
            "select trigger_reason, created_at from chronicle.lifecycle_events where lifecycle_type = 'SessionStart'",
        )
        records = rows(url, "select source_kind, count(*) from signalbox.import_records group by 1")
    assert counted == {
        ("Bash", "pre", "transcript"): 4,  # ls three times and pwd
        ("Bash", "pre", "hooks"): 1,  # ls a fourth time, which only hooks tell
        ("Bash", "post", "transcript"): 3,
        ("Bash", "post", "hooks"): 1,  # the outcome of pwd, which the transcript does not tell
        ("LS", "pre", "hooks"): 1,
        ("LS", "post", "hooks"): 1,
        ("mcp__birds__count", "pre", "hooks"): 1,
        ("mcp__birds__count", "post", "hooks"): 1,
        ("Task", "pre", "hooks"): 1,
        ("Grep", "post", "hooks"): 1,
    }
    assert {row["prompt_text"]: row["created_at"] is not None for row in prompts} == {
        "  count the gulls  ": True,  # told twice, kept as the transcript has it
        "and the terns": False,
    }
    assert sorted(row["trigger_reason"] for row in compactions) == ["auto", "manual"]
    assert sorted(row["trigger_reason"] for row in starts) == ["first entry", "resume"], "startup is the first entry"
    # Nothing lost its provenance: 8 pre, 6 post and 12 others from hooks.
    assert {row["source_kind"]: row["count"] for row in records}["hooks"] == 26


def test_an_outcome_that_only_hooks_tell_belongs_to_the_call_of_the_transcript(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([GULLS], url)
        (call,) = rows(
            url,
            """
            select pre.session_id, post.success, pre.created_at, post.result
            from chronicle.tool_events as pre
            inner join chronicle.tool_events as post on post.call_id = pre.call_id and post.phase = 'post'
            inner join chronicle.events as e on e.id = pre.event_id
            where pre.phase = 'pre' and pre.parameters ->> 'command' = 'pwd' and e.metadata ->> 'source' = 'transcript'
            """,
        )
    assert call["success"] is True
    assert call["created_at"] is not None
    assert call["result"]["stdout"] == "/home/ada/gulls"


@pytest.mark.parametrize("transcript_first", [True, False])
def test_hooks_with_ids_and_a_transcript_meet_in_one_row(
    transcript_first: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    given = {"command": "tide --now"}
    hooks = write(
        tmp_path / "hooks.jsonl",
        [
            hook("PreToolUse", tool_name="Bash", tool_input=given, tool_use_id="toolu_t", permission_mode="plan"),
            hook(
                "PostToolUse",
                tool_name="Bash",
                tool_input=given,
                tool_use_id="toolu_t",
                tool_response={"stdout": "high", "from": "hook"},
                duration_ms=40,
            ),
        ],
    )
    transcript = write(
        tmp_path / "transcript.jsonl", [called(1, "toolu_t", "Bash", given), answered(9, "toolu_t", "high")]
    )
    with fresh_database(server) as url:
        for path in (transcript, hooks) if transcript_first else (hooks, transcript):
            ingest([path], url)
        found = rows(
            url,
            """
            select t.*, e.metadata, e.timestamp, e.data from chronicle.tool_events as t
            inner join chronicle.events as e on e.id = t.event_id order by t.phase desc
            """,
        )
        assert value(url, "select count(*) from signalbox.import_records") == 5
    pre, post = found
    assert pre["timestamp"] is not None
    assert pre["metadata"]["source"] == "transcript"
    assert pre["metadata"]["permission_mode"] == "plan", "what only the hook knows stays"
    assert post["execution_time_ms"] == 40, "the hook's figure leaves out the time a person took"
    assert post["result"] == {"content": "high"}
    assert pre["call_id"] == post["call_id"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_results_find_calls_of_other_files(order: Sequence[int], server: embedded.Lease, tmp_path: Path) -> None:
    given = {"command": "tide"}
    files = [
        write(tmp_path / "calls.jsonl", [called(1, "toolu_1", "Bash", given), called(2, "toolu_2", "Bash", given)]),
        write(tmp_path / "results.jsonl", [answered(5, "toolu_1", "high"), answered(9, "toolu_2", "low", failed=True)]),
        write(
            tmp_path / "hooks.jsonl", [hook("PostToolUse", tool_name="Bash", tool_input=given, tool_response="high")]
        ),
    ]
    with fresh_database(server) as url:
        for place in order:
            ingest([files[place]], url)
        found = rows(url, "select * from chronicle.tool_events where phase = 'post' order by created_at")
        assert value(url, "select count(distinct call_id) from chronicle.tool_events") == 2
    assert [(row["tool_name"], row["execution_time_ms"], row["success"]) for row in found] == [
        ("Bash", 4000, True),
        ("Bash", 7000, False),
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_report_counts_what_another_source_had_told(backwards: bool, server: embedded.Lease, tmp_path: Path) -> None:
    given = {"command": "tide"}
    told = [
        hook("PreToolUse", tool_name="Bash", tool_input=given),
        hook("PostToolUse", tool_name="Bash", tool_input=given, tool_response="high"),
    ]
    files = [
        write(tmp_path / "hooks.jsonl", told),
        write(tmp_path / "log.jsonl", [called(1, "toolu_1", "Bash", given), answered(4, "toolu_1", "high")]),
    ]
    with fresh_database(server) as url:
        first, second = (ingest([path], url) for path in (reversed(files) if backwards else files))
    assert (first.counts["paired_records"], second.counts["paired_records"]) == (0, 2)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_call_that_hooks_tell_and_its_result_in_a_transcript_are_one_call(
    backwards: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    request = hook("PreToolUse", tool_name="Bash", tool_input={"command": "tide"}, tool_use_id="toolu_1")
    files = [
        write(tmp_path / "hooks.jsonl", [request]),
        write(tmp_path / "log.jsonl", [answered(5, "toolu_1", "high")]),
    ]
    with fresh_database(server) as url:
        for path in reversed(files) if backwards else files:
            ingest([path], url)
        found = rows(url, "select phase, tool_name, success from chronicle.tool_events order by phase")
        assert value(url, "select count(distinct call_id) from chronicle.tool_events") == 1
    assert found == [
        {"phase": "post", "tool_name": "Bash", "success": True},
        {"phase": "pre", "tool_name": "Bash", "success": None},
    ]


def test_a_result_that_comes_very_late_still_finds_its_call(
    server: embedded.Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many calls are kept in mind while a file is read; the database knows the others."""
    monkeypatch.setattr(transcripts, "_OPEN_CALLS", 3)
    uses = range(10)
    path = write(
        tmp_path / "session.jsonl",
        [called(number, f"toolu_{number}", "Bash", {"command": "tide"}) for number in uses]
        + [answered(20 + number, f"toolu_{number}", "high") for number in uses],
    )
    with fresh_database(server) as url:
        ingest([path], url)
        found = rows(
            url, "select distinct tool_name, execution_time_ms from chronicle.tool_events where phase = 'post'"
        )
        keyed = value(url, "select count(*) from signalbox.import_records where pair_key is not null")
    assert found == [{"tool_name": "Bash", "execution_time_ms": 20_000}]
    assert keyed == 21


def test_a_result_whose_call_is_in_no_log_stays_and_says_so(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        ingest([write(tmp_path / "results.jsonl", [answered(5, "toolu_1", "high")])], url)
        (found,) = rows(url, "select tool_name, phase, success, execution_time_ms from chronicle.tool_events")
    assert found == {"tool_name": "unknown", "phase": "post", "success": True, "execution_time_ms": None}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_copy_of_a_session_under_another_id_adds_no_calls(
    backwards: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    """Resuming a session copies its entries into a new file under a new session id."""
    told = [
        called(1, "toolu_1", "Bash", {"command": "tide"}),
        answered(2, "toolu_1", "high"),
    ]
    copy = [{**entry, "sessionId": "88888888-aaaa-4bbb-8ccc-000000000008"} for entry in told]
    files = [write(tmp_path / "one.jsonl", told), write(tmp_path / "two.jsonl", copy)]
    with fresh_database(server) as url:
        for path in reversed(files) if backwards else files:
            ingest([path], url)
        found = rows(
            url,
            """
            select t.phase, s.session_id from chronicle.tool_events as t
            inner join chronicle.sessions as s on s.id = t.session_id order by t.phase
            """,
        )
        assert value(url, "select count(*) from chronicle.sessions") == 2
    assert found == [{"phase": "post", "session_id": SESSION}, {"phase": "pre", "session_id": SESSION}]


def test_provenance_names_all_that_told_of_an_event(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([FOLDER], url)
        told = rows(
            url,
            """
            select r.event_id, array_agg(distinct r.source_kind order by r.source_kind) as kinds
            from signalbox.import_records as r
            inner join chronicle.events as e on e.id = r.event_id
            inner join chronicle.sessions as s on s.id = e.session_id
            where s.session_id = any(%(ids)s) group by r.event_id
            """,
            ids=[GULLS_SESSION, HARBOUR_SESSION],
        )
        assert value(url, "select count(*) from chronicle.events") == value(
            url, "select count(distinct event_id) from signalbox.import_records"
        )
    kinds = Counter(tuple(row["kinds"]) for row in told)
    assert kinds["hooks", "transcript"] == 9
