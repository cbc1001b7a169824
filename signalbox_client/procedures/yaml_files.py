"""YAML documents with places, by PyYAML, which only those install who want YAML."""

from __future__ import annotations

import math
from typing import Any

from signalbox_client.procedures.errors import YamlUnavailable
from signalbox_client.procedures.places import MAX_DEPTH, Placed, Unreadable

_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def read_yaml(text: str) -> Placed:
    """A YAML document with places; plain values only, no tags of one's own. Raises Unreadable, YamlUnavailable."""
    try:
        import yaml  # noqa: PLC0415 - an optional part
    except ImportError:
        raise YamlUnavailable from None
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise Unreadable("the file is empty", 1, 1)
            return _placed(loader, node, 0)
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


def _placed(loader: Any, node: Any, depth: int) -> Placed:
    import yaml  # noqa: PLC0415 - an optional part

    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if depth > MAX_DEPTH:  # also a node that holds itself
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep", line, column)
    if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
        raise Unreadable(f"the tag {node.tag} is not known here", line, column)
    if isinstance(node, yaml.SequenceNode):
        return Placed([_placed(loader, inner, depth + 1) for inner in node.value], line, column)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, tuple[Placed, Placed]] = {}
        for key_node, value_node in node.value:
            key = _placed(loader, key_node, depth + 1)
            if not isinstance(key.value, str):
                raise Unreadable("a key must be text", key.line, key.column)
            if key.value in found:
                raise Unreadable(f"the key {key.value} is there twice", key.line, key.column)
            found[key.value] = (key, _placed(loader, value_node, depth + 1))
        return Placed(found, line, column)
    value = loader.construct_object(node)
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"{node.value} cannot be stored", line, column)
    if not isinstance(value, str | int | float | bool | None):  # dates, above all: as they are written
        value = node.value
    return Placed(value, line, column)
