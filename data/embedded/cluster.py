"""The cluster: made once by initdb, recognised ever after, and configured anew at each start."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import struct
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from data.embedded import locks
from data.embedded.account import is_known
from data.embedded.binaries import Binaries, find_major
from data.embedded.errors import (
    OtherCluster,
    OtherMajorVersion,
    PasswordUnreadable,
    ServerBusy,
    StartFailed,
    in_text,
    translated,
)
from data.embedded.place import Place

_RECORD = "cluster.json"
_PASSWORD = "password"  # noqa: S105 - the name of the file
_MEGABYTE = 1024 * 1024
_INITDB_LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Cluster:
    """What is remembered of the cluster: its major version, the identifier from initdb, the last port."""

    major: int
    system_identifier: str
    port: int | None = None


def open_or_create(place: Place, binaries: Binaries) -> Cluster:
    """The cluster of this place, made where there is none. Hold the change lock meanwhile.

    Raises OtherMajorVersion, OtherCluster, PasswordUnreadable, HomeNotWritable, DiskFull, DiskReadOnly,
    StartFailed.
    """
    with translated(place.data):
        if not place.data.exists():
            return _create(place, binaries)
        cluster = _recognise(place)
    if cluster.major != binaries.major:
        raise OtherMajorVersion(_other_major(place, cluster.major, binaries))
    password(place)
    return cluster


def read(place: Place) -> Cluster | None:
    """What is remembered of the cluster; None where nothing readable is."""
    try:
        return Cluster(**json.loads((place.directory / _RECORD).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def remember_port(place: Place, cluster: Cluster, port: int) -> Cluster:
    """Note the port, so that the next start keeps it."""
    if cluster.port == port:
        return cluster
    cluster = replace(cluster, port=port)
    _note(place, cluster)
    return cluster


def password(place: Place) -> str:
    """The generated password of the role postgres. Raises PasswordUnreadable."""
    path = place.directory / _PASSWORD
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "").lower() if isinstance(error, OSError) else "it is not text"
        raise PasswordUnreadable(_no_password(place, path, why)) from None
    if not text:
        raise PasswordUnreadable(_no_password(place, path, "it is empty"))
    return text


def configure(place: Place, binaries: Binaries) -> None:
    """Write the server's configuration, in a folder that the server itself cannot write where we are root."""
    memory = _memory_bytes() // _MEGABYTE
    settings = {
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 8, 64), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 128)}MB",
        "maintenance_work_mem": f"{min(max(memory // 32, 32), 256)}MB",
        "work_mem": "16MB",
        "huge_pages": "off",
        "wal_level": "logical",
        "max_wal_size": "2GB",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "jit": "off",  # it costs more than it gives on queries as short as a page's
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "lc_messages": "'C'",  # messages are read by the launcher, too
        "default_text_search_config": "'pg_catalog.english'",
        "password_encryption": "'scram-sha-256'",
        "log_checkpoints": "off",
    }
    if binaries.has_statement_statistics:
        settings["shared_preload_libraries"] = "'pg_stat_statements'"
    # Readable by the server's account; neither file holds a secret.
    lines = [f"{name} = {value}" for name, value in settings.items()]
    place.write("postgresql.conf", "\n".join(lines) + "\n", mode=0o644)
    rules = [
        "host all all 127.0.0.1/32 scram-sha-256",
        "host replication postgres 127.0.0.1/32 scram-sha-256",
    ]
    place.write("pg_hba.conf", "\n".join(rules) + "\n", mode=0o644)


def _create(place: Place, binaries: Binaries) -> Cluster:
    if not is_known(place.account.uid):
        raise StartFailed(
            f"This machine has no account name for user number {place.account.uid}, and PostgreSQL needs one. "
            "Add an entry to /etc/passwd, or run as a user that has a name."
        )
    # initdb inherits the server's lock: should we be killed now, the next start waits until it has ended.
    lock = locks.open_file(place.server_lock, place.owner)
    if not locks.wait_and_lock(lock, _INITDB_LIMIT_SECONDS):
        os.close(lock)
        raise ServerBusy(f"Another program is still making a database in {place.directory}. End it and try again.")
    draft = place.directory / "data.new"
    handed = place.directory / "password.new"
    shutil.rmtree(draft, ignore_errors=True)  # left by a crash in the middle of what follows
    handed.unlink(missing_ok=True)
    secret = secrets.token_urlsafe(32)
    place.write(_PASSWORD, secret + "\n")
    try:
        _hand_over(place, draft, handed, secret)
        output = _initdb(place, binaries, draft, handed, lock)
    finally:
        handed.unlink(missing_ok=True)
        os.close(lock)
    if not (draft / "PG_VERSION").is_file() or not (draft / "global" / "pg_control").is_file():
        shutil.rmtree(draft, ignore_errors=True)
        raise in_text(place.directory, output) or StartFailed(
            f"PostgreSQL could not make a database in {place.directory}. It said: {_last_lines(output)}"
        )
    cluster = Cluster(binaries.major, _system_identifier(draft))
    _note(place, cluster)
    draft.rename(place.data)
    return cluster


def _hand_over(place: Place, draft: Path, handed: Path, secret: str) -> None:
    """Give the server's account an empty folder and, for the time of initdb, the password to set."""
    draft.mkdir(0o700)
    descriptor = os.open(handed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
        if place.account.switches:
            os.fchown(descriptor, place.account.uid, place.account.gid)
            os.chown(draft, place.account.uid, place.account.gid, follow_symlinks=False)


def _initdb(place: Place, binaries: Binaries, draft: Path, handed: Path, lock: int) -> str:
    """Run initdb; its output."""
    # Letters beyond ASCII are letters, too: a locale of UTF-8, and one that sorts alike on every machine.
    if binaries.major >= 17:
        locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    else:
        locales = [
            ["--locale=C.UTF-8"],
            ["--locale=C"],
        ]  # the first comes with most systems, the second with all
    output = ""
    for locale in locales:
        command: list[str | Path] = [binaries.directory / "initdb", "--pgdata", draft, "--username=postgres"]
        command += ["--auth=scram-sha-256", "--pwfile", handed, "--encoding=UTF8", "--lc-messages=C", *locale]
        command += ["--data-checksums", "--no-instructions"]
        output = place.account.run(command, keep=[lock]).stdout
        if "invalid locale name" not in output:
            break
    return output


def _recognise(place: Place) -> Cluster:
    version, control = place.data / "PG_VERSION", place.data / "global" / "pg_control"
    if not version.is_file() or not control.is_file():
        raise OtherCluster(
            f"{place.data} is there but holds no PostgreSQL database. Move it away to begin with an empty "
            "one, "
            "or set SIGNALBOX_HOME to another folder."
        )
    cluster = read(place)
    try:
        found = int(version.read_text(encoding="utf-8").strip().split(".")[0]), _system_identifier(place.data)
    except (ValueError, struct.error):
        raise OtherCluster(
            f"{place.data} is damaged: {version.name} or {control.name} in it holds something else than PostgreSQL "
            "writes there. Move it away to begin with an empty database and restore a backup into that, or set "
            "SIGNALBOX_HOME to another folder."
        ) from None
    if cluster is None or (cluster.major, cluster.system_identifier) != found:
        raise OtherCluster(
            f"{place.data} holds another database than the one Signalbox made there "
            f"({place.directory / _RECORD} says which that was). "
            "Move it away, or set SIGNALBOX_HOME to another folder."
        )
    return cluster


def _system_identifier(data: Path) -> str:
    with (data / "global" / "pg_control").open("rb") as file:
        return str(struct.unpack("=Q", file.read(8))[0])


def _note(place: Place, cluster: Cluster) -> None:
    place.write(_RECORD, json.dumps(asdict(cluster)) + "\n")


def _other_major(place: Place, major: int, binaries: Binaries) -> str:
    found = find_major(major)
    where = str(found.directory) if found else f"the bin folder of a PostgreSQL {major}"
    return (
        f"The database in {place.data} was made by PostgreSQL {major}, but {binaries.directory} (from "
        f"{binaries.origin}) holds "
        f"PostgreSQL {binaries.version}, which cannot read it. Set SIGNALBOX_POSTGRES_BINARIES to {where}, "
        "or set SIGNALBOX_HOME to another folder to begin with an empty database."
    )


def _no_password(place: Place, path: Path, why: str) -> str:
    return (
        f"The password of the embedded database cannot be read from {path} ({why}). Restore that file, "
        "readable for its owner alone; "
        f"or move {place.directory} away to begin with an empty database."
    )


def _last_lines(output: str) -> str:
    return " / ".join(line for line in output.strip().splitlines()[-4:] if line)


def _memory_bytes() -> int:
    """The memory of this machine, or of the container where that is less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            total = min(total, int(Path(limit).read_text(encoding="utf-8")))
    return total
