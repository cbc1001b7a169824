"""Sign-in with the password of a Supabase account.

The tokens of the sign-in are not kept: the console reads the database over its own connection, with claims that it
sets itself, so nothing would ever use them. The Supabase session they belong to is ended at once.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.errors import WrongSetting
from data.identity.refusals import Identity, SignInRefused, SignInUnavailable

if TYPE_CHECKING:
    from supabase_auth.types import AuthResponse

    from supabase import Client

log = logging.getLogger("signalbox.identity")

TIMEOUT_S = 10.0  # an Auth server that needs longer is as good as away for somebody who waits at a form

_UNAVAILABLE = "Supabase Auth does not answer. Try again in a minute; if it goes on, check SUPABASE_URL."
_SENTENCES = {
    "invalid_credentials": None,  # the one sentence that does not say which of the two was wrong
    "user_not_found": None,
    "validation_failed": None,
    "email_not_confirmed": "Confirm your address first: Supabase has sent you a link.",
    "user_banned": "This account is suspended. Ask an admin of your Supabase project.",
    "email_provider_disabled": "This Supabase project does not allow signing in with a password.",
    "over_request_rate_limit": "Supabase asks to wait after too many attempts. Try again in a few minutes.",
}


def sign_in(url: str, publishable_key: str, email: str, password: str) -> Identity:
    """Check an address and a password with Supabase Auth. Blocks for as long as the network takes.

    Raises SignInRefused when they do not let this person in, SignInUnavailable when Supabase cannot be asked,
    WrongSetting when the key or the URL is not one.
    """
    # Imported here: it costs half a second, which the embedded console and the command line never need.
    import httpx  # noqa: PLC0415
    from supabase_auth.errors import AuthError  # noqa: PLC0415

    from supabase import ClientOptions, create_client  # noqa: PLC0415

    # A client is somebody: after its sign-in it sends that person's token. So there is one for each sign-in.
    with httpx.Client(timeout=TIMEOUT_S) as network:
        options = ClientOptions(auto_refresh_token=False, persist_session=False, httpx_client=network)
        try:
            client = create_client(url, publishable_key, options=options)
            answer = client.auth.sign_in_with_password({"email": email, "password": password})
            identity = _verified(client, url, answer)
        except AuthError as error:
            raise _refusal(error) from error
        except ValueError as error:  # pydantic: an answer of a shape that no Supabase Auth gives
            raise SignInUnavailable("SUPABASE_URL answers, but not as Supabase Auth does. Check it.") from error
        _end_supabase_session(client, answer)
        return identity


def _verified(client: Client, url: str, answer: AuthResponse) -> Identity:
    """Who the token is about, after checking what the library leaves unchecked: issuer, audience, role and subject."""
    if answer.session is None or answer.user is None:
        raise SignInRefused
    verified = client.auth.get_claims(answer.session.access_token)
    claims: dict[str, Any] = dict(verified["claims"]) if verified else {}
    audience = claims.get("aud")
    if (
        claims.get("iss") != f"{url.rstrip('/')}/auth/v1"
        or "authenticated" not in (audience if isinstance(audience, list) else [audience])
        or claims.get("role") != "authenticated"
        or claims.get("sub") != answer.user.id
        or not isinstance(claims.get("exp"), int | float)
        or claims["exp"] <= time.time()
    ):
        log.error("claims refused", extra={"issuer": claims.get("iss"), "role": claims.get("role")})
        raise SignInUnavailable("The token from Supabase was not made for this project. Check SUPABASE_URL.")
    if any(factor.status == "verified" for factor in answer.user.factors or ()):
        # A password alone would walk past the second factor that this person has set up.
        raise SignInRefused("This account has a second factor, which this console cannot ask for.")
    return Identity(UUID(answer.user.id), answer.user.email or email_of(claims), "supabase password")


def email_of(claims: dict[str, Any]) -> str:
    """The address in the claims, or the id of the person, so that nobody is nameless."""
    return str(claims.get("email") or claims["sub"])


def _refusal(error: Exception) -> SignInRefused | SignInUnavailable | WrongSetting:
    from supabase_auth.errors import AuthApiError, AuthRetryableError  # noqa: PLC0415

    if isinstance(error, AuthRetryableError):
        return SignInUnavailable(_UNAVAILABLE)
    if not isinstance(error, AuthApiError):
        return SignInUnavailable("SUPABASE_URL answers, but not as Supabase Auth does. Check it.")
    code = "over_request_rate_limit" if error.status == 429 else error.code
    if code in _SENTENCES:
        return SignInRefused(_SENTENCES[code])
    if error.status in (401, 403):
        return WrongSetting("Supabase does not accept SUPABASE_PUBLISHABLE_KEY. Copy it again from the project.")
    if error.status >= 500:
        return SignInUnavailable(_UNAVAILABLE)
    log.warning("sign-in refused", extra={"code": error.code, "status": error.status})
    return SignInRefused()


def _end_supabase_session(client: Client, answer: AuthResponse) -> None:
    from supabase_auth.errors import AuthError  # noqa: PLC0415

    if answer.session is None:
        return
    try:
        client.auth.admin.sign_out(answer.session.access_token, "local")
    except AuthError as error:
        # It lapses by itself; being signed in here does not depend on it.
        log.info("supabase session left to lapse", extra={"error": type(error).__name__})
