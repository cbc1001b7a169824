"""What says most: of a message the line, of a JSON text the value."""

from __future__ import annotations

import pytest

from ui.wording import telling


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Exit code 1\nboom", "Exit code 1: boom"),
        ("Exit code 1", "Exit code 1"),
        ("Validation failed:\\n\\n[FORMAT] not formatted", "Validation failed: [FORMAT] not formatted"),
        ("<tool_use_error>File does not exist.</tool_use_error>", "File does not exist."),
        ("\x1b[31mred\x1b[0m\nmore", "red"),
        (None, ""),
    ],
)
def test_an_error_is_one_line_that_says_why(message: str | None, told: str) -> None:
    assert telling.error(message) == told


def test_a_line_says_more_than_its_group() -> None:
    assert telling.line("Exit code 127\ncommand not found: tree", "Exit code 127") == "command not found: tree"
    assert telling.line("no row 7 here", "no row N here") == "no row 7 here"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"description": "Run it", "command": "make test"}', "make test"),
        ('{"todos": [{"content": "x"}]}', '{"todos": [{"content": "x"}]}'),
        ('{"subject": "Hello", "count": 3}', "Hello"),
        ('{"cut": "off he', '{"cut": "off he'),
        ("[1, 2]", "[1, 2]"),
        ("{}", ""),
        (None, ""),
    ],
)
def test_of_a_json_text_the_telling_value_is_shown(text: str | None, told: str) -> None:
    assert telling.value(text) == told


def test_answers_are_told_from_notes() -> None:
    assert telling.answers('{"Which?": "A"}') == {"Which?": "A"}
    for note in ("approved, go", "42", "{}", '{"a": 1}', "[]", None):
        assert telling.answers(note) is None
