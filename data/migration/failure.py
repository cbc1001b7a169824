"""Puts a database's complaint about a migration into words: which statement, where, and what may help."""

from __future__ import annotations

import psycopg

from data.migration.files import MigrationFile
from data.migration.statements import Statement

QUOTED_LINES = 3  # lines of the statement shown above and below the failing one
QUOTED_COLUMNS = 160  # a longer line is cut around the failing position

# What helps, where PostgreSQL's own hint does not say it; by SQLSTATE.
_ADVICE = {
    "55P03": "Another session holds a lock on this table. Try again when it is quiet; nothing was changed.",
    "57014": "It took longer than migrations may. Split it, or set a longer statement_timeout in the file.",
    "40P01": "Another session wanted the same tables in another order. Try again.",
    "42704": (
        "A role that Supabase brings is made elsewhere by `python -m data db bootstrap`. What belongs to an extension "
        "needs its schema's name, which on Supabase is mostly extensions."
    ),
    "3F000": "The schema auth comes with Supabase; elsewhere `python -m data db bootstrap` makes it.",
    "42501": "Migrate as the owner of the database; auth, storage and realtime are Supabase's own.",
}


def sentence(file: MigrationFile, statement: Statement | None, error: psycopg.Error) -> str:
    """Several lines: where it failed, the place with a caret under it, the server's message, detail and hint.

    `statement` is None when everything ran and the commit failed, as deferred constraints make it.
    """
    diagnosis = error.diag
    message = diagnosis.message_primary or str(error).strip() or type(error).__name__
    lines: list[str] = []
    if statement is None:
        lines.append(f"{file.path.name} failed at its end, when everything was to be kept:")
    else:
        offset = _offset(statement, diagnosis.statement_position)
        line = file.text.count("\n", 0, offset) + 1
        lines.append(f"{file.path.name} failed at statement {statement.number} of {len(file.statements)}, line {line}:")
        lines += _quote(file.text, statement, offset, has_caret=diagnosis.statement_position is not None)
    lines.append(f"PostgreSQL says: {message} ({error.sqlstate or 'no SQLSTATE'})")
    for label, text in (
        ("Detail", diagnosis.message_detail),
        ("Hint", diagnosis.message_hint),
        ("Where", diagnosis.context),
        ("Advice", _ADVICE.get(error.sqlstate or "")),
    ):
        if text:
            lines.append(f"{label}: {text}")
    return "\n".join(lines)


def _offset(statement: Statement, position: str | None) -> int:
    """The offset in the file that a position in the statement (from 1, in characters) means."""
    return statement.code_start if position is None else statement.start + int(position) - 1


def _quote(text: str, statement: Statement, offset: int, *, has_caret: bool) -> list[str]:
    end = statement.start + len(statement.text)
    first = text.rfind("\n", 0, statement.start) + 1
    lines = text[first:end].split("\n")
    failing = text.count("\n", first, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1)
    quoted: list[str] = []
    for number, line in enumerate(lines):
        if abs(number - failing) > QUOTED_LINES:
            continue
        shift = max(0, column - QUOTED_COLUMNS // 2) if number == failing else 0
        quoted.append("    " + line[shift : shift + QUOTED_COLUMNS].rstrip())
        if number == failing and has_caret:
            # A tab is as wide as the terminal likes: the caret's line repeats the tabs of the line above.
            before = "".join("\t" if character == "\t" else " " for character in line[shift:column])
            quoted.append("    " + before + "^")
    return quoted
