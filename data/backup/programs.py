"""pg_dump and pg_restore: which of those on this machine fit a server, and how they are told where it is."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from psycopg import conninfo, pq

from data.backup.errors import NoDumpProgram
from data.embedded.binaries import find_clients

APPLICATION_NAME = "signalbox backup"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+\S*)")


@dataclass(frozen=True)
class Programs:
    """A pg_dump with the pg_restore beside it, and their version ("18.6")."""

    dump: Path
    restore: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(re.split(r"\D", self.version)[0])


def choose(server_version: str, server_major: int, *, needs_tls: bool, first: Path | None) -> Programs:
    """The oldest programs that are not older than the server: what they write, most others can read.

    Those in the folder `first` win where they fit. Raises NoDumpProgram that says what was found and what to do.
    """
    found = [programs for path in _candidates(first) if (programs := _examined(path))]
    new_enough = [programs for programs in found if programs.major >= server_major]
    fitting = [programs for programs in new_enough if not needs_tls or speaks_tls(programs)]
    preferred = [
        programs for programs in fitting if first is not None and programs.dump.parent in (first, first / "bin")
    ]
    if fitting:
        return (preferred or sorted(fitting, key=lambda programs: programs.major))[0]
    raise NoDumpProgram(_nothing_fits(server_version, server_major, found, new_enough))


def speaks_tls(programs: Programs) -> bool:
    """Whether these were built with TLS, which the wheel's were not; asks them without connecting anywhere."""
    asked: list[str | Path] = [programs.dump, "--no-password", "--host=/nonexistent", "--dbname=sslmode=require"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False, env=_base())
    return "SSL support is not compiled in" not in told.stderr


def environment(url: str) -> dict[str, str]:
    """The variables that tell the programs where to connect; other users of the machine see arguments, not these."""
    given = conninfo.conninfo_to_dict(url)
    names = {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    told = {names[key]: str(value) for key, value in given.items() if key in names and value is not None}
    return _base() | told | {"PGAPPNAME": APPLICATION_NAME, "PGCONNECT_TIMEOUT": "15"}


def _base() -> dict[str, str]:
    return os.environ | {"LC_ALL": "C"}  # their messages are read by this program


def _candidates(first: Path | None) -> list[Path]:
    places = [first, first / "bin"] if first is not None else []
    return [*(place / "pg_dump" for place in places), *find_clients("pg_dump")]


def _examined(path: Path) -> Programs | None:
    restore = path.with_name("pg_restore")
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    version = _VERSION.search(told.stdout)
    return Programs(path, restore, version[1]) if version and restore.is_file() else None


def _nothing_fits(server_version: str, server_major: int, found: list[Programs], new_enough: list[Programs]) -> str:
    server = f"The server is PostgreSQL {server_version.split(maxsplit=1)[0]}"
    advice = (
        f"Install PostgreSQL's client programs, version {server_major} or newer: on Debian and Ubuntu the package "
        f"postgresql-client-{server_major} (from apt.postgresql.org where the system has older ones only), on macOS "
        f"postgresql@{server_major} of Homebrew. Where they lie in a folder of their own, set "
        "SIGNALBOX_POSTGRES_BINARIES to it."
    )
    if not found:
        return f"{server}, and no pg_dump was found on this machine. {advice}"
    if not new_enough:
        newest = max(found, key=lambda programs: programs.major)
        return f"{server}, and the newest pg_dump found is {newest.version}, which refuses newer servers. {advice}"
    deaf = f"{new_enough[0].version} in {new_enough[0].dump.parent}"
    older = max((programs for programs in found if programs not in new_enough), key=_major, default=None)
    also = f", and the other one, {older.version}, is too old" if older else ""
    return (
        f"{server} and is reached over TLS, which the pg_dump that was found ({deaf}) was built without{also}. {advice}"
    )


def _major(programs: Programs) -> int:
    return programs.major
