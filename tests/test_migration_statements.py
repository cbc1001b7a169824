"""Where statements of a migration end, whatever strings, comments and bodies contain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.migration.statements import says_the_same, split
from data.migration.tokens import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ;; \n ; ", []),
        ("select 1", ["select 1"]),
        ("select 1;\n\n\tselect 2 ;", ["select 1", "select 2"]),
        ("select 'a;b'; select 'it''s;'", ["select 'a;b'", "select 'it''s;'"]),
        (r"select 'back\'; select 2", [r"select 'back\'", "select 2"]),
        (r"select E'it\'s; x'; select e'\\'; select 3", [r"select E'it\'s; x'", r"select e'\\'", "select 3"]),
        ("select E'a'\n  '\\'; b'; select 2", ["select E'a'\n  '\\'; b'", "select 2"]),
        (r"select name'x\'; select 2", [r"select name'x\'", "select 2"]),
        ('select 1 as "a;""b;"; select 2', ['select 1 as "a;""b;"', "select 2"]),
        ("-- a; b\nselect 1; -- c; d", ["-- a; b\nselect 1", "-- c; d"]),
        ("/* a; /* b; */ c; */ select 1; select 2", ["/* a; /* b; */ c; */ select 1", "select 2"]),
        ("select $$a; b$$; select $x$ $$; $y$; $x$", ["select $$a; b$$", "select $x$ $$; $y$; $x$"]),
        ("select $é$x;y$é$; select 2", ["select $é$x;y$é$", "select 2"]),
        ("select a$b$c; select d$b$e", ["select a$b$c", "select d$b$e"]),
        ("prepare p as select $1; execute p", ["prepare p as select $1", "execute p"]),
        (
            "create rule r as on insert to t do also (select 1; select 2); select 3",
            ["create rule r as on insert to t do also (select 1; select 2)", "select 3"],
        ),
        (
            (
                "create or replace function f(a int) returns text language sql begin atomic "
                "select case when a = 1 then ';' else 'b' end; select 'x'; end; select 2"
            ),
            [
                (
                    "create or replace function f(a int) returns text language sql begin atomic "
                    "select case when a = 1 then ';' else 'b' end; select 'x'; end"
                ),
                "select 2",
            ],
        ),
        ("select 1 as begin_atomic; select 2", ["select 1 as begin_atomic", "select 2"]),
        ("begin; select 1; end; select 2", ["begin", "select 1", "end", "select 2"]),
        ("select 'never closed; select 2", ["select 'never closed; select 2"]),
        ("/* never closed; select 2", ["/* never closed; select 2"]),
        ("select $a$ never closed; select 2", ["select $a$ never closed; select 2"]),
        ("select (1; select 2", ["select (1; select 2"]),
    ],
)
def test_statement_ends_where_postgres_ends_it(text: str, expected: list[str]) -> None:
    assert [statement.text for statement in split(text)] == expected


def test_statement_knows_its_place() -> None:
    text = "select 1;\n\n-- why\n/* how */ select 2;\n-- the end"
    first, second, last = split(text)
    assert (first.number, first.line, first.start, first.is_comment) == (1, 1, 0, False)
    assert (second.number, second.line) == (2, 4)
    assert text[second.start :].startswith("-- why")
    assert text[second.code_start :].startswith("select 2")
    assert (last.number, last.line, last.is_comment) == (3, 5, True)
    assert not last.words


def test_words_come_from_code_alone() -> None:
    (statement,) = split("""-- create index\n"vacuum" 'drop' $$x$$ Create INDEX /* concurrently */ a.b""")
    assert statement.words == ("create", "index", "a", "b")


@pytest.mark.parametrize(
    ("recorded", "same"),
    [
        (["select 1", "select 'a;b'"], True),
        (["select 1", "select 'a", "b'"], True),  # another program cut it elsewhere
        (["select 1"], False),
        (["select 1", "select 'a;b'", "select 3"], False),
        (["select 1 ", "select  'a;b'"], False),
        (["select", "1", "select 'a;b'"], False),
    ],
)
def test_recorded_statements_are_laid_along_the_text(recorded: list[str], same: bool) -> None:
    assert says_the_same("\n select 1 ;\n\n;select 'a;b'\n", recorded) is same


def test_line_ends_of_another_system_are_no_edit() -> None:
    assert says_the_same("select 1,\r\n 2;\r\n", ["select 1,\n 2"])


PIECES = ["select 1", ";", "'", "''", '"', "$$", "$a$", "--", "\n", "/*", "*/", "\\", "E'", "(", ")", " ", "begin",
          "atomic", "end", "case", "create function", "é", "a1", "$1"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_character_is_lost(text: str) -> None:
    assert "".join(text[token.start : token.end] for token in tokens(text)) == text
    statements = split(text)
    assert says_the_same(text, [statement.text for statement in statements])
    for statement in statements:
        assert text.startswith(statement.text, statement.start)
        assert statement.start <= statement.code_start <= statement.start + len(statement.text)
