"""The colours of the console, read from the theme in `.streamlit/config.toml` so that there is one place for them."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
STYLE = Path(__file__).parent / "style.css"

Mode = Literal["light", "dark"]


@dataclass(frozen=True)
class Tokens:
    """The colours of one mode. A status keeps its colour everywhere; a series never takes one for its meaning."""

    page: str
    panel: str
    text: str
    muted: str
    border: str
    signal: str  # something moves
    well: str
    attention: str
    broken: str
    waiting: str  # waits for a human
    unknown: str  # could not check
    series: tuple[str, ...]


@cache
def tokens(mode: str | None) -> Tokens:
    """The colours of "light" or "dark"; anything else is light."""
    themes: dict[str, Any] = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    theme = themes["dark" if mode == "dark" else "light"]
    return Tokens(
        page=theme["backgroundColor"],
        panel=theme["secondaryBackgroundColor"],
        text=theme["textColor"],
        muted=theme["grayColor"],
        border=theme["borderColor"],
        signal=theme["blueColor"],
        well=theme["greenColor"],
        attention=theme["orangeColor"],
        broken=theme["redColor"],
        waiting=theme["violetColor"],
        unknown=theme["grayColor"],
        series=tuple(theme["chartCategoricalColors"]),
    )


@cache
def look() -> str:
    """A word for this style sheet: a page that was loaded with another one loads itself anew (web/assets/gate.js)."""
    return hashlib.sha256(style_sheet().encode()).hexdigest()[:16]


@cache
def style_sheet() -> str:
    """The style sheet with the colours of both modes as variables; the browser picks by the theme in use."""
    light, dark = tokens("light"), tokens("dark")
    names = (
        "page",
        "panel",
        "text",
        "muted",
        "border",
        "signal",
        "well",
        "attention",
        "broken",
        "waiting",
        "unknown",
    )
    colours = [f"--sb-{name}:light-dark({getattr(light, name)},{getattr(dark, name)});" for name in names]
    colours += [
        f"--sb-series-{number}:light-dark({one},{other});"
        for number, (one, other) in enumerate(zip(light.series, dark.series, strict=True), start=1)
    ]
    # On the two elements that carry Streamlit's color-scheme, which light-dark() follows.
    where = '[data-testid="stApp"],[data-testid="stSidebar"]'
    return f"{where}{{{''.join(colours)}}}\n{STYLE.read_text(encoding='utf-8')}"
