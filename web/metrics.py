"""/metrics: what this process measures, as text for Prometheus, for whoever brings the token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from anyio import to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from data import database, measures
from data.errors import SignalboxError
from data.identity import web_sessions
from web.gate.connections import Connections
from web.gate.tokens import carries_token


class Metrics:
    """The route. Without a token in the settings it answers nobody."""

    def __init__(self, token: str | None, connections: Connections) -> None:
        self._token = token
        self._registry = CollectorRegistry()
        self._registry.register(_OwnFigures(lambda: connections.count("page"), lambda: connections.count("stream")))

    @property
    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/metrics", self._answer, methods=["GET"])]

    async def _answer(self, request: Request) -> Response:
        if not carries_token(request.scope, self._token):
            sentence = "Bring SIGNALBOX_METRICS_TOKEN as a bearer token." if self._token else "No token is set."
            return PlainTextResponse(f"{sentence}\n", status_code=401, headers={"www-authenticate": "Bearer"})
        text = await to_thread.run_sync(generate_latest, self._registry)
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})


class _OwnFigures(Collector):
    """Reads the figures when they are asked for; nothing is kept here."""

    def __init__(self, pages: Callable[[], int], streams: Callable[[], int]) -> None:
        self._pages = pages
        self._streams = streams

    def describe(self) -> Iterable[Metric]:
        """None: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        yield from _pools()
        yield _query_times()
        yield from _cache_reads()
        yield from self._connections()
        yield from _sessions()

    def _connections(self) -> Iterator[Metric]:
        opened = GaugeMetricFamily(
            "signalbox_open_connections", "Open pages (websockets) and running exports.", labels=["kind"]
        )
        opened.add_metric(["page"], self._pages())
        opened.add_metric(["stream"], self._streams())
        yield opened


def _pools() -> Iterator[Metric]:
    labels = ["dataset", "pool"]
    size = GaugeMetricFamily("signalbox_pool_connections", "Connections of the pool.", labels=labels)
    most = GaugeMetricFamily("signalbox_pool_connections_max", "Connections it may have.", labels=labels)
    free = GaugeMetricFamily("signalbox_pool_free", "Connections that nobody uses.", labels=labels)
    waiting = GaugeMetricFamily("signalbox_pool_waiting", "Who waits for a connection.", labels=labels)
    for dataset, pools in database.statistics().items():
        for name, figures in pools.items():
            for family, key in (
                (size, "pool_size"), (most, "pool_max"), (free, "pool_available"), (waiting, "requests_waiting")
            ):  # fmt: skip
                family.add_metric([dataset, name], figures.get(key, 0))
    yield from (size, most, free, waiting)


def _query_times() -> Metric:
    family = HistogramMetricFamily(
        "signalbox_query_seconds", "How long named queries took.", labels=["query"], unit="seconds"
    )
    for name, times in sorted(measures.query_times().items()):
        below, buckets = 0, []
        for bound, count in zip((*measures.QUERY_TIME_BOUNDS_S, float("inf")), times.slots, strict=True):
            below += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(below)))
        family.add_metric([name], buckets, times.total_s)
    return family


def _cache_reads() -> Iterator[Metric]:
    hits = CounterMetricFamily("signalbox_cache_hits", "Cached reads answered at once.", labels=["read"])
    misses = CounterMetricFamily("signalbox_cache_misses", "Cached reads that were computed.", labels=["read"])
    for name, reads in sorted(measures.cache_reads().items()):
        hits.add_metric([name], reads.hits)
        misses.add_metric([name], reads.fills)
    held = measures.cache_size()
    yield from (hits, misses)
    yield GaugeMetricFamily("signalbox_cache_answers", "Answers that are kept.", value=held.answers)
    yield GaugeMetricFamily("signalbox_cache_bytes", "What they take, roughly.", value=held.size_bytes)


def _sessions() -> Iterator[Metric]:
    """How many browsers are signed in; left out, not zero, when the database does not tell."""
    try:
        live = web_sessions.count_live()
    except SignalboxError:
        return
    yield GaugeMetricFamily("signalbox_web_sessions", "Signed-in browsers.", value=live)
