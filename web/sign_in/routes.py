"""The routes of signing in and out."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from data.access import Actor, Role
from data.errors import SignalboxError, WrongSetting
from data.identity import web_sessions
from data.identity.refusals import Identity, SignInRefused
from web.gate import paths
from web.gate.connections import ACTOR
from web.gate.headers import session_cookie
from web.gate.origins import is_person_at_this_machine
from web.plain_pages import refusal
from web.sign_in.form import Offer, read_form, sign_in_page, sign_out_page
from web.sign_in.problems import Problem, Problems
from web.sign_in.throttle import Throttle

log = logging.getLogger("signalbox.sign_in")

NO_PROBLEM = Problem("")
CONCURRENT_CHECKS = 8  # an answer from Supabase may take seconds; more than these wait for each other

Result = TypeVar("Result")

CheckPassword = Callable[[str, str], Identity]
CheckDemoAccount = Callable[[Role], Identity]


class SignIn:
    """The sign-in routes.

    `check_password` is None where nothing can check one; `demo_accounts` maps roles to what to say about them and
    is empty but on the embedded server, with `check_demo_account` beside it. `hint` is HTML below the form, for
    the person at this machine.
    """

    def __init__(
        self,
        *,
        pages: Callable[[], Collection[str]],
        check_password: CheckPassword | None,
        demo_accounts: dict[Role, str] | None = None,
        check_demo_account: CheckDemoAccount | None = None,
        hint: str = "",
    ) -> None:
        self._pages = pages
        self._check_password = check_password
        self._demo_accounts = demo_accounts or {}
        self._check_demo_account = check_demo_account
        self._hint = hint
        self._throttle = Throttle()
        self._problems = Problems()
        self._threads: CapacityLimiter | None = None

    @property
    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/login", self._form, methods=["GET"]),
            Route("/login", self._sign_in, methods=["POST"]),
            Route("/logout", self._ask, methods=["GET"]),
            Route("/logout", self._sign_out, methods=["POST"]),
            Route("/whoami", _who_am_i, methods=["GET"]),
        ]

    async def _form(self, request: Request) -> Response:
        target = paths.next_page(request.query_params.get("next"), self._pages())
        if ACTOR in request.scope:
            return RedirectResponse(target, status_code=303)
        problem = self._problems.find(request.query_params.get("problem")) or NO_PROBLEM
        return sign_in_page(self._offer(request), target, error=problem.sentence, email=problem.email)

    async def _sign_in(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
        except (ValueError, UnicodeDecodeError):
            return self._again(request, "/", "That was not this form. Fill it in again.", status=400)
        target = paths.next_page(fields.get("next"), self._pages())
        email = fields.get("email", "").strip()
        client = request.client.host if request.client else ""
        # A click on a demo account has no password to guess.
        if "account" not in fields and (wait_s := self._throttle.begin(email, client)):
            sentence = f"Too many attempts. Wait {_words(wait_s)}, then try again."
            refused = self._again(request, target, sentence, email=email, status=429)
            refused.headers["retry-after"] = str(math.ceil(wait_s))
            return refused
        try:
            identity = await self._identify(request, fields)
            token = await self._in_thread(
                partial(web_sessions.start, identity, client=_describe(request)),
            )
        except SignalboxError as error:
            # Without the address: people type passwords into the wrong field.
            log.warning("sign-in refused", extra={"client": client, "reason": type(error).__name__})
            status = 401 if isinstance(error, SignInRefused) else 503
            return self._again(request, target, error.sentence, email=email, status=status)
        if "account" not in fields:
            self._throttle.succeeded(email, client)
        await self._end(request, "somebody signed in")
        answer = RedirectResponse(target, status_code=303)
        self._set_cookie(request, answer, token)
        return answer

    async def _identify(self, request: Request, fields: dict[str, str]) -> Identity:
        """Who posted the form. Raises SignInRefused and what the check raises."""
        if role := fields.get("account"):
            scope = request.scope
            if self._check_demo_account is None or not is_person_at_this_machine(
                scope["headers"], scope["scheme"], scope["client"]
            ):
                raise SignInRefused("The demo accounts open by one click only in a browser at the console's machine.")
            known: Role | None = next((account for account in self._demo_accounts if account == role), None)
            if known is None:
                raise SignInRefused("There is no such demo account.")
            return await self._in_thread(partial(self._check_demo_account, known))
        if self._check_password is None:
            raise WrongSetting("Nothing can check a password here: SUPABASE_URL is not set.")
        email, password = fields.get("email", "").strip(), fields.get("password", "")
        if not email or not password:
            raise SignInRefused("Enter your address and your password.")
        return await self._in_thread(partial(self._check_password, email, password))

    async def _ask(self, request: Request) -> Response:
        return sign_out_page()

    async def _sign_out(self, request: Request) -> Response:
        await self._end(request, "signed out")
        answer = RedirectResponse(paths.SIGN_IN_PATH, status_code=303)
        self._set_cookie(request, answer, "")
        return answer

    async def _end(self, request: Request, reason: str) -> None:
        """End the session that this browser came with, so that none of its pages goes on as somebody else."""
        actor: Actor | None = request.scope.get(ACTOR)
        if actor and actor.session_hash:
            await self._in_thread(partial(web_sessions.end, actor.session_hash, reason))

    def _again(self, request: Request, target: str, error: str, *, email: str = "", status: int) -> Response:
        """What is wrong: to people on the form, which they are sent back to; to programs as it is."""
        if "text/html" not in request.headers.get("accept", ""):
            return refusal(request.scope, status, error)
        query = {"problem": self._problems.keep(Problem(error, email))} | ({"next": target} if target != "/" else {})
        return RedirectResponse(f"{paths.SIGN_IN_PATH}?{urlencode(query)}", status_code=303)

    def _offer(self, request: Request) -> Offer:
        is_here = _may_be_at_this_machine(request)
        if self._check_password is None:
            hint = (
                "Nobody can sign in yet: set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY to those of the project that "
                "DATABASE_URL belongs to, and start the console again."
            )
            return Offer(password=False, hint=hint)
        return Offer(self._demo_accounts, hint=self._hint) if is_here else Offer()

    def _set_cookie(self, request: Request, answer: Response, token: str) -> None:
        lifetime_s = int(web_sessions.LIFETIME.total_seconds())
        line = session_cookie(token, scheme=request.scope["scheme"], lifetime_s=lifetime_s)
        answer.headers.append("set-cookie", line)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._threads is None:
            self._threads = CapacityLimiter(CONCURRENT_CHECKS)
        return await to_thread.run_sync(work, limiter=self._threads)


async def _who_am_i(request: Request) -> Response:
    """Who this browser is signed in as; the gate answers 401 when it is nobody."""
    actor: Actor = request.scope[ACTOR]
    return JSONResponse({"email": actor.email, "role": actor.role, "dataset": actor.dataset})


def _may_be_at_this_machine(request: Request) -> bool:
    """Whether to show the one-click accounts. A page is asked for without an Origin, so its own stands in for it."""
    scope = request.scope
    own = f"{scope['scheme']}://{request.headers.get('host', '')}".encode()
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"origin"]
    return is_person_at_this_machine([*headers, (b"origin", own)], scope["scheme"], scope["client"])


def _describe(request: Request) -> str:
    """The browser, for the list of one's sessions."""
    place = request.client.host if request.client else ""
    return f"{request.headers.get('user-agent', 'unknown program')[:150]} from {place}"


def _words(seconds: float) -> str:
    return f"{math.ceil(seconds)} seconds" if seconds <= 90 else f"{math.ceil(seconds / 60)} minutes"
