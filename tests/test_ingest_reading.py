"""Values out of files: every form they come in, and every way in which a line or an element can be broken."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.ingest.reading import arrays, lines
from data.ingest.reading.lines import read_records


def read(content: bytes) -> tuple[list[tuple[int, Any]], list[tuple[int, str]]]:
    """The values with their lines, and what was reported."""
    problems: list[tuple[int, str]] = []
    values = list(read_records(io.BytesIO(content), lambda line, reason: problems.append((line, reason)), is_record))
    return values, problems


def is_record(value: Any) -> bool:
    return isinstance(value, dict) and "n" in value


def test_one_object_per_line_with_blank_lines_and_without_a_last_newline() -> None:
    values, problems = read(b'{"n":1}\n\n  \r\n{"n":2}\r\n{"n":3}')
    assert values == [(1, {"n": 1}), (4, {"n": 2}), (5, {"n": 3})]
    assert problems == []


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert read(b'\xef\xbb\xbf{"n":1}\n{"n":2}\n') == ([(1, {"n": 1}), (2, {"n": 2})], [])
    assert read(b'\xef\xbb\xbf[{"n":1}]') == ([(1, {"n": 1})], [])


def test_line_separators_inside_strings_end_no_line() -> None:
    values, problems = read('{"n":1,"t":"a\u2028b\u0085c"}\n{"n":2}\n'.encode())
    assert [line for line, _ in values] == [1, 2]
    assert problems == []


def test_two_objects_on_a_line_are_both_read() -> None:
    noticed: list[int] = []
    stream = io.BytesIO(b'{"n":1}\n{"n":2} {"n":3}\n')
    values = list(read_records(stream, lambda *_: None, is_record, noticed.append))
    assert values == [(1, {"n": 1}), (2, {"n": 2}), (2, {"n": 3})]
    assert noticed == [2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"// a comment", "a comment, not JSON"),
        (b'{"n":1', "not JSON"),
        (b'{"n":1} and more', "not JSON"),
        (b'{"n":1} 7', "more than one value"),
        (b'{"n":"\xff"}', "not UTF-8 (byte 7 of the line)"),
        (b"plain words", "not JSON"),
        (b'{"n":"broken\x00"}', "not JSON"),
        (b"[" * 5_000, "nested too deeply"),
    ],
)
def test_a_line_that_cannot_be_read_is_reported_and_the_rest_is_read(line: bytes, reason: str) -> None:
    values, problems = read(b'{"n":1}\n' + line + b'\n{"n":3}\n')
    assert values == [(1, {"n": 1}), (3, {"n": 3})]
    assert [number for number, _ in problems] == [2]
    assert reason in problems[0][1]


def test_numbers_that_no_database_keeps_are_kept_as_words() -> None:
    values, problems = read(b'{"n":NaN,"i":-Infinity,"big":1e999,"long":123456789012345678901234567890}\n')
    assert problems == []
    assert values[0][1] == {"n": "NaN", "i": "-Infinity", "big": "1e999", "long": 123456789012345678901234567890}


@pytest.mark.parametrize("around", [b'{"n":%b}\n{"n":3}\n', b'[{"n":%b},{"n":3}]'])
def test_whole_numbers_that_python_refuses_to_read_are_kept_as_words(around: bytes) -> None:
    values, problems = read(around % (b"9" * 5_000))
    assert problems == []
    assert [value for _, value in values] == [{"n": "9" * 5_000}, {"n": 3}]


def test_half_a_surrogate_pair_is_read() -> None:
    (value,), problems = read(b'{"n":"a \\ud83d b"}\n')
    assert value[1]["n"] == "a \ud83d b"
    assert problems == []


def test_objects_over_several_lines_are_read_among_others() -> None:
    pretty = json.dumps({"n": 2, "list": [{"a": 1}, []]}, indent=2)
    values, problems = read(f'{{"n":1}}\n{pretty}\n{{"n":3}}\n{pretty}'.encode())
    assert [(line, value["n"]) for line, value in values] == [(1, 1), (2, 2), (11, 3), (12, 2)]
    assert problems == []


def test_an_object_that_never_ends_costs_its_first_line_only() -> None:
    values, problems = read(b'{"n":1,\n{"n":2}\n{"n":3}\n')
    assert values == [(2, {"n": 2}), (3, {"n": 3})]
    assert [line for line, _ in problems] == [1]


def test_a_line_of_any_length_is_read_or_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 1_000)
    values, problems = read(b'{"n":1}\n{"n":"' + b"x" * 5_000 + b'"}\n{"n":3}\n')
    assert values == [(1, {"n": 1}), (3, {"n": 3})]
    assert [line for line, _ in problems] == [2]
    assert "longer than" in problems[0][1]


def test_arrays_yield_their_elements_with_the_lines_they_begin_on() -> None:
    content = json.dumps([{"n": 1, "t": "]}{["}, {"n": 2}], indent=2).encode()
    assert read(content) == ([(2, {"n": 1, "t": "]}{["}), (6, {"n": 2})], [])
    assert read(b'[{"n":1},{"n":2}]') == ([(1, {"n": 1}), (1, {"n": 2})], [])
    assert read(b"[]") == ([], [])


def test_several_arrays_and_values_between_them_are_read() -> None:
    values, problems = read(b'[{"n":1}]\n[{"n":2},\n{"n":3}]\n{"n":4}\n')
    assert values == [(1, {"n": 1}), (2, {"n": 2}), (3, {"n": 3}), (4, {"n": 4})]
    assert problems == []


def test_an_array_that_was_cut_off_keeps_its_whole_elements() -> None:
    values, problems = read(b'[\n{"n":1},\n{"n":2},\n{"n":3,"t":"abc')
    assert [value["n"] for _, value in values] == [1, 2]
    assert len(problems) == 1
    assert problems[0][0] == 4
    assert "the file ends in the middle of a record" in problems[0][1]
    values, problems = read(b'[\n{"n":1},\n{"n":2}\n')
    assert [value["n"] for _, value in values] == [1, 2]
    assert problems == [(4, "the file ends inside an array")]


def test_a_broken_element_is_left_out_and_the_next_ones_are_read() -> None:
    content = b'[\n{"n":1},\n{"n":2,"list":[{"a":1},{"b" 2},{"c":3}]},\n{"n":3},\n{"n":4}\n]'
    values, problems = read(content)
    assert [(line, value["n"]) for line, value in values] == [(2, 1), (4, 3), (5, 4)]
    assert [line for line, _ in problems] == [3]


def test_an_element_that_is_not_utf8_is_left_out() -> None:
    values, problems = read(b'[{"n":1},\n{"n":2,"t":"\xe9"},\n{"n":3}]')
    assert [value["n"] for _, value in values] == [1, 3]
    assert problems == [(2, "not UTF-8")]


def test_comments_before_an_array_are_reported() -> None:
    values, problems = read(b'// made by a hook\n[{"n":1}]')
    assert values == [(2, {"n": 1})]
    assert problems == [(1, "a comment, not JSON")]


@pytest.mark.parametrize("window", [1, 2, 3, 7, 64, 1000])
def test_windows_of_any_size_read_the_same(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "WINDOW_BYTES", window)
    elements = [{"n": number, "t": 'é🗼\\"' * number, "x": [1.5, None, True, -0.25e3]} for number in range(30)]
    content = json.dumps(elements, indent=1, ensure_ascii=False).encode()
    values, problems = read(content)
    assert [value for _, value in values] == elements
    assert problems == []
    values, problems = read(content[:-40])
    assert [value for _, value in values] == elements[:-1]
    assert len(problems) == 1


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5).filter(str.isprintable), inner, max_size=4)
    ),
    max_leaves=12,
)
records = st.lists(st.fixed_dictionaries({"n": json_values}), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(records, st.sampled_from([None, 0, 2]), st.booleans())
def test_whatever_is_written_is_read(elements: list[dict[str, Any]], indent: int | None, as_array: bool) -> None:
    if as_array:
        content = json.dumps(elements, indent=indent)
    else:
        content = "\n".join(json.dumps(element, indent=indent) for element in elements)
    values, problems = read(content.encode())
    assert problems == []
    assert [value for _, value in values] == elements


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), records, st.integers(0, 400))
def test_damage_never_stops_the_reading(noise: bytes, elements: list[dict[str, Any]], place: int) -> None:
    for content in (json.dumps(elements, indent=1).encode(), b"\n".join(json.dumps(one).encode() for one in elements)):
        cut = place % (len(content) + 1)
        values, problems = read(content[:cut] + noise + content[cut:])
        assert all(isinstance(line, int) and line > 0 for line, _ in values)
        assert all(isinstance(reason, str) for _, reason in problems)
        assert not any(isinstance(value, float) and math.isnan(value) for _, value in values)
