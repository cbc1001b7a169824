"""Whose processes and files the embedded server's are: an ordinary user's own; for root, somebody's without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

import pytest

from data import embedded
from tests.embedded_holders import (
    NOBODY,
    Holder,
    copy_wheel,
    do,
    folder,
    kill_server,
    place_of,
    postmaster_of,
    reachable_binaries,
    runs,
    value,
)

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="what root does, only root can show")


def test_an_ordinary_user_has_it_all_to_themselves() -> None:
    """Somebody without rights where root runs the tests; else whoever runs them."""
    uid = NOBODY if os.geteuid() == 0 else None
    user = uid or os.geteuid()
    with folder(uid) as path:
        home, binaries = path / "home", reachable_binaries(path, uid) if uid else None
        with Holder(home, binaries=binaries, uid=uid) as holder:
            assert holder.told["uid"] == user
            kill_server(home)
            with Holder(home, binaries=binaries, uid=uid) as other:
                assert other.told["started"] != holder.told["started"]
        assert {file.lstat().st_uid for file in home.rglob("*")} == {user}
        assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600
        assert not runs(home)


@AS_ROOT
def test_root_runs_it_as_somebody_without_rights() -> None:
    with folder() as path:
        home = path / "home"
        before = os.getgroups()
        os.setgroups([4])
        try:
            lease = embedded.lease(home)
        finally:
            os.setgroups(before)
        with lease:
            status = Path(f"/proc/{postmaster_of(home)}/status").read_text(encoding="utf-8")
            ids = {line.split(":")[0]: line.split()[1:] for line in status.splitlines() if line[:4] in {"Uid:", "Gid:"}}
            assert "0" not in ids["Uid"] + ids["Gid"]
            assert "Groups:\t \n" in status
            # What root reads and writes lies where the server's account cannot put anything in its place.
            assert place_of(home).directory.stat().st_uid == 0


@AS_ROOT
def test_root_leaves_a_users_database_theirs() -> None:
    user = pwd.getpwnam("daemon")
    with folder(user.pw_uid) as path:
        home, binaries = path / "home", reachable_binaries(path, user.pw_uid)
        with Holder(home, binaries=binaries, uid=user.pw_uid):
            pass
        with embedded.lease(home, binaries):
            assert Path(f"/proc/{postmaster_of(home)}").stat().st_uid == user.pw_uid
        with Holder(home, binaries=binaries, uid=user.pw_uid):
            pass
        assert not [file for file in home.rglob("*") if file.lstat().st_uid != user.pw_uid]


@AS_ROOT
def test_where_only_root_may_go_it_runs_beside_and_leads_there() -> None:
    with folder(mode=0o700) as path:
        binaries = copy_wheel(path)
        with embedded.lease(path / "home", binaries) as lease:
            link = path / "home" / "postgres"
            assert link.is_symlink()
            assert link.resolve() in lease.binaries.parents
            do(lease.url(), "create table kept as select 1 as number")
        with embedded.lease(path / "home", binaries) as lease:
            assert value(lease.url(), "select number from kept") == 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@AS_ROOT
def test_what_a_temporary_home_left_beside_it_goes_when_the_home_has_gone() -> None:
    with folder(mode=0o700) as path:
        with embedded.lease(path / "first"), embedded.lease(path / "second"):
            first, second = (path / name / "postgres" for name in ("first", "second"))
            kept, left = first.resolve(), second.resolve()
        shutil.rmtree(path / "second")
        with embedded.lease(path / "third"):
            assert kept.exists()
            assert not left.exists()
