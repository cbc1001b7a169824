"""What an approval would let happen, in words: money and objects strong, a diff where something changes."""

from __future__ import annotations

from typing import Any

import pytest

from data.approvals import words


def written(payload: dict[str, Any]) -> list[str]:
    """The lines as text, strong pieces between asterisks."""
    return [
        "".join(f"*{run.text}*" if run.is_strong else run.text for run in line)
        for line in words.describe(payload).lines
    ]


def test_an_amount_that_nobody_pays_is_told_as_it_is() -> None:
    assert written({"amount": 10**30, "currency": "USD"}) == [f"Amount: {10**30}", "Currency: USD"]


def test_money_carries_its_currency_and_is_strong() -> None:
    payload = {"action": "refund", "amount": 240, "currency": "USD", "order": {"id": 1881, "fee_cents": 1250}}
    assert written(payload) == [
        "Action: refund",
        "Amount: *$240.00*",
        "Order id: *1881*",
        "Order fee: *$12.50*",
    ]


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"total_eur": "1234.5"}, "Total: *€1,234.50*"),
        ({"price": 3, "currency": "chf"}, "Price: *3.00 CHF*"),
        ({"amount": 3}, "Amount: *3*"),
        ({"amount": "a lot"}, "Amount: a lot"),
        ({"total": True}, "Total: yes"),
        ({"sendTo": "ada@example.com"}, "Send to: *ada@example.com*"),
        ({"tags": ["a", "b"]}, "Tags: a, b"),
        ({"steps": [{"a": 1}]}, 'Steps: [{"a": 1}]'),
        ({"records": 5882}, "Records: *5,882*"),
        ({"year": 2026}, "Year: 2026"),
        ({"currency": "USD"}, "Currency: USD"),
    ],
)
def test_values_are_written_as_people_write_them(payload: dict[str, Any], line: str) -> None:
    assert written(payload) == [line]


def test_an_edit_becomes_a_diff_of_its_file() -> None:
    described = words.describe({"file_path": "/app/x.py", "old_string": "a\nb", "new_string": "a\nc"})
    assert described.diff == " a\n-b\n+c"
    assert written({"file_path": "/app/x.py", "old_string": "a", "new_string": "b"}) == ["Changes */app/x.py*"]


def test_a_new_file_says_how_many_lines() -> None:
    assert written({"file_path": "/app/x.py", "content": "a\nb\n"}) == ["Writes *2 lines* to */app/x.py*"]
    assert words.describe({"file_path": "/app/x.py", "content": "a\nb\n"}).diff == "+a\n+b"


@pytest.mark.parametrize(
    "payload",
    [
        {"before": {"plan": "free", "seats": 3}, "after": {"plan": "pro", "seats": 3}},
        {"changes": {"plan": {"from": "free", "to": "pro"}}},
        {"changes": {"plan": ["free", "pro"]}},
    ],
)
def test_a_change_of_values_becomes_a_diff(payload: dict[str, Any]) -> None:
    diff = words.describe(payload).diff or ""
    assert "-plan: free" in diff
    assert "+plan: pro" in diff


def test_sender_and_recipient_are_no_change() -> None:
    assert words.describe({"from": "a@example.com", "to": "b@example.com"}).diff is None
    assert written({"from": "a@example.com", "to": "b@example.com"}) == ["From: a@example.com", "To: *b@example.com*"]


def test_plans_commands_and_questions_stand_for_themselves() -> None:
    described = words.describe(
        {
            "plan": "# One\n- two",
            "command": "rm -rf build",
            "questions": [{"question": "Which?", "options": [{"label": "A", "description": "first"}, "B"]}, "Why?"],
        }
    )
    assert (described.plan, described.command, described.lines) == ("# One\n- two", "rm -rf build", ())
    assert described.questions == (words.Question("Which?", ("A: first", "B")), words.Question("Why?"))


def test_a_huge_payload_is_cut_and_says_so() -> None:
    described = words.describe({f"key{number}": number for number in range(100)})
    assert len(described.lines) == words.MAX_LINES
    assert described.left_out == 100 - words.MAX_LINES
    diff = words.describe({"before": "\n".join("ab" * 400), "after": ""}).diff or ""
    assert diff.splitlines()[-1].startswith("… ")
    assert words.describe({}).is_empty


@pytest.mark.parametrize(
    ("title", "act"),
    [
        ("Refund of $240", "Refund of $240"),
        (" Which \n database? ", "Which database?"),
        (" ", "this"),
        ("A" + "b" * 80, "A" + "b" * 54 + "…"),
    ],
)
def test_a_button_names_what_it_is_about(title: str, act: str) -> None:
    assert words.act_of(title) == act
