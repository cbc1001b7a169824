"""A server that speaks as a Supabase project does over HTTP (@supabase/lite), on a migrated database of the tests.

It is a re-implementation, good enough to try supabase-py against real tables and policies; what it lacks is in
docs/client/over-http.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import jwt
from supabase.client import ClientOptions

from supabase import Client, create_client
from tests.node_tools import installed, node

VERSION = "0.10.0"
POSTGRES_DRIVER = "postgres@3.4.9"
DEADLINE_S = 60.0

PUBLISHABLE_KEY = "sb_publishable_a1b2c3d4e5f6a1b2c3d4e5"
SECRET_KEY = "sb_secret_a1b2c3d4e5f6a1b2c3d4e5f6a1"
JWT_SECRET = "tests-only-7Qm2xV9pLr4Wz8Kc1Nf6Hd3Jb5Gs0Ty"

CONFIGURATION = """
project_id = "tests"
[api]
port = {port}
schemas = {schemas}
[db]
driver = "postgres"
url = {url}
[auth]
publishable_key = "{publishable}"
secret_key = "{secret}"
jwt_secret = "{jwt_secret}"
"""


@dataclass(frozen=True)
class Project:
    """Where it answers."""

    url: str

    def service(self) -> Client:
        """supabase-py with the secret key."""
        return create_client(self.url, SECRET_KEY)

    def person(self, user_id: UUID) -> Client:
        """supabase-py as somebody signed in: the publishable key, and that person's token."""
        claims = {"sub": str(user_id), "role": "authenticated", "aud": "authenticated", "exp": int(time.time()) + 3600}
        token = jwt.encode(claims, JWT_SECRET, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        return create_client(self.url, PUBLISHABLE_KEY, options=ClientOptions(headers=headers))

    def stranger(self, key: str = PUBLISHABLE_KEY) -> Client:
        """supabase-py with a key alone."""
        return create_client(self.url, key)


@contextmanager
def running(database_url: str, schemas: tuple[str, ...]) -> Iterator[Project]:
    """The server on a database, with these schemas exposed."""
    program = installed(f"supabase-lite-{VERSION}", f"@supabase/lite@{VERSION}", POSTGRES_DRIVER)
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (folder / "supabase").mkdir()
        (folder / "supabase" / "config.toml").write_text(
            CONFIGURATION.format(
                port=port,
                schemas=json.dumps(schemas),
                url=json.dumps(database_url),
                publishable=PUBLISHABLE_KEY,
                secret=SECRET_KEY,
                jwt_secret=JWT_SECRET,
            )
        )
        (folder / "node_modules").symlink_to(program)
        log = folder / "log"
        with log.open("w") as writing:
            process = subprocess.Popen(
                [str(node()), str(program / "@supabase/lite/dist/cli/index.js"), "start", "--no-admin"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": name, "LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1"},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield Project(url)
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError):
            try:
                urllib.request.urlopen(f"{url}/rest/v1/", timeout=5).close()  # noqa: S310 - loopback
            except urllib.error.HTTPError as error:
                error.close()  # any answer will do
            return
        assert process.poll() is None, f"@supabase/lite ended: {log.read_text()}"
        assert time.monotonic() < deadline, f"@supabase/lite does not answer: {log.read_text()}"
        time.sleep(0.05)
