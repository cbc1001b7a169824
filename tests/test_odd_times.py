"""Times that no period can name are unknown: such a row closes a page to nobody, and figures take it as untimed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import approvals, calendar, database, exports, rollups
from data.access import Actor
from data.database import queries
from data.exports import catalog as exports_catalog
from data.jobs import reading as jobs
from data.reports import agents, coverage, sessions, tools
from tests import all_systems, performed, recorded
from tests.page_runs import file_rows, open_page
from tests.test_approvals import ask
from tests.test_cached_reads import WORD, addresses, addresses_of_systems
from ui import page
from ui.approvals.clock import clock
from ui.asking import periods
from ui.sops.steps import steps_of
from ui.wording import figures

QUERY = (
    "select 'infinity'::timestamptz as never, '-infinity'::timestamptz as always,"
    " '0044-03-15 BC'::timestamptz as ides, '0001-01-01Z'::timestamptz as zero, '9999-12-31Z'::timestamptz as last,"
    " '2026-01-01Z'::timestamptz as plain"
)
READ = {
    "never": None,
    "always": None,
    "ides": None,
    "zero": None,
    "last": None,
    "plain": datetime(2026, 1, 1, tzinfo=UTC),
}


def test_pooled_and_lone_connections_read_every_time(people: dict[str, Actor]) -> None:
    for unit in (database.reading, database.writing, database.apart):
        with unit(people["admin"]) as opened:
            assert opened.connection.execute(QUERY).fetchone() == READ


WORLDS = [
    # when things begin and when they end
    ("4713-01-02 00:00+00 BC", "290000-01-01 00:00+00"),
    ("290000-01-01 00:00+00", "4713-01-02 00:00+00 BC"),
    ("-infinity", "infinity"),
    ("infinity", "-infinity"),
    ("0001-01-01 00:00+00", "9999-12-31 23:59:59.999999+00"),
    ("9999-12-31 23:59:59.999999+00", "0001-01-01 00:00+00"),
]
ZONES = ("America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
ROLES = ("admin", "manager", "member")
# Each end of the world, zone and role once; the proofs take each end as a beginning and as an end, everywhere.
TAKEN_HERE = [(*world, zone, role) for world, zone, role in zip(
    (WORLDS[0], WORLDS[3], WORLDS[5]), (ZONES[1], ZONES[0], ZONES[2]), ("member", "manager", "admin"), strict=True
)]  # fmt: skip
ENDS = ("ended_at", "completed_at", "decided_at", "updated_at", "expires_at", "processed_at", "last_modified")
SYSTEMS = ["agents", "chronicle", "engine", "lift", "toolbox"]


def move_to(owner: psycopg.Connection[DictRow], begins: str, ends: str) -> None:
    """Every time that the rows of the systems hold, with whatever guards their tables off."""
    columns = owner.execute(
        "select c.table_schema, c.table_name, array_agg(c.column_name::text) as names"
        " from information_schema.columns as c"
        " join pg_tables as t on t.schemaname = c.table_schema and t.tablename = c.table_name"
        " where c.table_schema = any(%s) and c.data_type = 'timestamp with time zone' group by 1, 2",
        (SYSTEMS,),
    ).fetchall()
    for row in columns:
        table = sql.Identifier(row["table_schema"], row["table_name"])
        values = [
            sql.SQL("{0} = case when {0} is not null then {1}::timestamptz end").format(
                sql.Identifier(name), sql.Literal(ends if name in ENDS else begins)
            )
            for name in row["names"]
        ]
        owner.execute(sql.SQL("alter table {} disable trigger user").format(table))
        owner.execute(sql.SQL("update {} set {}").format(table, sql.SQL(", ").join(values)))
        owner.execute(sql.SQL("alter table {} enable trigger user").format(table))


@pytest.mark.parametrize(("begins", "ends", "zone", "role"), TAKEN_HERE)
def test_no_page_and_no_export_is_closed_by_times_of_another_world(
    owner: psycopg.Connection[DictRow],
    people: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
    begins: str,
    ends: str,
    zone: str,
    role: str,
) -> None:
    monkeypatch.setattr(page, "zone_named", lambda _: ZoneInfo(zone))
    now = datetime(2026, 11, 20, tzinfo=UTC)
    session = recorded.one_of_everything(owner, now, WORD, people["member"].user_id)
    rows = all_systems.add(owner, now, WORD, people["member"])
    asked = [*addresses(owner, session), *addresses_of_systems(rows, people["member"])]
    completed = owner.execute("select id from agents.jobs where status = 'completed'").fetchone()
    assert completed
    move_to(owner, begins, ends)
    owner.execute(
        "insert into signalbox.change_log (source, slot) select source, 2147483647 from signalbox.rollup_state"
    )
    rollups.finish("real")
    over_all = [(path, {**parameters, "period": "all"}) for path, parameters in asked]
    # What began long ago is in no other period than that one; what is to come is in the one that pages begin with, too.
    is_to_come = owner.execute("select %s::timestamptz > now() as found", (begins,)).fetchone() == {"found": True}
    asked = [
        *(asked if is_to_come else []),
        *over_all,
        ("reports/jobs.py", {"job": str(completed["id"])}),
        ("reports/jobs.py", {"period": "untimed"}),
        ("reports/jobs.py", {"period": "all", "q": WORD}),
        ("reports/sessions.py", {"period": "all", "sort": "duration"}),
    ]
    closed = [
        (path, parameters)
        for path, parameters in asked
        if "tell whoever runs this console" in open_page(people[role], path, **parameters).text
    ]
    assert not closed
    for name in exports_catalog.REPORTS:
        assert list(exports.stream(people["admin"], name, exports.parse(name, {}), "csv")), name


def test_how_long_something_of_another_world_took_is_unknown(
    owner: psycopg.Connection[DictRow], people: dict[str, Actor]
) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    recorded.one_of_everything(owner, now, WORD, people["member"].user_id)
    move_to(owner, *WORLDS[0])
    row = owner.execute(
        "select (select max(duration_ms) from analytics.session_summary) as session,"
        " (select avg_processing_time from analytics.job_stats) as job"
    ).fetchone()
    assert row == {"session": None, "job": None}


NO_TIMES = (
    None, "-infinity", "4713-01-02 00:00+00 BC", "0001-01-01 00:00+00", "1970-01-01 23:59:59+00", "2200-12-31 00:00+00",
    "9999-12-31 23:59:59+00", "290000-01-01 00:00+00", "infinity",
)  # fmt: skip


def test_default_period_counts_lists_and_files_take_what_no_period_can_name_as_untimed(
    owner: psycopg.Connection[DictRow], people: dict[str, Actor]
) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
    for when in (at, *NO_TIMES):
        session_pk = recorded.session(owner, at)
        recorded.call(owner, session_pk, at, answered=False)
        recorded.job(owner, at, started=at, completed=at)
        if when != at:
            owner.execute("update chronicle.sessions set started_at = %s where id = %s", (when, session_pk))
            owner.execute("update chronicle.events set timestamp = %s where session_id = %s", (when, session_pk))
            owner.execute("update chronicle.tool_events set created_at = %s where session_id = %s", (when, session_pk))
            owner.execute(
                "update agents.jobs set created_at = coalesce(%s, created_at), completed_at = %s"
                " where id = (select id from agents.jobs where completed_at = %s order by id limit 1)",
                (when, when, at),
            )
    number, manager = len(NO_TIMES), people["manager"]
    # A job that does not say when it ended counts when it was made.
    owner.execute("update agents.jobs set completed_at = 'infinity' where completed_at is null")
    for _ in ("as it is", "from what is stored"):
        for subject, known in coverage.read_coverage(manager).items():
            if subject != "approvals":
                assert (subject, known.first, known.last, known.untimed) == (subject, at, at, number)
        assert tools.read_usage(manager, untimed=True).total.calls == number
        of_jobs = jobs.read_summary(manager, untimed=True, now=at)
        assert (of_jobs.jobs, of_jobs.timed, of_jobs.p50_ms) == (number, 0, None), "how long they ran is unknown"
        rollups.finish("real")
    listed = sessions.list_page(manager, chosen=sessions.Chosen(untimed=True), sort="when", downwards=True, most=50)
    assert [row["duration_ms"] for row in listed] == [None] * number
    words = [figures.exact(row["started_at"], ZoneInfo(ZONES[0])) for row in listed]
    assert words == ["no time recorded"] * number
    for name in ("sessions", "tool_calls", "jobs"):
        assert len(file_rows(manager, name, {"untimed": ["true"]})) == number, name
        for end in ({"start": ["1970-01-02"]}, {"end": ["2200-12-31"]}):
            assert len(file_rows(manager, name, end)) == 1, (name, end)
    for path in ("overview", "sessions", "tools", "jobs"):
        told = open_page(manager, f"reports/{path}.py").text
        assert f"the last 7 days with data: {figures.days(at - timedelta(days=6), at, ZoneInfo('UTC'))}" in told
    for path in ("sessions", "tools", "jobs"):
        lists = {"list": "calls"} if path == "tools" else {}
        assert number in open_page(manager, f"reports/{path}.py", period="untimed", **lists).rows, path


PLACEHOLDERS = [text for text in NO_TIMES if text is not None]


def test_no_wait_and_no_window_is_measured_from_a_placeholder(
    owner: psycopg.Connection[DictRow], people: dict[str, Actor]
) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    hour, admin = timedelta(hours=1), people["admin"]
    for at in (now, *PLACEHOLDERS):
        made = {"created_at": at} if at != now else {}
        ask(owner, status="approved", created_at=now - hour, decided_at=at)
        ask(owner, **{"created_at": now - 2 * hour, "expires_at": now + 99 * hour, **made})
        ask(owner, **{"status": "approved", "created_at": now - hour, "decided_at": now, **made})
    begun = [text for text in PLACEHOLDERS if "BC" in text or text < "1971"]  # a window ends after it begins
    for at in (now - hour, *begun):
        performed.window(owner, now, window_start=at)
    for state in ("as it is", "from what is stored"):
        told = approvals.read_summary(admin, chosen=approvals.Questions(now=now, shown="decided"))
        assert (told.timed, told.p50_ms, told.p95_ms) == (2, 3_600_000, 3_600_000), state
        chosen = approvals.Questions(now=now, shown="decided", untimed=True)
        untimed = approvals.read_summary(admin, chosen=chosen)
        assert (untimed.of("approved"), untimed.timed, untimed.p50_ms) == (len(PLACEHOLDERS), 0, None), state
        [agent] = agents.read_agents(admin, start=now - hour, end=now + hour)
        told_windows = (agent.windows, agent.overlapping, agent.began_before)
        assert told_windows == (1 + len(begun), 0, 0), state
        rollups.finish("real")
    queue = approvals.read_queue(admin, chosen=approvals.Questions(now=now)).shown
    assert queue[0]["created_at"] == now - 2 * hour, "what has no time has not waited the longest"
    assert not approvals.read_queue(admin, chosen=approvals.Questions(now=now, urgency="overdue")).shown
    told_clocks = {clock({**row, "expires_at": None}, now)[1] for row in queue}
    assert told_clocks == {"waits", f"waits for {figures.duration(7_200_000)}"}


def test_how_long_something_took_is_known_between_two_times_of_the_calendar() -> None:
    plain, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert calendar.milliseconds_between(plain, late) == 2000
    assert calendar.milliseconds_between(late, plain) == -2000
    for odd in (None, datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), calendar.END):
        assert calendar.milliseconds_between(odd, plain) is None
        assert calendar.milliseconds_between(plain, odd) is None
        assert calendar.took_ms(plain, odd) is None
    assert (calendar.took_ms(plain, late), calendar.took_ms(plain, plain), calendar.took_ms(late, plain)) == (
        2000,
        0,
        None,
    )
    [step] = steps_of([{"step": "wait", "started_at": "0001-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:00Z"}])
    assert step.took_ms is None


def test_what_the_calendar_holds_is_in_days_of_periods_in_every_zone() -> None:
    for zone in (*ZONES, "Etc/GMT+12"):
        for edge in (calendar.FIRST, calendar.END - timedelta(microseconds=1)):
            known = periods.Extent(edge, edge, 0, holds_rows=True)
            asked = periods.period_of({"period": "latest"}, known, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone))
            assert asked.start is not None
            assert asked.end is not None
            assert asked.start <= edge < asked.end
            assert periods.period_of(asked.query, known, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone)).start


# The ends of what is counted by its time, and ends of slots where a float8 of seconds is a slot further on.
FAR = (
    "4714-11-24 00:00+00 BC", "4710-01-01 00:00+00 BC", "1000-01-01 00:59:59.999999+00 BC",
    "9998-12-31 23:59:59.999999+00", "9999-01-01 00:00:00.000001+00", "59990-01-01 00:00+00",
    "59999-12-31 23:59:59.999999+00",
)  # fmt: skip


@pytest.mark.usefixtures("people")
def test_sums_of_times_at_the_ends_are_those_of_the_rows(owner: psycopg.Connection[DictRow]) -> None:
    for at in FAR:
        owner.execute(
            "insert into chronicle.tool_events (tool_name, phase, created_at) values ('T', 'post', %s)", (at,)
        )
    edges = (*FAR, "9999-01-01 00:00+00", "59990-01-01 00:15+00")
    usage = queries.find("tools.list_usage").text
    others = {"untimed": False, "previous_start": None, "previous_end": None, "tool": None, "project": None}

    def calls(start: str | None, end: str | None) -> int:
        rows = owner.execute(usage, {**others, "start": start, "end": end, "with_total": True}).fetchall()
        return int(rows[0]["calls"]) if rows else 0

    for state in ("built", "stored anew"):
        rollups.finish("real")
        for edge in edges:
            row = owner.execute(
                "select count(*) filter (where created_at < %(at)s::timestamptz) as earlier,"
                " count(*) filter (where created_at >= %(at)s::timestamptz) as later from chronicle.tool_events",
                {"at": edge},
            ).fetchone()
            assert row == {"earlier": calls(None, edge), "later": calls(edge, None)}, (state, edge)
        assert owner.execute("update chronicle.tool_events set success = true").rowcount == len(FAR)
        # As where more changed than the log holds row by row.
        owner.execute("insert into signalbox.change_log (source, slot) select source, slot from signalbox.change_log")
