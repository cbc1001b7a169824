"""A stand-in for Supabase Auth, written from its published interface: password sign-in, ES256 tokens, JWKS, sign-out.

What it answers can be bent, so that a test sees what the console makes of a server that lies or fails.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

KEY = "sb_publishable_test"
NOW = "2026-11-20T10:00:00.123456Z"


@dataclass
class Double:
    """The server: who may sign in, what was asked of it, and how it is bent."""

    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    user_ids: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    failure: tuple[int, Any] | None = None
    signs_with_a_shared_secret: bool = False
    publishes_other_keys: bool = False
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def add(self, email: str, password: str, user_id: str | None = None) -> str:
        """Somebody with an account; the id."""
        self.passwords[email] = password
        return self.user_ids.setdefault(email, user_id or str(uuid4()))

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of the requests to a path."""
        return [headers for asked, headers in self.requests if asked.startswith(path)]

    def answer(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON."""
        self.requests.append((path, headers))
        if headers.get("apikey") != KEY:
            return 401, {"message": "Invalid API key"}
        parts = urlsplit(path)
        if parts.path == "/auth/v1/token" and parse_qs(parts.query).get("grant_type") == ["password"]:
            return self.failure or self._sign_in(body)
        if parts.path == "/auth/v1/.well-known/jwks.json":
            return 200, {"keys": [self._public_key()]}
        if parts.path == "/auth/v1/user" and method == "GET":
            claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
            return 200, self._user(str(claims.get("email", "")), str(claims["sub"]))
        if parts.path == "/auth/v1/logout" and method == "POST":
            return 204, None
        return 404, {"code": "not_found", "message": "no such route"}

    def _sign_in(self, body: dict[str, Any]) -> tuple[int, Any]:
        email = str(body.get("email"))
        if self.passwords.get(email) != body.get("password"):
            return 400, {"code": "invalid_credentials", "message": "Invalid login credentials"}
        return 200, {
            "access_token": self._token(email),
            "token_type": "bearer",
            "expires_in": 3600,
            "expires_at": int(time.time()) + 3600,
            "refresh_token": uuid4().hex,
            "user": self._user(email, self.user_ids[email]),
        }

    def _token(self, email: str) -> str:
        claims: dict[str, Any] = {
            "iss": f"{self.url}/auth/v1",
            "sub": self.user_ids[email],
            "aud": "authenticated",
            "role": "authenticated",
            "email": email,
            "iat": int(time.time()),
            "exp": int(time.time()) + 3600,
            "session_id": str(uuid4()),
            "aal": "aal1",
            "is_anonymous": False,
            "app_metadata": {"provider": "email"},
        } | self.claims
        if self.signs_with_a_shared_secret:
            return jwt.encode(claims, "a secret that the console never learns", algorithm="HS256")
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "one"})

    def _public_key(self) -> dict[str, Any]:
        key = ec.generate_private_key(ec.SECP256R1()) if self.publishes_other_keys else self.key
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return public | {"kid": "one", "alg": "ES256", "use": "sig", "key_ops": ["verify"]}

    def _user(self, email: str, user_id: str) -> dict[str, Any]:
        return {
            "id": user_id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": email,
            "email_confirmed_at": NOW,
            "confirmed_at": NOW,
            "last_sign_in_at": NOW,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "identities": [],
            "created_at": NOW,
            "updated_at": NOW,
            "is_anonymous": False,
        } | self.user


@contextmanager
def running() -> Iterator[Double]:
    """A double that listens on loopback."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}") if length else {}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = double.answer(self.command, self.path, body, headers)
            raw = answer.encode() if isinstance(answer, str) else b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("x-supabase-api-version", "2024-01-01")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _serve  # noqa: N815 - the names that the standard library calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the standard library gives it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
