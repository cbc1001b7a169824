"""People at their browsers: each page in a context of its own, signed in once per role, watched for mistakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.browser.console import Console
from tests.browser.steps import COUNT_RUNS, show, sign_in, wait_until_idle

Dataset = Literal["real", "demo"]

WIDE_PX = 1400
HEIGHT_PX = 900
NARROW_PX = 420

# Streamlit's protobuf library probes for WebAssembly, which the policy forbids and nothing needs.
_REPORT_VIOLATIONS = (
    "addEventListener('securitypolicyviolation', e => e.effectiveDirective === 'script-src' && "
    "e.blockedURI === 'wasm-eval' || console.error('CSP: ' + e.effectiveDirective + ' ' + e.blockedURI))"
)


@dataclass
class Watched:
    """A browser page and what went wrong in it: console errors, requests to other hosts, violations of the CSP."""

    page: Page
    mistakes: list[str] = field(default_factory=list)


def watch(watched: Watched, url: str) -> None:
    """Write down every mistake from now on. The browser's own cancelled requests are none."""
    page, mistakes = watched.page, watched.mistakes
    own = (f"{url}/", "data:", "blob:", f"ws{url.removeprefix('http')}/")

    def requested(request: Request) -> None:
        if not request.url.startswith(own):
            mistakes.append(f"request to {request.url}")

    page.on("console", lambda message: mistakes.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("request", requested)
    page.on("websocket", lambda socket: None if socket.url.startswith(own) else mistakes.append(socket.url))
    page.add_init_script(_REPORT_VIOLATIONS)
    page.add_init_script(COUNT_RUNS)


Look = tuple[str | None, Dataset, int, str, str]


@dataclass
class Visits:
    """Opens pages of one console. Signing in is done once per role and dataset; later visits bring its cookie.

    Visits that look alike are tabs of one browser context, which keeps Streamlit's program in its cache.
    """

    browser: Browser
    console: Console
    opened: list[Watched] = field(default_factory=list)
    _signed_in: dict[tuple[str, Dataset], Any] = field(default_factory=dict)
    _contexts: dict[Look, BrowserContext] = field(default_factory=dict)
    _passing: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        role: str | None = None,
        path: str = "/",
        *,
        width: int = WIDE_PX,
        scheme: str = "light",
        dataset: Dataset = "real",
        fresh: bool = False,
        zone: str = "Europe/Berlin",
    ) -> Page:
        """A page. `fresh` gives it a browser of its own that signs in anew, for whoever is going to sign out."""
        if role is None or fresh:
            context = self._context(width, scheme, zone, None)
            self._passing.append(context)
        else:
            context = self._context_of((role, dataset, width, scheme, zone))
        page = self._watched(context).page
        if role is not None and fresh:
            sign_in(page, self.console, role)
            show(page, dataset)
        page.goto(self.console.url + path)
        if role is not None:
            wait_until_idle(page)
        return page

    def close(self) -> list[str]:
        """Close every page and return the mistakes met since the last time."""
        mistakes = [mistake for watched in self.opened for mistake in watched.mistakes]
        for watched in self.opened:
            watched.page.close()
        for context in self._passing:
            context.close()
        self.opened.clear()
        self._passing.clear()
        return mistakes

    def _context_of(self, look: Look) -> BrowserContext:
        if look not in self._contexts:
            role, dataset, width, scheme, zone = look
            self._contexts[look] = self._context(width, scheme, zone, self._state(str(role), dataset))
        return self._contexts[look]

    def _state(self, role: str, dataset: Dataset) -> Any:
        if (role, dataset) not in self._signed_in:
            context = self._context(WIDE_PX, "light", "Europe/Berlin", None)
            page = context.new_page()
            page.add_init_script(COUNT_RUNS)
            sign_in(page, self.console, role)
            show(page, dataset)
            self._signed_in[role, dataset] = context.storage_state()
            context.close()
        return self._signed_in[role, dataset]

    def _context(self, width: int, scheme: str, zone: str, state: Any) -> BrowserContext:
        return self.browser.new_context(
            viewport={"width": width, "height": HEIGHT_PX},
            color_scheme="dark" if scheme == "dark" else "light",
            timezone_id=zone,
            accept_downloads=True,
            storage_state=state,
            reduced_motion="reduce",
        )

    def _watched(self, context: BrowserContext) -> Watched:
        watched = Watched(context.new_page())
        self.opened.append(watched)
        watch(watched, self.console.url)
        return watched

    def tab_beside(self, page: Page, path: str) -> Page:
        """Another tab of the same browser."""
        beside = self._watched(page.context).page
        beside.goto(self.console.url + path)
        wait_until_idle(beside)
        return beside
