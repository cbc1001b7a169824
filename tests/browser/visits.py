"""People at their browsers: a browser for each, signed in once per role, its pages watched for mistakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.browser.console import Console
from tests.browser.steps import CONNECTED, COUNT_RUNS, show, sign_in, turn_to, wait_until_idle

Dataset = Literal["real", "demo"]
Look = tuple[str, Dataset, str]  # role, what is shown, time zone

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
    """A browser page and what went wrong in it: console errors, requests to other hosts, violations of the CSP.

    `look` is whose tab it can be in the next test, None where nobody's.
    """

    page: Page
    look: Look | None = None
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


@dataclass
class Visits:
    """Opens pages of one console. Signing in is done once per role and dataset, in a browser that is then kept.

    Its tab is kept from test to test, too, and turns to the next address as a link inside pages does: Streamlit's
    program is loaded once. Who wants the document loaded anew, in a tab of its own, asks for that: `cold`.
    """

    browser: Browser
    console: Console
    opened: list[Watched] = field(default_factory=list)
    _contexts: dict[Look, BrowserContext] = field(default_factory=dict)
    _kept: dict[Look, Watched] = field(default_factory=dict)
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
        cold: bool = False,
        zone: str = "Europe/Berlin",
    ) -> Page:
        """A page. `fresh` gives it a browser of its own that signs in anew, for whoever is going to sign out."""
        if role is not None and not fresh:
            return self._open_kept((role, dataset, zone), path, width, scheme, is_cold=cold)
        context = self._context(zone)
        self._passing.append(context)
        page = self._watched(context, width=width, scheme=scheme).page
        if role is not None:
            sign_in(page, self.console, role)
            show(page, dataset)
        page.goto(self.console.url + path)
        if role is not None:
            wait_until_idle(page)
        return page

    def close(self) -> list[str]:
        """End every visit and return the mistakes met since the last time; of each look one sound tab is kept."""
        mistakes = [mistake for watched in self.opened for mistake in watched.mistakes]
        for watched in self.opened:
            if watched.look is None or watched.mistakes or watched.look in self._kept:
                watched.page.close()
            else:
                self._kept[watched.look] = watched
        for context in self._passing:
            context.close()
        self.opened.clear()
        self._passing.clear()
        return mistakes

    def end(self) -> None:
        """Close every browser: a tab that is left would call for its console for ever."""
        for context in self._contexts.values():
            context.close()
        self._contexts.clear()
        self._kept.clear()

    def _open_kept(self, look: Look, path: str, width: int, scheme: str, *, is_cold: bool) -> Page:
        if look not in self._contexts:
            self._sign_in(look)
        is_usual = (width, scheme) == (WIDE_PX, "light")
        if is_usual and not is_cold and look in self._kept:
            watched = self._kept.pop(look)
            self.opened.append(watched)
            page = watched.page
            if page.viewport_size != {"width": WIDE_PX, "height": HEIGHT_PX}:
                page.set_viewport_size({"width": WIDE_PX, "height": HEIGHT_PX})
            if page.url != self.console.url + path and page.locator(CONNECTED).count():
                turn_to(page, path)
                return page
        else:
            page = self._watched(self._contexts[look], look if is_usual else None, width, scheme).page
        page.goto(self.console.url + path)
        wait_until_idle(page)
        return page

    def _sign_in(self, look: Look) -> None:
        role, dataset, zone = look
        context = self._context(zone)
        watched = self._watched(context, look)
        sign_in(watched.page, self.console, role)
        show(watched.page, dataset)
        self._contexts[look] = context
        self.opened.remove(watched)
        self._kept[look] = watched

    def _context(self, zone: str) -> BrowserContext:
        return self.browser.new_context(
            viewport={"width": WIDE_PX, "height": HEIGHT_PX},
            color_scheme="light",
            timezone_id=zone,
            accept_downloads=True,
            reduced_motion="reduce",
        )

    def _watched(
        self, context: BrowserContext, look: Look | None = None, width: int = WIDE_PX, scheme: str = "light"
    ) -> Watched:
        watched = Watched(context.new_page(), look)
        self.opened.append(watched)
        watch(watched, self.console.url)
        if width != WIDE_PX:
            watched.page.set_viewport_size({"width": width, "height": HEIGHT_PX})
        if scheme == "dark":
            watched.page.emulate_media(color_scheme="dark")
        return watched

    def tab_beside(self, page: Page, path: str) -> Page:
        """Another tab of the same browser."""
        beside = self._watched(page.context).page
        beside.goto(self.console.url + path)
        wait_until_idle(beside)
        return beside
