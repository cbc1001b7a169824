"""`make screenshots`: every page as people see it, under .signalbox/screenshots; with --readme also docs/*.png.

With the demo and empty, light, dark and narrow, as each role where they differ, from a console of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from data.access import ACTIONS, ROLES
from tests.browser import chromium
from tests.browser.conftest import make_demo
from tests.browser.console import ROOT, Console, running
from tests.browser.steps import follow, wait_until_idle
from tests.browser.visits import NARROW_PX, WIDE_PX, Dataset, Visits
from ui import navigation

FOLDER = ROOT / ".signalbox/screenshots"
README_FOLDER = ROOT / "docs"
SETTLED_MS = 700  # charts draw after the script has ended

# Views beside the pages, that an address of a page opens.
VIEWS = {"calls": "tools", "job": "jobs", "agent": "agents", "client": "clients", "approval": "approvals"}
PAGES = (*(entry.url_path for entry in navigation.PAGES), *VIEWS)
README = ("overview", "session", "approval")
README_WHOLE = ("approval",)  # its buttons stand below the evidence, and a picture without them shows half of it


@dataclass(frozen=True)
class Picture:
    """One picture: what is shown to whom and how."""

    name: str
    role: str
    dataset: Dataset
    width: int = WIDE_PX
    scheme: str = "light"

    @property
    def file(self) -> str:
        """Its name says all of that."""
        look = "narrow" if self.width == NARROW_PX else self.scheme
        state = "demo" if self.dataset == "demo" else "empty"
        return f"{state}-{self.name}-{self.role}-{look}.png"


def pictures() -> Iterator[Picture]:
    """Every picture there is: each page with the demo, and those of the menu with nothing recorded."""
    for name in PAGES:
        yield from _of(name, "demo")
    yield Picture("approvals", "manager", "demo")  # how a page says that it is closed
    for entry in navigation.PAGES:
        if entry.listed:
            yield from _of(entry.url_path, "real")


def _of(name: str, dataset: Dataset) -> Iterator[Picture]:
    needs = navigation.entry_of(VIEWS.get(name, name)).needs
    yield from (Picture(name, role, dataset) for role in ROLES if role in ACTIONS[needs][1])
    yield Picture(name, "admin", dataset, scheme="dark")
    yield Picture(name, "admin", dataset, width=NARROW_PX)


def go_to(page: Page, name: str) -> None:
    """Walk to a page from where it starts, by the links that people have."""
    if name == "session":
        _open(page, "/sessions?has=errors&sort=-errors")
        follow(page, page.locator('table[aria-label="Sessions"] tbody tr a').first)
    elif name == "calls":
        _open(page, "/tools?outcome=failed")
    elif name == "job":
        _open(page, "/jobs?status=failed")
        follow(page, page.locator('table[aria-label="Jobs"] tbody tr a').first)
    elif name == "agent":
        _open(page, "/agents")
        follow(page, page.locator('table[aria-label="Agents by what hurts most"] tbody tr a').first)
    elif name == "lift_session":
        _open(page, "/lift_sessions?period=all")
        follow(page, page.locator('table[aria-label="Sessions of lift-sys"] tbody tr a').first)
    elif name == "sop_execution":
        _open(page, "/sops?list=runs")
        follow(page, page.locator('table[aria-label="Runs"] tbody tr a').first)
    elif name == "event_stream":
        _open(page, "/event_stream?type=Client&id=nordlicht-versand")
    elif name == "client":
        _open(page, "/clients?client=nordlicht-versand")
    elif name == "approval":
        _open(page, "/approvals")
        questions = page.locator('table[aria-label="Questions that wait for a decision"] tbody tr a')
        refunds = questions.filter(has_text="Refund")
        follow(page, (refunds if refunds.count() else questions).first)
    else:
        _open(page, "/" if name == "overview" else f"/{name}")


def _open(page: Page, path: str) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
    wait_until_idle(page)


def take(visits: Visits, picture: Picture, folder: Path, *, whole: bool = True) -> Path:
    """Take one picture; `whole` includes what one has to scroll to."""
    page = visits.open(picture.role, "/", width=picture.width, scheme=picture.scheme, dataset=picture.dataset)
    go_to(page, picture.name)
    page.mouse.move(0, 0)  # or what lies under it stays lit
    page.wait_for_timeout(SETTLED_MS)
    if whole:
        # The page scrolls inside itself, so the window has to be as high as what it holds.
        height = page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
        page.set_viewport_size({"width": picture.width, "height": max(900, min(int(height), 6000))})
        page.wait_for_timeout(SETTLED_MS)
    path = folder / picture.file
    page.screenshot(path=path, animations="disabled")
    return path


def take_for_readme(visits: Visits) -> None:
    """The pictures of the README, as large as a screen, or as the page where that says it."""
    README_FOLDER.mkdir(exist_ok=True)
    for name in README:
        path = take_one_for_readme(visits, name, README_FOLDER)
        _compress(path, README_FOLDER / f"{name}.png")
        path.unlink()


def take_one_for_readme(visits: Visits, name: str, folder: Path) -> Path:
    """One of them, not yet compressed."""
    return take(visits, Picture(name, "admin", "demo"), folder, whole=name in README_WHOLE)


def _compress(path: Path, into: Path) -> None:
    """The same picture in fewer bytes; a palette would change the colours that mean something."""
    with Image.open(path) as picture:
        picture.convert("RGB").save(into, optimize=True)


def main(arguments: list[str]) -> int:
    """Take what is asked for. Exit status 1 when a page met a mistake in the browser."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("only", nargs="*", help="words that the file name of a picture must hold, any of them")
    parser.add_argument("--readme", action="store_true", help="write the three pictures of the README and no others")
    parser.add_argument("--into", type=Path, default=FOLDER, help=f"folder, default {FOLDER.relative_to(ROOT)}")
    asked = parser.parse_args(arguments)
    wanted = [one for one in pictures() if not asked.only or any(word in one.file for word in asked.only)]
    asked.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.launched() as browser:
        nothing = {"CLAUDE_CONFIG_DIR": f"{folder}/none"}  # nobody's own folders in a picture
        with running(Path(folder) / "home", nothing) as console:
            mistakes = _take_all(Visits(browser, console), console, wanted, asked)
    for mistake in mistakes:
        sys.stderr.write(f"{mistake}\n")
    return 1 if mistakes else 0


def _take_all(visits: Visits, console: Console, wanted: list[Picture], asked: argparse.Namespace) -> list[str]:
    mistakes: list[str] = []
    if not asked.readme:
        for picture in (one for one in wanted if one.dataset == "real"):
            take(visits, picture, asked.into)
            mistakes += [f"{picture.file}: {mistake}" for mistake in visits.close()]
    make_demo(console)
    if asked.readme:
        take_for_readme(visits)
        return visits.close()
    for picture in (one for one in wanted if one.dataset == "demo"):
        take(visits, picture, asked.into)
        mistakes += [f"{picture.file}: {mistake}" for mistake in visits.close()]
    return mistakes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
