"""What the page of agents tells first: the sentences and four figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isinf

from data.jobs import ENDED, STATELESS
from data.reports import rates
from data.reports.performance import Performance
from ui import page
from ui.agents import before
from ui.agents.choosing import Chosen, absent
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing.cards import Card
from ui.drawing.markup import Child, Markup, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import LEAST_COMPARED, change, plural, point_change

_MOST_NAMED = 3  # agents in one sentence; the table has them all


def summary(
    agents: Sequence[Performance], total: Performance, period: Period, chosen: Chosen, *, is_partial: bool
) -> None:
    """The first sentences: how much runs without a person, who escalates or fails more than before, what it cost.
    `is_partial`: there may be windows that the viewer does not see, so that nothing here is well; nor is what was
    compared with nothing."""
    escalating = sorted((one for one in agents if one.escalation_factor), key=lambda one: -(one.escalation_factor or 0))
    less = [one for one in agents if one.is_automated_less]
    failing = [one for one in agents if one.fails_more_often]
    pieces: list[Child] = [_automation(agents, total, period, chosen)]
    compared = sum(one.is_compared for one in agents)
    if period.previous:
        worse = [
            *[_escalates(one, period, chosen) for one in escalating],
            *[_automated_less(one, period, chosen) for one in less],
            *[_fails(one, period, chosen) for one in failing],
        ]
        pieces += worse[:_MOST_NAMED]
        if more := len(worse) - _MOST_NAMED:
            pieces.append(f"{plural(more, 'other change', 'other changes')} for the worse below." if more > 0 else None)
        if not worse and compared:
            checked = "" if chosen.agent else f" ({plural(compared, 'agent')} with enough on record to compare)"
            name = chosen.agent or "No agent"
            verb = "does not clearly escalate or fail" if chosen.agent else "clearly escalates or fails"
            pieces.append(f"{name} {verb} more often than in {period.previous_label}{checked}.")
    pieces.append(_cost(total, period, chosen, is_one=bool(chosen.agent) or sum(one.is_present for one in agents) == 1))
    known = compared and not (total.silent_windows or total.jobs_stateless or is_partial)
    state = "attention" if escalating or less or failing else "well" if known else "unknown"
    page.say(join(*[piece for piece in pieces if piece], between=" "), state=state)


def _automation(agents: Sequence[Performance], total: Performance, period: Period, chosen: Chosen) -> str:
    present = sum(one.is_present for one in agents)
    who = chosen.agent or plural(present, "agent")
    where = "among windows without a time" if period.untimed else period.during
    if not total.rated_actions:
        counted = f"; {plural(total.actions, 'action')} counted" if total.actions else ""
        return f"{who}; no automation rate can be told {where}{counted}."
    words = (
        f"{who}, automation rate {figures.percent(total.automated, total.rated_actions)} of "
        f"{plural(total.rated_actions, 'action')} {where}"
    )
    if period.previous and total.previous_rated_actions >= LEAST_COMPARED:
        was = before.rate(total.previous_automated, total.previous_rated_actions)
        words += f", {was} in {period.previous_label}"
    return f"{words}."


def _escalates(one: Performance, period: Period, chosen: Chosen) -> Markup:
    how = escalates(one.escalation_factor or 0.0)
    actions, previous_actions = one.actions or 0, one.previous_actions or 0  # none would have no factor
    return join(
        _name(one, period, chosen),
        f" {how} in {period.previous_label}: {per_hundred(one.counted_escalations, actions)} of "
        f"{figures.count(actions)}, was {per_hundred(one.previous_counted_escalations, previous_actions)} of "
        f"{figures.count(previous_actions)}.",
    )


def escalates(factor: float) -> str:
    """That an agent turns to people that many times as often, in words before "in" and the name of a period."""
    if isinf(factor):
        return "escalates, which it did not"
    if factor < 1.95:
        return f"escalates {figures.with_unit(f'{100 * (factor - 1):.0f}', '%')} more often than"
    return "escalates twice as often as" if factor < 2.25 else f"escalates {factor:.1f} times as often as"


def per_hundred(escalations: int, actions: int) -> str:
    """Escalations over what they were counted with."""
    return f"{100 * escalations / actions:.1f} per 100 actions"


def _automated_less(one: Performance, period: Period, chosen: Chosen) -> Markup:
    return join(
        _name(one, period, chosen),
        f" needs people more: {figures.percent(one.automated, one.rated_actions)} of "
        f"{figures.count(one.rated_actions)} actions ran without one, was "
        f"{figures.percent(one.previous_automated, one.previous_rated_actions)} of "
        f"{figures.count(one.previous_rated_actions)}.",
    )


def _fails(one: Performance, period: Period, chosen: Chosen) -> Markup:
    return join(
        _name(one, period, chosen),
        " fails more often: ",
        links.go(
            f"{figures.percent(one.jobs_failed, one.jobs_ended)} of {plural(one.jobs_ended, 'job')}",
            "jobs",
            period.query,
            agent=one.agent,
            status="failed",
        ),
        f", was {figures.percent(one.previous_jobs_failed, one.previous_jobs_ended)} of "
        f"{figures.count(one.previous_jobs_ended)}.",
    )


def _name(one: Performance, period: Period, chosen: Chosen) -> Child:
    shown = figures.middle(one.agent, 40)
    return shown if chosen.agent else links.go(shown, "agents", period.query, agent=one.agent, source=chosen.source)


def _cost(total: Performance, period: Period, chosen: Chosen, *, is_one: bool) -> Child:
    if total.cost_usd is None:
        return f"The cost of {plural(total.windows, 'window')} is not recorded." if total.windows else None
    where = "" if total.priced_windows == total.windows else f" of {figures.count(total.windows)}"
    windows = total.windows
    estimated = "in part estimated" if total.estimated_windows < total.priced_windows else "estimated"
    basis = f", {estimated} at list prices" if total.estimated_windows else ""
    query: Mapping[str, links.Value] = {**period.query, **chosen.carried}
    cost = links.go(figures.money(total.cost_usd), "agents", query, sort="-cost")
    words = join(
        "It cost " if is_one else "They cost ",
        cost,
        f"{basis} ({figures.count(total.priced_windows)}{where} {'window' if windows == 1 else 'windows'} priced",
    )
    moved = None
    if period.previous and total.previous_cost_usd is not None:
        cases = min(total.priced_windows, total.previous_priced_windows)
        moved = change(total.cost_usd, total.previous_cost_usd, cases=cases)
    if not moved:
        return join(words, ").")
    was = before.cost(total.previous_cost_usd, total.previous_priced_windows)
    return join(words, f"; {moved} on {period.previous_label}, {was}).")


def say_windows(total: Performance, period: Period) -> None:
    """What a window is, which of them weigh nothing, and where the figures rest on shaky ground."""
    if not total.windows:
        return
    said = [] if period.untimed else ["A window of figures counts whole in the period in which it ended."]
    if total.began_before:
        begun = plural(total.began_before, "window")
        said[0] = f"{said[0][:-1]}; {begun} began before it." if said else begun
    if total.countless_windows:
        say = "says" if total.countless_windows == 1 else "say"
        said.append(
            f"{plural(total.countless_windows, 'window')} {say} how much ran without a person, but not out of how many "
            "actions, so it cannot be weighted and is left out."
        )
    if total.confidence_countless:
        have = "has" if total.confidence_countless == 1 else "have"
        said.append(
            f"{plural(total.confidence_countless, 'window')} {have} a confidence but not over how many decisions; "
            "it is left out as well."
        )
    if total.contradicted_windows:
        store = "stores" if total.contradicted_windows == 1 else "store"
        said.append(
            f"{plural(total.contradicted_windows, 'window')} {store} an automation rate that the counts beside it do "
            "not give; the counts are taken."
        )
    if total.overlapping:
        among = plural(total.overlapping, "window")
        said.append(f"Among {among} of the same agent and source some overlap, so their actions are counted twice.")
    page.note(" ".join(said), _cost_elsewhere(total, period))


def _cost_elsewhere(total: Performance, period: Period) -> Child:
    """Why the cost of sessions is another figure: the same work, priced in another way."""
    if total.cost_usd is None:
        return None
    overview = links.go("Overview", "overview", period.query)
    if not total.estimated_windows:
        return join(" Costs are those that windows report; ", overview, " adds up those of sessions, which may differ.")
    less = (
        f"; in {plural(total.partly_estimated_windows, 'window')} some replies are of models without a known price"
        if total.partly_estimated_windows
        else ""
    )
    return join(
        f" Estimates price each reply at list prices on the day it was given{less}; ",
        overview,
        " counts a session whole when it started, at the cost that it recorded itself where it did, so the cost of "
        "sessions may differ.",
    )


def _escalated(view: View, total: Performance) -> str:
    if not total.windows:
        return absent(view)
    return figures.count(total.escalations) if total.escalations is not None else "unknown"


def _more_escalations(total: Performance) -> str | None:
    return change(total.escalations, total.previous_escalations) if total.escalations is not None else None


def _per_action(total: Performance) -> str | None:
    if total.escalations is None:
        return None
    if total.silent_windows:
        return f"{plural(total.silent_windows, 'window')} {'does' if total.silent_windows == 1 else 'do'} not say"
    return per_hundred(total.counted_escalations, total.actions) if total.actions else None


def _countless(view: View, total: Performance) -> str:
    return "no counts recorded" if total.windows or view.sees_all_of("engine.agent_metrics") else absent(view)


def _unsure(view: View, total: Performance) -> str:
    return figures.NONE_RECORDED if total.windows else absent(view)


def cards_of(view: View, total: Performance, period: Period, chosen: Chosen) -> list[Card]:
    """Actions without a person, escalations, confidence, failed jobs, each against the period before."""
    than = f"on {period.previous_label}" if period.previous else None
    query: Mapping[str, links.Value] = {**period.query, **chosen.carried}
    return [
        Card(
            "Automated",
            figures.percent(total.automated, total.rated_actions) if total.rated_actions else "unknown",
            _points(total) if period.previous else None,
            f"{than}, n\u00a0=\u00a0{figures.count(total.previous_rated_actions)}" if than else None,
            f"of {plural(total.rated_actions, 'action')}" if total.rated_actions else _countless(view, total),
            address=links.href("agents", query, sort="automated" if not chosen.agent else None),
        ),
        Card(
            "Escalations",
            _escalated(view, total),
            _more_escalations(total) if period.previous else None,
            f"{than}, n\u00a0=\u00a0{figures.count(total.previous_escalations)}" if than else None,
            _per_action(total),
            address=links.href("agents", query, sort="-escalations"),
        ),
        Card(
            "Confidence",
            f"{total.confidence:.2f}" if total.confidence is not None else _unsure(view, total),
            _confidence_change(total) if period.previous else None,
            f"{than}, n\u00a0=\u00a0{figures.count(total.previous_decisions)}" if than else None,
            f"mean of {plural(total.decisions, 'decision')}" if total.decisions else None,
            address=links.href("agents", query, sort="confidence"),
        ),
        Card(
            "Jobs failed",
            figures.percent(total.jobs_failed, total.jobs_ended) if total.jobs_ended else figures.NONE_RECORDED,
            point_change(total.jobs_failed, total.jobs_ended, total.previous_jobs_failed, total.previous_jobs_ended)
            if period.previous
            else None,
            f"{than}, n\u00a0=\u00a0{figures.count(total.previous_jobs_ended)}" if than else None,
            _jobs(total, period, chosen),
            address=links.href("jobs", period.query, agent=chosen.agent, status="failed"),
        ),
    ]


def _points(total: Performance) -> str | None:
    return point_change(
        round(total.automated), total.rated_actions, round(total.previous_automated), total.previous_rated_actions
    )


def _jobs(total: Performance, period: Period, chosen: Chosen) -> Child:
    """How many jobs failed and were done, leading to these, and how many were done before."""
    query, parts = {**period.query, "agent": chosen.agent}, list[Child]()
    if total.jobs_ended:
        ended = links.go(figures.count(total.jobs_ended), "jobs", query, status=ENDED)
        parts.append(join(f"{figures.count(total.jobs_failed)} of ", ended))
    if total.jobs_ended or total.previous_jobs_ended:
        was = before.count(total.previous_jobs_completed, is_known=total.previous_jobs_ended > 0)
        done = links.go(f"{figures.count(total.jobs_completed)} done", "jobs", query, status="completed")
        parts.append(join(done, f", {was}" if was else None))
    if total.jobs_stateless:
        silent = links.go(plural(total.jobs_stateless, "job"), "jobs", query, status=STATELESS)
        parts.append(join("of ", silent, " it is not known"))
    return join(*parts, between="; ") if parts else None


def _confidence_change(total: Performance) -> str | None:
    now, earlier = total.confidence, total.previous_confidence
    if now is None or earlier is None or not rates.is_compared(total.decisions, total.previous_decisions):
        return None
    moved = now - earlier
    return "unchanged" if abs(moved) < 0.005 else f"{moved:+.2f}".replace("-", "−")
