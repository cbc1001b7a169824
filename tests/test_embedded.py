"""The embedded server's life: started by its first user, shared, stopped with its last, and back after any kill."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from data import embedded
from data.embedded import cluster as clusters
from data.embedded import locks
from data.embedded.probe import Answer, ask
from tests.embedded_holders import (
    Holder,
    children,
    do,
    folder,
    kill_server,
    kill_watcher,
    place_of,
    postmaster_of,
    runs,
    start,
    value,
    wait_until,
)
from tests.proofs.prove_embedded_kills import ROUNDS, kill_rounds, kill_while_making

BY_PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds processes by /proc")
SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home whose database is made, with one row in it; every test leaves it stopped, with that row."""
    with folder() as path:
        with embedded.lease(path / "home") as lease:
            do(lease.url(), "create table kept as select 1 as number")
        yield path / "home"


def test_first_start_makes_a_private_server() -> None:
    with folder() as path, embedded.lease(path / "home") as lease:
        place = place_of(path / "home")
        settings = "select current_setting(%s)"
        expected = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "wal_level": "logical",
            "jit": "off",
            "fsync": "on",
            "data_checksums": "on",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }
        assert {name: value(lease.url(), settings, name) for name in expected} == expected
        assert value(lease.url(), "select lower('ÄÉ')") == "äé"
        assert value(lease.url(), "select count(*) from extensions.pg_stat_statements") > 0
        assert stat.S_IMODE((place.directory / "password").stat().st_mode) == 0o600
        rules = value(lease.url(), "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'")
        assert rules == 0
        for file in (place.directory / "pg_hba.conf", place.data / "pg_hba.conf"):
            lines = file.read_text(encoding="utf-8").splitlines()
            assert not [line for line in lines if "trust" in line and not line.startswith("#")]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(lease.url(), password="guessed")


def test_data_and_port_stay(home: Path) -> None:
    with embedded.lease(home) as lease:
        port = lease.port
        do(lease.url(), "create table added as select 2 as number")
    with embedded.lease(home) as lease:
        assert lease.port == port
        assert value(lease.url(), "select number from added") == 2
        assert value(lease.url(), "select number from kept") == 1


def test_processes_share_the_server_and_the_last_stops_it(home: Path) -> None:
    first, second = Holder(home), Holder(home)
    assert first.told["started"] == second.told["started"]
    with embedded.lease(home) as third:
        users = embedded.inspect(home).users
        assert len(users) == 3, users
        first.leave()
        second.leave()
        assert value(third.url(), "select pg_postmaster_start_time()::text") == second.told["started"]
    assert not runs(home)
    wait_until(lambda: not locks.is_held(place_of(home).watcher_lock), "the end of the watcher")


def test_processes_that_make_it_at_once_share_one_server() -> None:
    with folder() as path:
        holders = [Holder(path / "home") for _ in range(4)]
        told = [holder.told for holder in holders]
        for holder in holders:
            holder.leave()
        assert {(each["started"], each["port"]) for each in told} == {(told[0]["started"], told[0]["port"])}
        assert not runs(path / "home")


@BY_PROC
def test_kills_lose_no_committed_row() -> None:
    """A tenth of the rounds of the proof, always the same ones."""
    kill_rounds(ROUNDS // 10, seed=7)


def test_a_first_start_that_is_killed_leaves_nothing_in_the_way() -> None:
    for seed in range(ROUNDS // 30):
        kill_while_making(seed)


def test_a_killed_user_stops_nothing_for_others_and_keeps_nothing_up(home: Path) -> None:
    with Holder(home) as killed, Holder(home) as other:
        killed.kill()
        with embedded.lease(home):
            pass
        assert value(other.told["url"], "select pg_postmaster_start_time()::text") == other.told["started"]
        other.kill()
        wait_until(lambda: not runs(home), "the end of the server after its last user was killed")


@BY_PROC
def test_without_its_watcher_the_next_user_takes_over(home: Path) -> None:
    with Holder(home) as killed:
        kill_watcher(home)
        killed.kill()
        assert runs(home)
        with embedded.lease(home) as lease:
            assert value(lease.url(), "select pg_postmaster_start_time()::text") == killed.told["started"]
            assert locks.is_held(place_of(home).watcher_lock)
        assert not runs(home)


def test_a_pid_that_now_belongs_to_another_is_not_believed(home: Path) -> None:
    account = place_of(home).account
    stranger = start(["sleep", "600"], account.uid if account.switches else None)
    try:
        with Holder(home) as killed:
            lines = (place_of(home).data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            kill_server(home)
            killed.kill()
        pid_file = place_of(home).data / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n", encoding="utf-8")
        with embedded.lease(home) as lease:
            assert value(lease.url(), "select number from kept") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate()


def test_a_copy_of_a_running_home_gets_a_server_of_its_own(home: Path) -> None:
    with embedded.lease(home) as lease, folder() as path:
        subprocess.run(["cp", "-a", home, path / "copy"], check=True)
        with embedded.lease(path / "copy") as other:
            assert other.port != lease.port
            do(other.url(), "insert into kept values (2)")
        assert value(lease.url(), "select count(*) from kept") == 1


def test_a_server_is_believed_for_its_proof_alone(home: Path) -> None:
    with embedded.lease(home) as lease:
        place = place_of(home)
        cluster, password = clusters.read(place), clusters.password(place)
        assert cluster is not None
        assert ask(lease.port, password, place.data, cluster) is Answer.OURS
        assert ask(lease.port, password, place.data.with_name("copy"), cluster) is Answer.NOT_OURS
        assert ask(lease.port, password, place.data, replace(cluster, system_identifier="1")) is Answer.NOT_OURS
        assert ask(lease.port, "guessed", place.data, cluster) is Answer.NOT_OURS
    assert ask(lease.port, password, place.data, cluster) is Answer.NOTHING


def test_a_stranger_who_asks_for_the_password_is_not_told(home: Path) -> None:
    password_please = b"R\0\0\0\x08\0\0\0\x03"
    heard = bytearray()

    def listen(stranger: socket.socket) -> None:
        connection, _ = stranger.accept()
        with connection:
            heard.extend(connection.recv(4096))
            connection.sendall(password_please)
            heard.extend(connection.recv(4096))

    place = place_of(home)
    cluster, password = clusters.read(place), clusters.password(place)
    assert cluster is not None
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        listener = Thread(target=listen, args=(stranger,))
        listener.start()
        assert ask(stranger.getsockname()[1], password, place.data, cluster) is Answer.NOT_OURS
        listener.join()
    assert b"postgres" in heard
    assert password.encode() not in heard


@BY_PROC
def test_a_server_that_hangs_while_it_stops_is_made_to_end(home: Path) -> None:
    """PostgreSQL does so when asked to stop while it starts anew after the kill of one of its backends."""
    with embedded.lease(home):
        log, pid = place_of(home).log, postmaster_of(home)
        seen = len(log.read_bytes())
        os.kill(children(pid)[0], signal.SIGKILL)
        wait_until(lambda: b"was interrupted" in log.read_bytes()[seen:], "the new start")
        os.kill(pid, signal.SIGINT)
        with embedded.lease(home) as lease:
            assert value(lease.url(), "select number from kept") == 1
    assert not runs(home)


@BY_PROC
def test_backends_that_outlive_their_postmaster_do_not_block_the_next_start(home: Path) -> None:
    endless = "do $$ begin loop null; end loop; end $$"
    with embedded.lease(home) as lease:
        connection = psycopg.connect(lease.url(), autocommit=True)
        busy = start([sys.executable, "-c", f"import psycopg; psycopg.connect({lease.url()!r}).execute({endless!r})"])
        counting = (
            "select count(*) = 1 from pg_stat_activity where query like 'do %%loop%%' and pid <> pg_backend_pid()"
        )
        wait_until(lambda: bool(value(lease.url(), counting)), "the start of the endless query")
        connection.close()
        kill_server(home)
        lease.ensure_running()
        assert value(lease.url(), "select number from kept") == 1
        busy.communicate()
    assert not runs(home)


def test_a_remembered_port_that_is_taken_is_replaced(home: Path) -> None:
    with embedded.lease(home) as lease:
        port = lease.port
    with socket.create_server(("127.0.0.1", port)), embedded.lease(home) as lease:
        assert lease.port != port
        assert value(lease.url(), "select number from kept") == 1


@pytest.mark.skipif(not SYSTEM_15.exists(), reason="no PostgreSQL 15 on this system")
def test_it_runs_on_postgresql_15() -> None:
    with folder() as path, embedded.lease(path / "home", SYSTEM_15) as lease:
        assert value(lease.url(), "select current_setting('server_version_num')::int / 10000") == 15
        assert value(lease.url(), "select lower('ÄÉ')") == "äé"
        assert value(lease.url(), "select auth.uid() is null")
        assert lease.binaries == SYSTEM_15


def test_a_fork_of_the_holder_gives_nothing_back(home: Path) -> None:
    with embedded.lease(home) as lease:
        child = os.fork()
        if child == 0:
            lease.release()
            os._exit(0)
        os.waitpid(child, 0)
        assert value(lease.url(), "select number from kept") == 1
    assert not runs(home)
