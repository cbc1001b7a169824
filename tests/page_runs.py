"""Pages run without a browser, as a signed-in person, against the test's own database."""

from __future__ import annotations

import functools
import html
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, local_script_runner

from data import exports, measures
from data.access import Actor
from data.identity import web_sessions
from data.identity.refusals import Identity
from ui.navigation import entry_of

ROOT = Path(__file__).parent.parent
TIMEOUT_S = 30  # a first run on a busy machine; nothing here measures time

# Streamlit reads what every installed package says of itself whenever an app is made: a tenth of a second for nothing.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


# It looks every millisecond whether the page has run, and takes the interpreter from the page each time; so it begins
# to look when the page's thread has ended.
_look_for_the_end = local_script_runner.require_widgets_deltas


def _wait_for_the_end(runner: local_script_runner.LocalScriptRunner, timeout: float = TIMEOUT_S) -> None:
    assert runner._script_thread is not None
    runner._script_thread.join(timeout)
    _look_for_the_end(runner, timeout)


local_script_runner.require_widgets_deltas = _wait_for_the_end

_TAG = re.compile(r"<[^>]*>")
_ENDING = re.compile(r"(</[^>]*>)+(?=[.,;:)])")  # after which nothing parts a word from what ends its sentence
_ESCAPED = re.compile(r"\\([^\w\s])|\u2060")  # so that words stay words where Markdown is read


_BAR = re.compile(r'<(?:a href="([^"]*)"|b tabindex="0") class="[^"]*sb-(?:fill|series)-[^"]*" aria-label="([^"]*)"')


def _bar(address: str, told: str) -> dict[str, Any]:
    words = html.unescape(told)
    head, _, number = words.rpartition(": ")
    when, *series, what = head.split(", ")
    return {"address": html.unescape(address), "told": words, "when": when, "series": ", ".join(series), "what": what,
            "number": float(number.replace(",", ""))}  # fmt: skip


class PageRun:
    """One tab: the page as it stands after the last run."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    @property
    def pieces(self) -> list[str]:
        """The HTML of the page, piece by piece."""
        return [str(element.proto.body) for element in self.app.get("html")]

    @property
    def text(self) -> str:
        """Everything that can be read on the page, tags taken out."""
        kinds = ("title", "warning", "error", "success", "info", "code")
        given = [str(getattr(element, "value", "")) for kind in kinds for element in self.app.get(kind)]
        spoken = [_ESCAPED.sub(r"\1", words) for words in given]
        readable = [_TAG.sub(" ", _ENDING.sub("", piece)) for piece in self.pieces if "<style>" not in piece]
        return "\n".join([*spoken, *(html.unescape(" ".join(piece.split())) for piece in readable)])

    @property
    def links(self) -> list[str]:
        """Where the links lead."""
        return [html.unescape(address) for address in re.findall(r'href="([^"]*)"', "".join(self.pieces))]

    def ways(self, words: str) -> list[str]:
        """Where the links with exactly these words lead."""
        found = re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', "".join(self.pieces))
        told = [(address, " ".join(html.unescape(_TAG.sub(" ", inner)).split())) for address, inner in found]
        return [html.unescape(address) for address, inner in told if inner == words]

    @property
    def rows(self) -> list[int]:
        """How many rows each file of the page holds, as its links say."""
        return [int(told.replace(",", "")) for told in re.findall(r">CSV, ([\d,]+) ", "".join(self.pieces))]

    @property
    def charts(self) -> list[list[dict[str, Any]]]:
        """What each chart draws: its bars with the words they are told in, taken apart, and where they lead."""
        drawn = "".join(self.pieces).split('<div class="sb-chart"')[1:]
        return [[_bar(*found) for found in _BAR.findall(chart)] for chart in drawn]

    def run(self) -> PageRun:
        """Run the page once more."""
        self.app.run(timeout=TIMEOUT_S)
        assert not self.app.exception, self.app.exception
        for address in self.links:
            _check_export(address)
        _check_nesting("".join(self.pieces))
        return self


def _check_nesting(drawn: str) -> None:
    """No link holds another one: a browser would end the first where the second begins."""
    inside = re.search(r"<a\b(?:(?!</a>).)*?<a\b.{0,200}", drawn, re.DOTALL)
    assert not inside, inside[0]


def _check_export(address: str) -> None:
    """A link to an export asks for nothing that the export does not know: whoever follows it gets a file."""
    path, _, query = address.partition("?")
    if path.startswith("/export/"):
        exports.parse(path.removeprefix("/export/").rpartition(".")[0], parse_qs(query))


def open_page(actor: Actor, path: str, **parameters: str) -> PageRun:
    """Open a page such as "reports/tools.py" with parameters of the URL, as somebody who has just signed in."""
    token = web_sessions.start(Identity(actor.user_id, actor.email, "test"), dataset=actor.dataset)
    app = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=TIMEOUT_S)
    app.user.clear()
    app.user.update(sid=web_sessions.hash_of(token))
    for name, value in parameters.items():
        app.query_params[name] = value
    app.switch_page(f"../pages/{path}")
    return PageRun(app).run()


def open_address(actor: Actor, address: str) -> PageRun:
    """Open the page that a link leads to."""
    path, _, query = address.partition("?")
    file = entry_of(path.strip("/")).path
    parameters = {name: values[-1] for name, values in parse_qs(query).items()}
    return open_page(actor, f"{file.parent.name}/{file.name}", **parameters)


def taken_away(actor: Actor, page: PageRun, report: str) -> list[dict[str, Any]]:
    """The rows of the file that the page offers of a report, in their order."""
    [address] = [link for link in page.links if link.startswith(f"/export/{report}.jsonl")]
    return file_rows(actor, report, parse_qs(address.partition("?")[2]))


def file_rows(actor: Actor, report: str, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The rows of a file with these parameters in its address, in their order."""
    lines = b"".join(exports.stream(actor, report, exports.parse(report, asked), "jsonl")).splitlines()
    return [json.loads(line) for line in lines]


def queries_during(run: Any) -> Counter[str]:
    """Which named queries ran how often while `run()` ran."""
    before = {name: sum(times.slots) for name, times in measures.query_times().items()}
    run()
    after = {name: sum(times.slots) for name, times in measures.query_times().items()}
    return Counter({name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)})
