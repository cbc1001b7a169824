"""Who the server runs as: PostgreSQL refuses root, so for root it is somebody without rights."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.embedded.errors import HomeNotReachable

_NOBODY = 65534  # where the machine has no account of that name
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Account:
    """The user and group number that the server's programs run under; `switches` if they are not ours."""

    uid: int
    gid: int
    switches: bool

    def run(
        self,
        command: Sequence[str | Path],
        *,
        keep: Sequence[int] = (),
        output: int | None = None,
        detached: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, away from our folder, terminal and environment with its secrets.

        Descriptors in `keep` are inherited. Output goes to the descriptor `output`, else it is returned.
        `detached` starts the program in the background under a session of its own, as nobody's child, and
        returns at once.
        """
        if detached:
            command = ["/bin/sh", "-c", '"$@" &', "sh", *command]
        try:
            return subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if output is None else output,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                pass_fds=keep,
                start_new_session=detached,
                cwd="/",
                env=_environment(),
                umask=0o077,
                user=self.uid if self.switches else None,
                group=self.gid if self.switches else None,
                extra_groups=[] if self.switches else None,
            )
        except PermissionError as error:
            if not self.switches or Path(error.filename or "") == Path(command[0]):
                raise
            raise HomeNotReachable(
                "PostgreSQL does not run as root, and this process may not switch to user number "
                f"{self.uid}. Run as an ordinary user, or set DATABASE_URL to a server that runs elsewhere."
            ) from error

    def can_enter(self, directory: Path) -> bool:
        """Whether this account gets into `directory`: tried, as access lists have a say in it, too."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0


def ourselves() -> Account:
    """The account of this process."""
    return Account(os.geteuid(), os.getegid(), switches=False)


def choose(owner: tuple[int, int]) -> Account:
    """The account for files of `owner` (uid, gid): ourselves; for root the owner, or else `nobody`."""
    if os.geteuid() != 0:
        return ourselves()
    if owner[0] != 0:
        return Account(*owner, switches=True)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_NOBODY, _NOBODY, switches=True)
    return Account(entry.pw_uid, entry.pw_gid, switches=True)


def is_known(uid: int) -> bool:
    """Whether the machine has a name for this user number, without which initdb does not work."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _environment() -> dict[str, str]:
    kept = {name: value for name in _KEPT_VARIABLES if (value := os.environ.get(name))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
