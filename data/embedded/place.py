"""Where the embedded server lives: `<home>/postgres`, a link where the home shuts the server's account out.

data/            the cluster itself, the server's account alone (0700)
cluster.json     what was made: major version, system identifier, port
password         of the role postgres, 0600
postgresql.conf, pg_hba.conf    written anew at each start; `alter system` overrides the first
server.log, watcher.log
leases/          one locked file for each process that uses the server
change.lock      held while the server is started, joined or stopped
server.lock      held by the server's own processes for as long as any of them lives
    watcher.lock     held by the watcher
linked-from      where the link is that leads here, if one does
binaries/        a copy of PostgreSQL's programs, only where the originals cannot be reached by the server's
account
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from data.embedded import locks
from data.embedded.account import Account, choose, is_known
from data.embedded.errors import HomeNotReachable, OtherCluster, translated

# For root's data, where its home would hide them from the server: they must outlive a reboot.
ELSEWHERE = Path("/var/lib/signalbox")
_TEMPORARY = "signalbox-home-"
_LINKED_FROM = "linked-from"


@dataclass(frozen=True)
class Place:
    """The folder of one embedded server, its owner (uid, gid) and the account that the server runs as."""

    directory: Path
    owner: tuple[int, int]
    account: Account

    @property
    def data(self) -> Path:
        """The cluster: PGDATA."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the server wrote to its log."""
        return self.directory / "server.log"

    @property
    def leases(self) -> Path:
        """The folder of lease files."""
        return self.directory / "leases"

    @property
    def change_lock(self) -> Path:
        """Held by whoever starts, joins or stops the server."""
        return self.directory / "change.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's processes."""
        return self.directory / "server.lock"

    @property
    def watcher_lock(self) -> Path:
        """Held by the watcher."""
        return self.directory / "watcher.lock"

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        """Write a file of ours whole or not at all. Named errors where the disk refuses."""
        path, draft = self.directory / name, self.directory / f".{name}.new"
        with translated(path):
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(descriptor, mode)
                self.give(descriptor)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            draft.rename(path)

    def give(self, descriptor: int) -> None:
        """Hand a file that root made to the owner of this place, so that they can use it without root."""
        if os.geteuid() == 0 and self.owner[0] != 0:
            os.fchown(descriptor, *self.owner)


def existing(home: Path) -> Place | None:
    """The place of `home` if there is one; makes nothing."""
    link = home.expanduser().absolute() / "postgres"
    with translated(link):
        return _at(_follow(link)) if link.exists() or link.is_symlink() else None


def prepare(home: Path) -> Place:
    """The place of `home`, its folders made where they are missing.

    Raises HomeNotWritable, HomeNotReachable, DiskFull, DiskReadOnly, OtherCluster.
    """
    home = home.expanduser().absolute()
    with translated(home):
        _make(home)
        link = home / "postgres"
        if not link.exists() and not link.is_symlink():
            _found(home, link)
        place = _at(_follow(link))
        if not place.leases.is_dir():
            _make(place.leases, mode=0o700, owner=place.owner)
    return place


def _at(directory: Path) -> Place:
    found = directory.stat()
    owner = (found.st_uid, found.st_gid)
    try:
        made = (directory / "data").stat()
    except FileNotFoundError:
        return Place(directory, owner, choose(owner))
    # The files of the cluster say whom the server must run as: root may open what a user made, and leaves it
    # theirs.
    return Place(directory, owner, choose((made.st_uid, made.st_gid)))


def _follow(link: Path) -> Path:
    if link.is_symlink() and link.lstat().st_uid not in {0, os.geteuid()}:
        raise OtherCluster(f"{link} is a link that someone else made, so it is not followed. Remove it and try again.")
    try:
        return link.resolve(strict=True)
    except FileNotFoundError:
        raise OtherCluster(
            f"{link} leads to {link.readlink()}, which is gone. Bring that folder back, "
            "or remove the link to begin with an empty database."
        ) from None


def _found(home: Path, link: Path) -> None:
    """Make the folder of a new server, beside the home where its account could not enter the home."""
    seen = home.stat()
    owner = (seen.st_uid, seen.st_gid) if is_known(seen.st_uid) else (os.geteuid(), os.getegid())
    account = choose(owner)
    if not account.switches or account.can_enter(home):
        _make(link, owner=owner)
        return
    temporary = Path(tempfile.gettempdir()).resolve()
    is_temporary = temporary in home.resolve().parents
    if is_temporary:
        _sweep(temporary)
    directory = _elsewhere(home, temporary if is_temporary else None)
    try:
        _make(directory, owner=owner)
    except OSError as error:
        raise HomeNotReachable(_unreachable(home, account, f"{directory} cannot be made ({error.strerror})")) from error
    if not account.can_enter(directory):
        directory.rmdir()
        raise HomeNotReachable(_unreachable(home, account, f"it cannot enter {directory.parent} either"))
    try:
        link.symlink_to(directory)
    except FileExistsError:  # another process was faster: use what it made
        directory.rmdir()
    else:
        _at(directory).write(_LINKED_FROM, f"{link}\n")


def _elsewhere(home: Path, temporary: Path | None) -> Path:
    name = re.sub(r"[^A-Za-z0-9]+", "-", str(home)).strip("-")[-60:] + "-" + secrets.token_hex(4)
    # What is meant to be thrown away is not left where nobody looks for it.
    return ELSEWHERE / name if temporary is None else temporary / f"{_TEMPORARY}{name}"


def _sweep(temporary: Path) -> None:
    """Throw away what temporary homes left beside them, where the home is gone and no server runs."""
    for directory in temporary.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            link = Path((directory / _LINKED_FROM).read_text(encoding="utf-8").rstrip("\n"))
            ours = directory.lstat().st_uid == os.geteuid() and link.resolve() != directory
            if ours and not locks.is_held(directory / "server.lock"):
                shutil.rmtree(directory)


def _make(directory: Path, *, mode: int | None = None, owner: tuple[int, int] | None = None) -> None:
    """Make a folder and those above it; root's let the server's account pass through, but not look around."""
    if directory.is_dir():
        return
    if not directory.parent.is_dir():
        _make(directory.parent)
    try:
        directory.mkdir()
    except FileExistsError:
        if not directory.is_dir():
            raise
        return
    if os.geteuid() == 0:
        directory.chmod(mode or (0o711 if owner is None or owner[0] == 0 else 0o700))
        if owner is not None and owner[0] != 0:
            os.chown(directory, *owner, follow_symlinks=False)
    else:
        directory.chmod(mode or 0o700)


def _unreachable(home: Path, account: Account, why: str) -> str:
    return (
        f"PostgreSQL does not run as root, and the account it runs as instead (user number {account.uid}) "
        f"cannot enter {home}; {why}. "
        "Set SIGNALBOX_HOME to a folder that every account may pass through, for example /srv/signalbox."
    )
