"""Period, filters, search and sorting. The URL is the state, and each step is an entry of the history."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date

import streamlit as st

from data import exports
from data.reports.coverage import Coverage, read_coverage
from ui import cached, page
from ui.asking import links, periods
from ui.asking.periods import Extent, Period
from ui.drawing.markup import Child, join, span, tag
from ui.view import View
from ui.wording import figures, sentences

LONGEST_VALUE = exports.MAX_CHARACTERS
LONGEST_SEARCH = 200

# Where the parameter's name is none.
_NOUNS = {
    "has": "content", "show": "list", "sort": "order", "only": "part",
    "long": "filter “long” with", "startless": "filter “startless” with",
}  # fmt: skip

# What no text field takes, and what turns words round. Others that cannot be seen belong to words, and to emoji.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

# The parameter with the number of a page: what a step to other rows starts anew.
PAGE_NUMBER = "page"
_NO_FILTERS = frozenset(("period", "from", "to", "sort", "list", "show", "view", PAGE_NUMBER))
PASSED_OVER = "it is passed over"  # what becomes of an unknown choice where other parameters decide as well
_NOTHING = Extent(None, None, 0, False)


def given(name: str, query: Mapping[str, str] | None = None) -> str | None:
    """A parameter of the URL, or of this query; None when it is not there, empty, absurdly long, or holds characters of
    control."""
    value = (st.query_params if query is None else query).get(name)
    return value if value and len(value) <= LONGEST_VALUE and not _CONTROL.search(value) else None


def are_set() -> bool:
    """Whether the URL asks for some of the rows: for more than a period, a view of them, an order and a page."""
    return any(value and name not in _NO_FILTERS for name, value in st.query_params.items())


def say_untimed(view: View, period: Period, known: Extent, what: str, *, in_all_time: bool = False) -> None:
    """How many rows no period holds because they have no time, leading to them (`what`: a noun, or counts in words);
    `in_all_time` says that all time has them among its figures, and that nothing else on the page tells so. The number
    is of all rows, and so is what the link leads to, which is said where filters are set."""
    is_all = period.choice == "all"
    said = sentences.untimed(known.untimed, what, in_all_time=is_all)
    if not said or period.untimed or (is_all and not in_all_time):
        return
    words = f"Without the filters, {said[0].lower()}{said[1:]}" if are_set() else said
    page.note(links.go(words, view.page.url_path, period="untimed"))


def say_unsummed(asked: Sequence[str], rows: str) -> None:
    """Says by which of the filters no sums are kept, so that the `rows` themselves were counted; nothing for none."""
    if asked:
        page.note(f"No sums are kept by {sentences.listed(asked)}, so the {rows} themselves were counted.")


def extent(view: View, covers: str | Sequence[str]) -> Extent:
    """From when to when one or several subjects hold rows that the viewer may see."""
    coverage = cached.read(view, read_coverage)
    parts = [coverage[subject] for subject in ([covers] if isinstance(covers, str) else covers)]
    return _joined(parts)


def _joined(parts: Iterable[Coverage]) -> Extent:
    known = list(parts)
    if not known:
        return _NOTHING
    firsts = [part.first for part in known if part.first]
    lasts = [part.last for part in known if part.last]
    return Extent(
        min(firsts, default=None),
        max(lasts, default=None),
        sum(part.untimed for part in known),
        any(part.holds_rows for part in known),
    )


def extent_of(coverage: Coverage) -> Extent:
    """What one subject holds, for pages that read its coverage themselves."""
    return _joined([coverage])


def period(view: View, known: Extent, *, first: str = "7d") -> Period:
    """The period picker beside the title, and what is picked. `known` is what the newest data decide the default by,
    `first` the choice that a page opens on where it holds something."""
    chosen = asked_period(view, known, first=first)
    for remark in periods.remarks(given("period"), chosen, known, view.as_of):
        page.note(remark)
    offered = periods.choices(known, view.as_of, first)
    default = periods.default_choice(known, view.as_of, first)
    if chosen.choice not in offered:
        offered.insert(0, chosen.choice)
    key = "f_period"
    st.session_state[key] = chosen.choice

    def put() -> None:
        picked = st.session_state[key]
        _forget("from", "to", PAGE_NUMBER)
        if picked == "custom":
            st.query_params.update({**_days_of(chosen, view.minute.date()), "period": "custom"})
        else:
            _set("period", None if picked == default else picked)

    with view.controls:
        st.selectbox(
            "Period",
            offered,
            key=key,
            on_change=put,
            format_func=periods.LABELS.__getitem__,
            label_visibility="collapsed",
            width=190,
        )
        if chosen.choice == "custom":
            _custom(chosen)
    return chosen


def asked_period(view: View, known: Extent, *, first: str = "7d", query: Mapping[str, str] | None = None) -> Period:
    """The period that the URL, or this query, asks for, without a picker for it."""
    asked = {name: value for name in ("period", "from", "to") if (value := given(name, query))}
    return periods.period_of(asked, known, view.as_of, view.zone, first)


def _days_of(chosen: Period, today: date) -> dict[str, str]:
    query = Period("custom", chosen.start, chosen.end, "", chosen.zone).query
    return {name: query.get(name, today.isoformat()) for name in ("from", "to")}


def _custom(chosen: Period) -> None:
    key = "f_days"
    days = chosen.query
    st.session_state[key] = (date.fromisoformat(days["from"]), date.fromisoformat(days["to"]))

    def put() -> None:
        picked = st.session_state[key]
        if len(picked) == 2:
            _forget(PAGE_NUMBER)
            st.query_params.update({"period": "custom", "from": f"{picked[0]}", "to": f"{picked[1]}"})

    st.date_input("From and to", key=key, on_change=put, label_visibility="collapsed", width=230, format="DD/MM/YYYY")


def choice(
    view: View,
    name: str,
    options: Mapping[str, int] | Sequence[tuple[str, int]],
    *,
    every: str | None = None,
    label: Callable[[str], str] = str,
    known: Collection[str] | None = None,
) -> str | None:
    """A filter on one value, each offered with how many rows it has. `every` is the word for no filter.

    What the URL asks for stays chosen, also where it has no rows (then with 0); of a value that none of the `known`
    ones is, and of one that no address holds, it is said that it filters nothing. None: no filter.
    """
    counts = dict(options)
    asked = asked_of(name, known, label)
    if asked is not None:
        counts.setdefault(asked, 0)
    key = f"f_{name}"
    st.session_state[key] = asked or ""

    def put() -> None:
        _forget(PAGE_NUMBER)
        _set(name, st.session_state[key])

    def shown(value: str) -> str:
        return f"{label(value)} · {figures.count(counts[value])}" if value else every or f"All {name}s"

    with view.controls:
        st.selectbox(
            name.capitalize(),
            ["", *counts],
            key=key,
            on_change=put,
            format_func=shown,
            label_visibility="collapsed",
            width=150,
        )
    return asked


def asked_of(
    name: str,
    known: Collection[str] | None,
    label: Callable[[str], str] = str,
    *,
    told: Collection[str] | None = None,
    instead: str = "all are shown",
) -> str | None:
    """A parameter of the URL; one that is none of the `known` ones is None, and a note says so, what is shown `instead`
    and which ones there are (`told` where not all of them)."""
    asked = given(name)
    say_refused(name, instead)
    if asked is None or known is None or asked in known:
        return asked
    page.note(
        f"There is no {_NOUNS.get(name, name)} “{figures.shortened(asked, 60)}”, so {instead}. There are: "
        f"{sentences.listed([label(one) for one in told or known])}."
    )
    return None


def say_refused(name: str, instead: str = "all are shown") -> None:
    """Says that the URL has a value that filters nothing, where it has one, and what is shown `instead`."""
    if st.query_params.get(name) and given(name) is None:
        page.note(
            f"The address asks for a value of “{name}” that no filter holds: it is longer than "
            f"{figures.count(LONGEST_VALUE)} characters or has characters of control. "
            f"{instead[0].upper()}{instead[1:]}."
        )


def search(view: View, placeholder: str, name: str = "q") -> str | None:
    """A search field whose text stands in the URL. None: nothing is searched for."""
    say_refused(name)
    key = f"f_{name}"
    st.session_state[key] = given(name) or ""

    def put() -> None:
        _forget(PAGE_NUMBER)
        _set(name, st.session_state[key].strip())

    with view.controls:
        st.text_input(
            "Search",
            key=key,
            on_change=put,
            placeholder=placeholder,
            label_visibility="collapsed",
            icon=":material/search:",
            max_chars=LONGEST_SEARCH,
            width=190,
        )
    return given(name)


def chips(view: View, active: Mapping[str, tuple[str, str] | None]) -> None:
    """The active filters, each removable: parameter of the URL -> (what it is, its value). None ones are left out."""
    shown = {name: words for name, words in active.items() if words is not None}
    if not shown:
        return
    pieces: list[Child] = [
        links.go_to(
            join(span(f"{what} ", "sb-muted"), value, span(" ×", "sb-muted")),
            here(view, **{name: None, PAGE_NUMBER: None}),
            class_="sb-chip",
            title=f"Remove the filter on {what}",
        )
        for name, (what, value) in shown.items()
    ]
    if len(shown) > 1:
        pieces.append(links.go_to("clear all", here(view, **dict.fromkeys((*shown, PAGE_NUMBER)))))
    st.html(tag("div", *pieces, class_="sb-chips"))


def here(view: View, **changes: links.Value) -> str:
    """The address of this screen with some parameters changed; None takes one out."""
    return links.href(view.page.url_path, {**st.query_params.to_dict(), **changes})


def sorting(allowed: Collection[str], default: str, *, beside: Collection[str] = ()) -> tuple[str, bool]:
    """What the rows are sorted by and whether downwards, from `sort` in the URL: "duration", or "-duration". An order
    that there is none is said, but for those of other lists of the page, `beside`."""
    orders = [f"{sign}{name}" for name in (*allowed, *beside) for sign in ("", "-")]
    asked = asked_of("sort", orders, told=allowed, instead="the usual one is kept") or default
    if asked.removeprefix("-") not in allowed:
        asked = default
    return asked.removeprefix("-"), asked.startswith("-")


def put(name: str, value: str) -> None:
    """Set a parameter of the URL, as an entry of the history; for callbacks of buttons."""
    _set(name, value)


def _set(name: str, value: str | None) -> None:
    if value:
        st.query_params[name] = value
    else:
        _forget(name)


def _forget(*names: str) -> None:
    for name in names:
        st.query_params.pop(name, None)
