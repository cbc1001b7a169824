"""The drafts of one model, which a row of the table of models leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.reports.lift_sessions import PARTS
from ui import page
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Markup
from ui.lift_sessions.one import validity, when
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_WORDS = {"syntax": "whose syntax was checked", "ast": "whose AST was checked", "priced": "with a cost"}


@dataclass(frozen=True)
class OfModel:
    """A model, and which of its drafts are asked for; None is all."""

    model: str
    only: str | None

    @property
    def narrowed(self) -> dict[str, Any]:
        """What the reader and its export take."""
        return {"model": self.model, "only": self.only}


def asked_model(view: View) -> OfModel | None:
    """The model whose drafts the URL asks for."""
    model = filters.given("model")
    if model is None:
        return None
    asked = OfModel(model, filters.asked_of("only", PARTS, _WORDS.__getitem__))
    shown = {"model": ("drafts of", figures.shortened(model, 60))}
    filters.chips(view, shown | ({"only": ("those", _WORDS[asked.only])} if asked.only else {}))
    return asked


def count(models: Sequence[Mapping[str, Any]], asked: OfModel) -> int:
    """How many drafts that are, by the table of models."""
    column = PARTS[asked.only] if asked.only else "drafts"
    return next((int(row[column]) for row in models if row["model"] == asked.model), 0)


def say_how_many(asked: OfModel, total: int, period: Period) -> None:
    """The first sentence, and the way back."""
    of = f" {_WORDS[asked.only]}" if asked.only else ""
    page.say(f"{plural(total, 'draft')} of {figures.shortened(asked.model, 60)}{of} {period.during}.")
    page.note(links.go("‹ Sessions of lift-sys", "lift_sessions", period.query))


def drafts_of_model(view: View, rows: Sequence[Mapping[str, Any]], total: int, period: Period) -> None:
    """One page of the drafts, each leading to its session."""

    def draft(row: tables.Row) -> Markup:
        number = "without a number" if row["draft_number"] is None else row["draft_number"]
        words = f"{figures.short_id(row['session_id'])}, draft {number}"
        return links.go(words, "lift_session", period.query, session=str(row["session_id"]))

    columns = [
        when(view),
        tables.Column("Session and draft", draft, wide=True),
        tables.Column("Syntax", lambda row: validity(row["syntax_valid"])),
        tables.Column("AST", lambda row: validity(row["ast_valid"])),
        tables.Column("Tokens in", tables.count("input_tokens"), is_number=True),
        tables.Column("out", tables.count("output_tokens"), is_number=True),
        tables.Column("Latency", tables.duration("latency_ms"), is_number=True),
        tables.Column(
            "Cost",
            lambda row: figures.money(row["cost_usd"]) if row["cost_usd"] is not None else tables.muted("not priced"),
            is_number=True,
        ),
    ]
    page.heading("Drafts", "the newest first")
    tables.table(view, rows, columns, label="Drafts of one model", total=total)
