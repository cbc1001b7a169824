"""What an approval would let happen, in plain words: lines, a diff, a command, a plan, questions. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_LINES = 24  # more is not read; the whole payload stands below as JSON
MAX_VALUE_CHARACTERS = 400
MAX_DIFF_LINES = 400
MOST_DIGITS_OF_MONEY = 20  # more is no sum that anybody pays
MAX_ACT_CHARACTERS = 56  # what a button can say on a narrow screen

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_MONEY = re.compile(r"(^|_)(amount|price|cost|total|refund|fee|budget|sum|value)(_|$)")
_IN_CURRENCY = re.compile(r"_(usd|eur|gbp|chf|jpy)$")
_OBJECT = re.compile(
    r"(^|_)(customer|client|order|invoice|table|file|path|environment|service|repository|repo|branch|recipient|to"
    r"|user|account|target|database|host|url|version|tool|tool_name|project|domain|email|name|id|resource|command)(_|$)"
)
_AMOUNT = re.compile(r"(^|_)(records|rows|files|tables|users|recipients|items|migrations|quantity|count)(_|$)")
_PAIRS = (
    ("before", "after"),
    ("old", "new"),
    ("from", "to"),
    ("old_string", "new_string"),
    ("current", "proposed"),
)


@dataclass(frozen=True)
class Run:
    """A piece of a line; money and the things it is about are strong."""

    text: str
    is_strong: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Question:
    """Something the agent wants answered, with the answers it offers."""

    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """What will happen: lines of words, a unified diff where something changes, a command, a plan, questions.

    `left_out` counts the values that found no place in the lines.
    """

    lines: tuple[Line, ...] = ()
    diff: str | None = None
    command: str | None = None
    plan: str | None = None
    questions: tuple[Question, ...] = ()
    left_out: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the payload says nothing at all."""
        return not (self.lines or self.diff or self.command or self.plan or self.questions)


@dataclass
class _Taken:
    """A payload of which some keys have been put into words already."""

    payload: dict[str, Any]
    used: set[str] = field(default_factory=set)

    def take(self, name: str, kind: type | tuple[type, ...]) -> Any:
        value = self.payload.get(name)
        if not isinstance(value, kind) or value in ("", [], {}):
            return None
        self.used.add(name)
        return value

    def rest(self) -> dict[str, Any]:
        return {key: value for key, value in self.payload.items() if key not in self.used}


def describe(payload: Mapping[str, Any]) -> Words:
    """The words for a payload of any shape. Values are as the agent wrote them: text to be escaped, no
    markup."""
    taken = _Taken(dict(payload))
    plan = taken.take("plan", str)
    command = taken.take("command", str)
    questions = tuple(_questions(taken.take("questions", list) or []))
    lines: list[Line] = []
    diff = _diff_of(taken, lines)
    found = list(_lines(taken.rest()))
    lines += found[: max(MAX_LINES - len(lines), 0)]
    return Words(tuple(lines), diff, command, plan, questions, max(len(found) - MAX_LINES, 0))


def act_of(title: str | None) -> str:
    """The title as what a button names after its verb, short enough for a narrow screen."""
    words = " ".join((title or "").split()) or "this"
    return words if len(words) <= MAX_ACT_CHARACTERS else words[: MAX_ACT_CHARACTERS - 1].rstrip() + "…"


def _questions(asked: list[Any]) -> Iterator[Question]:
    for question in asked:
        if not isinstance(question, dict):
            yield Question(_written(question))
            continue
        options = question.get("options")
        answers = [_answer(option) for option in options] if isinstance(options, list) else []
        yield Question(_written(question.get("question") or question.get("header") or question), tuple(answers))


def _answer(option: Any) -> str:
    if not isinstance(option, dict):
        return _written(option)
    label, description = _written(option.get("label", "")), option.get("description")
    return f"{label}: {_written(description)}" if description else label


def _diff_of(taken: _Taken, lines: list[Line]) -> str | None:
    """The change a payload makes as a unified diff; adds the line that says to what."""
    path = taken.payload.get("file_path") or taken.payload.get("path")
    edits = taken.take("edits", list)
    pairs = [edit for edit in edits or [] if isinstance(edit, dict)]
    if not pairs:
        pairs = _pair(taken)
    content = taken.take("content", str) if path and not pairs else None
    if isinstance(path, str) and (pairs or content):
        taken.used |= {"file_path", "path"}
        if content:
            amount = len(content.splitlines())
            lines.append(
                (
                    Run("Writes "),
                    Run(f"{amount:,} line{'' if amount == 1 else 's'}", True),
                    Run(" to "),
                    Run(path, True),
                )
            )
        else:
            lines.append((Run("Changes "), Run(path, True)))
    if content:
        return _unified("", content)
    return "\n".join(filter(None, (_unified(*_ends(pair)) for pair in pairs))) or None


def _pair(taken: _Taken) -> list[dict[str, Any]]:
    for before, after in _PAIRS:
        if before in taken.payload and after in taken.payload and _can_differ(taken.payload, before, after):
            taken.used |= {before, after}
            return [{"before": taken.payload[before], "after": taken.payload[after]}]
    changes = taken.payload.get("changes")
    if isinstance(changes, dict) and changes and all(_is_change(change) for change in changes.values()):
        taken.used.add("changes")
        ends = {name: _ends(change) for name, change in changes.items()}
        return [
            {
                "before": {name: before for name, (before, _) in ends.items()},
                "after": {name: after for name, (_, after) in ends.items()},
            }
        ]
    return []


def _can_differ(payload: Mapping[str, Any], before: str, after: str) -> bool:
    """From and to may also be a sender and a recipient: those are no change."""
    if (before, after) == ("from", "to"):
        return isinstance(payload[before], dict) and isinstance(payload[after], dict)
    return True


def _is_change(change: Any) -> bool:
    if isinstance(change, dict):
        return any(before in change and after in change for before, after in _PAIRS)
    return isinstance(change, list) and len(change) == 2


def _ends(change: Any) -> tuple[Any, Any]:
    if isinstance(change, dict):
        for before, after in _PAIRS:
            if before in change or after in change:
                return change.get(before), change.get(after)
    if isinstance(change, list) and len(change) == 2:
        return change[0], change[1]
    return None, change


def _unified(before: Any, after: Any) -> str:
    """A unified diff without its file names; values that are no text are compared as JSON, key by key."""
    old, new = _comparable(before), _comparable(after)
    # One line of context would hide which key a value belongs to, a whole file would hide the change.
    differing = [line.rstrip("\n") for line in difflib.unified_diff(old, new, n=3, lineterm="")][2:]
    kept = [line for line in differing if not line.startswith("@@")] if len(old) <= 12 else differing
    if len(kept) > MAX_DIFF_LINES:
        kept = [*kept[:MAX_DIFF_LINES], f"… {len(kept) - MAX_DIFF_LINES:,} more lines"]
    return "\n".join(kept)


def _comparable(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, dict):
        return [f"{name}: {_written(inner)}" for name, inner in value.items()]
    return json.dumps(value, ensure_ascii=False, indent=2).splitlines()


def _lines(payload: Mapping[str, Any], above: str = "", currency: Any = None) -> Iterator[Line]:
    """One line per value, in the order the agent wrote them; what is nested carries the names above it."""
    currency = payload.get("currency", currency)
    for name, value in payload.items():
        label = f"{above} {_label(name)}".strip() if above else _label(name).capitalize()
        if name == "currency" and any(_is_money(key, inner) for key, inner in payload.items()):
            continue
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, dict) and len(above.split()) < 6:
            yield from _lines(value, label, currency)
        elif _is_money(name, value):
            yield (Run(f"{label}: "), Run(_money(name, value, currency), True))
        else:
            is_strong = bool(_OBJECT.search(_snake(name)) or _AMOUNT.search(_snake(name)))
            yield (Run(f"{label}: "), Run(_written(value, _snake(name)), is_strong))


def _snake(name: str) -> str:
    """A name as agents of any language write it, in one form: sendTo, send-to and "Send to" are send_to."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()


def _label(name: str) -> str:
    return _IN_CURRENCY.sub("", _snake(name)).removesuffix("_cents").replace("_", " ")


def _is_money(name: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    lowered = _snake(name)
    if not (_IN_CURRENCY.search(lowered) or _MONEY.search(lowered)):
        return False
    return _number(value) is not None


def _number(value: float | str) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < MOST_DIGITS_OF_MONEY else None


def _money(name: str, value: float | str, currency: Any) -> str:
    lowered = _snake(name)
    number = _number(value) or Decimal(0)
    if lowered.endswith("_cents"):
        number /= 100
    suffix = _IN_CURRENCY.search(lowered)
    code = suffix[1].upper() if suffix else currency.upper() if isinstance(currency, str) else ""
    written = f"{number:,.2f}" if number % 1 or code else f"{number:,}"
    return f"{_SIGNS[code]}{written}" if code in _SIGNS else f"{written} {code}".strip()


def _written(value: Any, name: str = "") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and _AMOUNT.search(name):
        return f"{value:,}"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        text = ", ".join(str(item) for item in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[: MAX_VALUE_CHARACTERS - 1]}…"
