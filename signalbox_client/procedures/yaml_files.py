"""YAML documents with places, by PyYAML, which only those install who want YAML."""

from __future__ import annotations

import math
import re
from typing import Any

from signalbox_client import checking
from signalbox_client.procedures.errors import YamlUnavailable
from signalbox_client.procedures.places import FAULTY, MAX_DEPTH, TOO_LONG, Placed, Unreadable

MAX_VALUES = 100_000  # of a document; what an alias stands for counts each time

_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
_BASE_8 = re.compile(r"[-+]?0[0-7_]+")
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def read_yaml(text: str, faults: list[Unreadable]) -> Placed:
    """A YAML document with places; plain values only, no tags of one's own. What is wrong and lets the rest be read
    joins `faults`. Raises Unreadable, YamlUnavailable."""
    try:
        import yaml  # noqa: PLC0415 - an optional part
    except ImportError:
        raise YamlUnavailable from None
    try:
        loader = _shallow(yaml.SafeLoader)(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise Unreadable("the file is empty", 1, 1)
            return _Placing(loader, faults).placed(node, 0)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = error.problem or error.context or "this is no YAML"
        raise Unreadable(told, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except yaml.YAMLError as error:  # a character that may not be there at all
        before = text[: getattr(error, "position", 0)]
        raise Unreadable(
            "a character that YAML does not allow", before.count("\n") + 1, len(before) - before.rfind("\n")
        ) from None


def _shallow(base: Any) -> Any:
    """A loader that stops where a document nests too deep: PyYAML's own goes on, slowly, to a RecursionError."""

    class Shallow(base):  # type: ignore[misc]  # PyYAML's loader, known only where it is installed
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.depth > MAX_DEPTH:
                mark = self.peek_event().start_mark
                raise Unreadable(_TOO_DEEP, mark.line + 1, mark.column + 1)
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

    return Shallow


class _Placing:
    """Turns the nodes of one document into values with places."""

    def __init__(self, loader: Any, faults: list[Unreadable]) -> None:
        self.loader = loader
        self.faults = faults
        self.values = 0

    def placed(self, node: Any, depth: int) -> Placed:
        import yaml  # noqa: PLC0415 - an optional part

        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.values += 1
        if self.values > MAX_VALUES:
            raise Unreadable(f"this is more than {MAX_VALUES} values, counting what aliases stand for", line, column)
        if depth > MAX_DEPTH:  # by aliases, above all by a node that holds itself
            raise Unreadable(_TOO_DEEP, line, column)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            raise Unreadable(f"the tag {node.tag} is not known here", line, column)
        if isinstance(node, yaml.SequenceNode):
            return Placed([self.placed(inner, depth + 1) for inner in node.value], line, column)
        if isinstance(node, yaml.MappingNode):
            return Placed(self.members(node, depth), line, column)
        return Placed(self.scalar(node, line, column), line, column)

    def members(self, node: Any, depth: int) -> dict[str, tuple[Placed, Placed]]:
        found: dict[str, tuple[Placed, Placed]] = {}
        for key_node, value_node in node.value:
            key = self.placed(key_node, depth + 1)
            value = self.placed(value_node, depth + 1)
            if key.value is FAULTY:
                continue
            if not isinstance(key.value, str):
                self.faulty("a key must be text", key.line, key.column)
            elif key.value in found:
                self.faulty(f"the key {key.value} is there twice", key.line, key.column)
            else:
                found[key.value] = (key, value)
        return found

    def faulty(self, reason: str, line: int, column: int) -> Any:
        self.faults.append(Unreadable(reason, line, column))
        return FAULTY

    def scalar(self, node: Any, line: int, column: int) -> Any:
        """Text, a number, a truth value, None or FAULTY."""
        kind, written = node.tag.rpartition(":")[2], node.value[:40]
        if kind == "merge":
            return self.faulty("<< merges keys, which is not taken here: write them out", line, column)
        try:
            value = self.loader.construct_object(node)
        except (
            ValueError,
            KeyError,
            AttributeError,
            OverflowError,
        ):  # PyYAML's own, for the 31st of February and for "!!int one"
            is_too_long = kind == "int" and len(node.value) > checking.MAX_DIGITS
            reason = TOO_LONG if is_too_long else f"{written} is no {kind}; put text into quotes"
            return self.faulty(reason, line, column)
        if isinstance(value, float) and not math.isfinite(value):
            return self.faulty(f"{written} cannot be stored", line, column)
        if isinstance(value, bool) and node.value.lower() not in ("true", "false"):
            # Text to YAML 1.2, and mostly meant as such.
            return self.faulty(
                f"{written} may mean {str(value).lower()}; write that, or put text into quotes", line, column
            )
        if kind in ("int", "float") and (base := 60 if ":" in written else _BASE_8.fullmatch(node.value) and 8):
            return self.faulty(f"{written} is a number of base {base}; put text into quotes", line, column)
        if isinstance(value, str | int | float | bool | None):
            return value
        return str(node.value)  # dates, above all: as they are written
