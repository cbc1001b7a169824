"""The sign-in page, and what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from data.access import Role
from web.plain_pages import page

MAX_BODY_BYTES = 8192  # an address, a password and a path


@dataclass(frozen=True)
class Offer:
    """What can be signed in with: demo accounts (role and description) by one click, a password, or nothing."""

    demo_accounts: Mapping[Role, str] = field(default_factory=dict)
    password: bool = True
    hint: str = ""


def sign_in_page(offer: Offer, next_path: str, *, error: str = "", email: str = "", status: int = 200) -> Response:
    """The whole page."""
    parts = ['<p class="lead">See every agent. Let it pass, or hold it.</p>']
    if error:
        parts.append(f'<p class="error" role="alert"><b aria-hidden="true">&#9888;</b>{escape(error)}</p>')
    if offer.demo_accounts:
        parts.append(_demo_accounts(offer, next_path))
    if offer.password:
        parts.append(_password_form(next_path, email, focus_password=bool(error and email)))
    if offer.hint:
        parts.append(f'<p class="note">{offer.hint}</p>')
    return page("Sign in · Signalbox", "".join(parts), status=status)


def sign_out_page() -> Response:
    """For whoever types /logout: signing out changes something, so it takes a button."""
    body = (
        '<p class="lead">Every page that this browser has open here closes at once.</p>'
        '<form method="post" action="/logout"><button>Sign out</button></form>'
    )
    return page("Sign out · Signalbox", body)


def _demo_accounts(offer: Offer, next_path: str) -> str:
    buttons = "".join(
        f'<button class="choice" name="account" value="{escape(role)}">Sign in as the {escape(role)}'
        f"<span>{escape(description)}</span></button>"
        for role, description in offer.demo_accounts.items()
    )
    return (
        '<section aria-labelledby="demo"><h2 id="demo">Demo accounts</h2>'
        '<p class="note">They belong to the database that came with this console, '
        "and need no password at this machine.</p>"
        f'<form method="post" action="/login">{_hidden(next_path)}{buttons}</form></section>'
    )


def _password_form(next_path: str, email: str, *, focus_password: bool) -> str:
    address_focus, password_focus = ("", " autofocus") if focus_password else (" autofocus", "")
    return (
        f'<form method="post" action="/login">{_hidden(next_path)}'
        '<label for="email">Address</label>'
        '<input id="email" name="email" type="email" autocomplete="username" required maxlength="320"'
        f' value="{escape(email)}"{address_focus}>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required'
        f' maxlength="1000"{password_focus}>'
        "<button>Sign in</button></form>"
    )


def _hidden(next_path: str) -> str:
    return f'<input type="hidden" name="next" value="{escape(next_path)}">'


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once. Raises ValueError for what no form of ours sends."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        raise ValueError("not a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ValueError("too long")
    fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    if any(len(values) != 1 for values in fields.values()):
        raise ValueError("a field occurs twice")
    return {name: values[0] for name, values in fields.items()}
