"""One table: what row-level security does for it, its policies with their expressions, its indexes with their use."""

from __future__ import annotations

from data.operations.tables import OneTable
from ui import page
from ui.asking import filters, links
from ui.drawing import tables as drawing
from ui.drawing.markup import Child, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural
from ui.wording.sizes import size


def asked_table() -> str | None:
    """The one table that the URL asks for, as schema.table."""
    return filters.given("table")


def way_back(view: View) -> None:
    """The link to the list of tables."""
    page.put(tag("p", links.go("‹ all of the database", view.page.url_path)))


def one_table(view: View, name: str, shown: OneTable) -> None:
    """The sentence about its protection, then its policies and its indexes, each with its file."""
    page.heading(name, _facts(shown))
    state, words = _protection(shown)
    page.say(words, state=state)
    page.heading("Policies", "who gets at which rows")
    if shown.policies:
        _policies(view, shown)
        page.footer(view, report="table_policies", filters={"table": name}, rows=len(shown.policies))
    else:
        page.note("No policy.")
    page.heading("Indexes", "reads are counted since the statistics began, those on replicas are not")
    if shown.indexes:
        _indexes(view, shown)
        page.footer(view, report="table_indexes", filters={"table": name}, rows=len(shown.indexes))
    else:
        page.note("No index.")
        page.footer(view)


def _facts(shown: OneTable) -> str:
    facts = shown.facts
    return (
        f"{size(facts['table_bytes'])}, {size(facts['index_bytes'])} of indexes beside it, owned by "
        f"{facts['owner_name']}"
    )


def _protection(shown: OneTable) -> tuple[str, str]:
    """What row-level security does here, and whether that is well."""
    facts = shown.facts
    outside = f"It is reached by {listed(facts['open_to'])}" if facts["open_to"] else "It is reached by its owner alone"
    if not facts["has_row_security"]:
        state = "unknown" if facts["is_foreign"] else "broken" if facts["open_to"] else "attention"
        return state, f"Row-level security is off. {outside}{', every row of it' if facts['open_to'] else ''}."
    forced = "on, also for its owner (forced)" if facts["is_forced"] else "on, though not for its owner (not forced)"
    if not shown.policies:
        state = "attention" if facts["open_to"] and not facts["is_foreign"] else "well"
        return state, f"Row-level security is {forced}. {outside}, and no policy lets anybody see a row."
    number = plural(len(shown.policies), "policy decides", "policies decide")
    return "well", f"Row-level security is {forced}. {outside}, and {number} which rows."


def _policies(view: View, shown: OneTable) -> None:
    drawing.table(
        view,
        shown.policies,
        [
            drawing.Column("Policy", lambda row: row["policy_name"]),
            drawing.Column("Command", lambda row: row["command"]),
            drawing.Column("Roles", lambda row: row["roles"]),
            drawing.Column("Kind", _kind_of_policy),
            drawing.Column("Lets through", lambda row: _expression(row["lets_through"]), wide=True),
            drawing.Column("Lets be written", lambda row: _expression(row["lets_write"]), wide=True),
        ],
        label="Policies",
    )


def _kind_of_policy(row: drawing.Row) -> Child:
    kind = str(row["kind"])
    return kind if kind == "permissive" else tag("span", page.mark("attention", kind), kind, class_="sb-state")


def _expression(written: str | None) -> Child:
    return tag("code", written) if written else drawing.muted(figures.DASH)


def _indexes(view: View, shown: OneTable) -> None:
    drawing.table(
        view,
        shown.indexes,
        [
            drawing.Column("Index", lambda row: row["index_name"]),
            drawing.Column("Kind", _kind_of_index),
            drawing.Column("Size", lambda row: size(row["size_bytes"]), is_number=True),
            drawing.Column("Reads", drawing.count("scans"), is_number=True),
            drawing.Column(
                f"Last read ({figures.zone_name(view.as_of, view.zone)})",
                lambda row: _last_read(view, row),
                hint=lambda row: figures.exact(row["last_read_at"], view.zone) if row["last_read_at"] else None,
            ),
            drawing.Column("Definition", lambda row: tag("code", row["definition"]), wide=True),
        ],
        label="Indexes",
    )


def _kind_of_index(row: drawing.Row) -> Child:
    kind = str(row["kind"])
    return join(page.mark("broken", kind), kind) if kind == "invalid" else kind


def _last_read(view: View, row: drawing.Row) -> Child:
    if row["last_read_at"] is not None:
        return figures.moment(row["last_read_at"], view.zone, view.as_of)
    return drawing.muted("not told" if row["scans"] else "never")
