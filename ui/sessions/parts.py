"""Parts of a session that its first sentence counts: each number leads to as many happenings, drawn alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ui import page
from ui.asking import filters, links
from ui.drawing.markup import Markup
from ui.sessions import timeline
from ui.sessions.timeline import Item
from ui.view import View
from ui.wording.sentences import plural

# Which happenings a part holds, and what one and several of them are called.
PARTS: dict[str, tuple[Callable[[Item], bool], tuple[str, ...]]] = {
    "prompts": (lambda item: item["kind"] == "prompt", ("prompt",)),
    "calls": (lambda item: item["kind"] == "call", ("tool call",)),
    "failed": (lambda item: item["kind"] == "call" and item["outcome"] == "failed", ("failed call",)),
    "refused": (lambda item: item["kind"] == "call" and item["outcome"] == "refused", ("refused call",)),
    "unknown": (
        lambda item: item["kind"] == "call" and item["outcome"] == "unknown",
        ("call without a recorded outcome", "calls without a recorded outcome"),
    ),
    "errors": (lambda item: item["kind"] != "call" and timeline.state_of(item) == "broken", ("other error",)),
    "subagents": (
        lambda item: item["agent_id"] is not None,
        ("happening in a subagent", "happenings in subagents"),
    ),
    "compactions": (lambda item: item["kind"] == "compaction", ("compaction",)),
}


def of(items: Sequence[Item], part: str) -> list[Item]:
    """The happenings of a part, in their order."""
    holds, _ = PARTS[part]
    return [item for item in items if holds(item)]


def led(view: View, words: str, part: str) -> Markup:
    """Words with a number, leading to what they count."""
    return links.go_to(words, filters.here(view, only=part, item=None))


def asked(view: View, items: Sequence[Item]) -> Sequence[Item]:
    """The happenings that the URL asks for: all of them, or one part, which can be taken away again."""
    part = filters.asked_of("only", PARTS)
    if part is None:
        return items
    shown = of(items, part)
    _, words = PARTS[part]
    filters.chips(view, {"only": ("only", plural(len(shown), *words))})
    if not shown and items:
        page.empty(
            "This session holds none of these. ", links.go_to("Show all of it", filters.here(view, only=None)), "."
        )
    return shown
