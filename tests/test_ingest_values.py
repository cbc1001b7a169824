"""Values on their way into the database: escapes, keys, times, and what a text is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.ingest.sources.prompts import kind_of
from data.ingest.staging.escaping import Escaper, canonical, without_bulk
from data.ingest.staging.keys import CallKeys, key_of, key_of_content
from data.ingest.staging.session_merge import merge
from data.ingest.staging.sessions import SessionFacts, project_of
from data.ingest.staging.times import Times, duration_ms, whole_ms


def unquoted(field: bytes) -> str:
    """What COPY makes of a field of its text format."""
    characters = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\.", lambda escape: characters[escape[0]], field.decode())


@given(st.text())
def test_text_comes_out_as_it_went_in_but_for_what_is_refused(text: str) -> None:
    escaper = Escaper()
    shown = unquoted(escaper.text(text))
    refused = sum(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text)
    assert escaper.rewritten == refused
    assert "\x00" not in shown
    if not refused:
        assert shown == text


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_comes_out_as_it_went_in_but_for_what_is_refused(value: Any) -> None:
    escaper = Escaper()
    field = escaper.json(value)
    if value is None:
        assert field == b"\\N"
        return
    assert b"\t" not in field
    assert b"\n" not in field
    read = json.loads(unquoted(field))
    if not escaper.rewritten:
        assert read == value


def test_each_refused_character_counts_once() -> None:
    escaper = Escaper()
    assert json.loads(unquoted(escaper.json({"a\x00": ["\ud800 and \x00"]}))) == {"a\\u0000": ["\\ud800 and \\u0000"]}
    assert escaper.rewritten == 3
    assert json.loads(unquoted(escaper.json("the words \\u0000"))) == "the words \\u0000"
    assert escaper.rewritten == 3, "an escape that was written out is no NUL"
    assert json.loads(unquoted(escaper.json({"a\x00": "b\x00"}))) == {"a\\u0000": "b\\u0000"}
    assert unquoted(escaper.text("a\x00b")) == "a\\u0000b"
    assert escaper.rewritten == 6, "without half a surrogate beside it, too"


def test_equal_inputs_have_one_canonical_form() -> None:
    assert canonical({"b": 1, "a": [{"d": 1, "c": 2}]}) == canonical({"a": [{"c": 2, "d": 1}], "b": 1})
    assert canonical({"a": 10**30}) == canonical({"a": 10**30})


def test_keys_follow_from_their_parts_alone() -> None:
    assert key_of("a", "b") == key_of("a", "b")
    assert len({key_of("a", "b"), key_of("ab", ""), key_of("a", "", "b"), key_of_content("a", b"b ")}) == 4
    keys, copy = CallKeys("transcript", "s", "toolu"), CallKeys("hooks", "other", "toolu")
    assert keys.event("pre") == copy.event("pre") != keys.event("post")
    assert keys.call == copy.call
    assert keys.record("pre") != copy.record("pre")


def test_pictures_are_left_out_wherever_they_stand() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 5000}}
    found = without_bulk(
        {"content": [picture, {"type": "image", "data": "B" * 5000}], "base64": "C" * 5000, "data": "D" * 5000}
    )
    assert found["content"][0]["source"]["data"] == "[5000 characters of base64 left out]"
    assert found["content"][1]["data"] == "[5000 characters of base64 left out]"
    assert found["base64"] == "[5000 characters of base64 left out]"
    assert found["data"] == "D" * 5000, "a field of that name that holds no picture stays"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-02T09:00:00.123Z", datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)),
        ("2026-03-02T10:00:00.123456789+01:00", datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-02 09:00:00+00:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        (1772442000, datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        (1772442000123, datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)),
        ("2026-03-02T09:00:00+23:59", datetime(2026, 3, 1, 9, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59Z", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-02T09:00:00", None),
        ("2026-02-30T09:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (True, None),
        (-5, None),
        (float("inf"), None),
        (None, None),
        ([], None),
    ],
)
def test_only_a_time_with_a_zone_is_a_moment(written: Any, expected: datetime | None) -> None:
    assert Times().moment(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        "1969-12-31T23:59:59+01:00",
        "1970-01-01T00:00:00Z",
        "1970-01-01T01:00:00+01:00",
        "2201-01-01T00:00:00Z",
        "2200-12-31T23:59:59-01:00",
        0,
        -62135596800,
        10**18,
        10**400,
        float("nan"),
        float("-inf"),
    ],
)
def test_a_time_that_nobody_can_have_meant_is_unknown_and_counted(written: Any) -> None:
    times = Times()
    assert (times.moment(written), times.placeholders) == (None, 1)
    assert times.moment("2026-03-02T09:00:00Z")
    assert times.moment("yesterday") is None
    assert times.placeholders == 1


def test_durations_are_whole_and_never_negative() -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    assert duration_ms(begin, begin + timedelta(milliseconds=1500)) == 1500
    assert duration_ms(begin, begin - timedelta(milliseconds=1)) is None
    assert duration_ms(None, begin) is None
    assert duration_ms(begin, begin + timedelta(days=40)) is None, "longer than the column holds"
    assert [whole_ms(value) for value in (12.6, "12", True, -1, float("nan"))] == [13, None, None, None, None]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Why?", "prompt"),
        ("  <command-name>", "prompt"),
        ("<command-name>/clear</command-name>", "slash_command"),
        ("<command-message>clear</command-message>", "slash_command"),
        ("<command-args>x</command-args>", "command_output"),
        ("<local-command-stdout>x", "command_output"),
        ("<bash-input>ls</bash-input>", "command_output"),
        ("<task-notification>x", "task_notification"),
        ("[Request interrupted by user]", "interruption"),
        (None, "without_text"),
    ],
)
def test_what_a_person_wrote_is_told_from_what_stands_for_it(text: str | None, kind: str) -> None:
    assert kind_of({}, text) == kind
    assert kind_of({"isMeta": True}, text) == "meta"
    assert kind_of({"isSidechain": True}, text) == "prompt_to_subagent"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/ada/reef", "reef"),
        ("/home/ada/reef/", "reef"),
        ("C:\\Users\\ada\\reef", "reef"),
        ("/", None),
        (None, None),
    ],
)
def test_a_project_is_the_last_folder(path: str | None, name: str | None) -> None:
    assert project_of(path) == name


def facts(told_by: str, minute: int, **more: Any) -> SessionFacts:
    at = datetime(2026, 3, 2, 9, minute, tzinfo=UTC)
    kind = "entry" if told_by == "transcript" else "hook"
    more |= {f"first_{kind}_at": at, f"last_{kind}_at": at}
    return SessionFacts("s", key_of("session", "s"), {told_by}, **more)


def test_what_is_known_of_a_session_does_not_depend_on_what_came_first() -> None:
    told = [
        facts("transcript", 1, directory="/early", branch="old", version="1", models={"a"}),
        facts("transcript", 5, directory="/late", branch="new", version="2", models={"b"}),
        facts("hooks", 9, directory="/h", model="m", cost={"total_cost_usd": 2, "recorded_at_local": "b"}),
        facts("status_lines", 3, directory="/s", cost={"total_cost_usd": 9, "recorded_at_local": "a"}),
    ]
    results = []
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)):
        row: dict[str, Any] | None = None
        for place in order:
            row = dict(merge(told[place], row, None, Escaper()).row)
        results.append(row)
    assert all(result == results[0] for result in results)
    first = results[0] or {}
    assert (first["working_directory"], first["git_branch"], first["metadata"]["version"]) == ("/early", "new", "2")
    assert first["metadata"]["cost"]["total_cost_usd"] == 2, "the later status line, not the dearer"
    assert first["metadata"]["told_by"] == ["hooks", "status_lines", "transcript"]
    assert (first["started_at"].minute, first["ended_at"].minute) == (1, 9)
    again = merge(told[1], first, None, Escaper())
    assert not again.is_changed
    assert not again.is_moved
