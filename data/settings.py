"""Settings, read in one place: the environment, then a `.env` file, each also as a path to a file (`NAME_FILE`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, cast, get_args

import psycopg
from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict

from data.errors import WrongSetting

Environment = Literal["development", "staging", "production"]

# name of the setting -> (the names it is accepted under, newest first; what it means)
NAMES: dict[str, tuple[tuple[str, ...], str]] = {
    "home": (
        ("SIGNALBOX_HOME",),
        "Folder of everything generated: embedded database, backups, logs. Default `.signalbox`.",
    ),
    "environment": (
        ("SIGNALBOX_ENV",),
        "`development`, `staging` or `production`: at most 5, 10 or 20 connections, statements of 30, 15 or 10 s.",
    ),
    "database_url": (
        ("DATABASE_URL", "SUPABASE_POOLER_URL"),
        "The database to look at. Without it the console starts its own.",
    ),
    "admin_database_url": (("ADMIN_DATABASE_URL",), "For migrations and backups; defaults to DATABASE_URL."),
    "read_database_url": (("READ_DATABASE_URL",), "A replica for reports; optional."),
    "database_ssl_mode": (("DATABASE_SSL_MODE",), "Added as sslmode where the URL does not say one."),
    "database_pool_size": (("DATABASE_POOL_SIZE",), "Overrides the pool size of the environment."),
    "supabase_url": (("SUPABASE_URL",), "The project's URL; turns Supabase sign-in on."),
    "supabase_publishable_key": (
        ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_KEY"),
        "The publishable (anon) key, for sign-in.",
    ),
    "supabase_secret_key": (
        ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SERVICE_KEY"),
        "The secret (service role) key; accepted, not needed by anything yet.",
    ),
    "backup_every_hours": (
        ("BACKUP_EVERY_HOURS",),
        "How often a backup is due, in hours; an older one shows red. Default 24.",
    ),
    "port": (("SIGNALBOX_PORT",), "Port of the console. Default 8501."),
    "hosts": (("SIGNALBOX_HOSTS",), "Names the console is served under, separated by commas; loopback always works."),
    "metrics_token": (("SIGNALBOX_METRICS_TOKEN",), "Bearer token for /metrics; without it /metrics is closed."),
    "postgres_binaries": (
        ("SIGNALBOX_POSTGRES_BINARIES",),
        "Folder with postgres, initdb, pg_ctl for the embedded server.",
    ),
    "embedded_port": (("SIGNALBOX_EMBEDDED_PORT",), "Fixed port of the embedded server; default is a free one."),
    "reducers": (
        ("SIGNALBOX_REDUCERS",),
        "Python modules, by commas, each with `reducers` of your own aggregate types, so that streams show a state.",
    ),
    "claude_config_dir": (("CLAUDE_CONFIG_DIR",), "Where Claude Code keeps its history. Default `~/.claude`."),
}

POOL_SIZES: dict[Environment, int] = {"development": 5, "staging": 10, "production": 20}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
LAST_PORT = 65_535
STATEMENT_TIMEOUTS_MS: dict[Environment, int] = {"development": 30_000, "staging": 15_000, "production": 10_000}


class DatabaseUrl(str):
    """A connection string, password and all, that knows which setting it came from."""

    setting: str

    def __new__(cls, text: str, setting: str) -> Self:
        """The text as it is, with the name of its setting."""
        made = super().__new__(cls, text)
        made.setting = setting
        return made


@dataclass(frozen=True)
class Settings:
    """All settings after reading. Fields hold secrets: the representation names which are set, never their values."""

    home: Path = Path(".signalbox")
    environment: Environment = "development"
    database_url: str | None = None
    admin_database_url: str | None = None
    read_database_url: str | None = None
    database_pool_size: int = POOL_SIZES["development"]
    supabase_url: str | None = None
    supabase_publishable_key: str | None = None
    supabase_secret_key: str | None = None
    backup_every_hours: int = 24
    port: int = 8501
    hosts: tuple[str, ...] = ()
    metrics_token: str | None = None
    postgres_binaries: Path | None = None
    embedded_port: int | None = None
    reducers: tuple[str, ...] = ()
    claude_config_dir: Path | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the console brings its own database."""
        return self.database_url is None

    @property
    def statement_timeout_ms(self) -> int:
        """How long one statement of a page may take."""
        return STATEMENT_TIMEOUTS_MS[self.environment]

    def __repr__(self) -> str:
        given = ", ".join(name for name in NAMES if getattr(self, name, None))
        return f"Settings(given: {given})"


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings.

    `environ` defaults to the process environment, `env_file` to `.env.<SIGNALBOX_ENV>` and `.env` in the working
    directory; the environment wins. Raises WrongSetting naming the setting, never its value.
    """
    given = _merged(os.environ if environ is None else environ, env_file)
    environment = given.get("environment", "development").lower()
    if environment not in get_args(Environment):
        raise WrongSetting("SIGNALBOX_ENV must be development, staging or production.")
    if given.get("database_ssl_mode", "prefer") not in SSL_MODES:
        raise WrongSetting(f"DATABASE_SSL_MODE must be one of {', '.join(SSL_MODES)}.")
    kind = cast(Environment, environment)
    return Settings(
        home=Path(given.get("home", ".signalbox")).expanduser(),
        environment=kind,
        database_url=_database_url(given, "database_url"),
        admin_database_url=_database_url(given, "admin_database_url") or _database_url(given, "database_url"),
        read_database_url=_database_url(given, "read_database_url"),
        database_pool_size=_whole_number(given, "database_pool_size", POOL_SIZES[kind], at_least=2),
        supabase_url=given.get("supabase_url"),
        supabase_publishable_key=given.get("supabase_publishable_key"),
        supabase_secret_key=given.get("supabase_secret_key"),
        backup_every_hours=_whole_number(given, "backup_every_hours", 24, at_least=1),
        port=_whole_number(given, "port", 8501, at_least=1, at_most=LAST_PORT),
        hosts=tuple(name.lower() for name in _listed(given, "hosts")),
        metrics_token=given.get("metrics_token"),
        postgres_binaries=_path(given, "postgres_binaries"),
        embedded_port=_whole_number(given, "embedded_port", 0, at_least=0, at_most=LAST_PORT) or None,
        reducers=_listed(given, "reducers"),
        claude_config_dir=_path(given, "claude_config_dir"),
    )


def _merged(environ: Mapping[str, str], env_file: Path | None) -> dict[str, str]:
    from_files = _read(env_file or Path(".env"))
    if env_file is None:
        kind = environ.get("SIGNALBOX_ENV") or from_files.get("SIGNALBOX_ENV") or "development"
        from_files |= _read(Path(f".env.{kind.lower()}"))
    # The environment first under all its names: an older name or a `_FILE` there wins over any name in a file.
    sources = [{key: value for key, value in source.items() if value} for source in (environ, from_files)]
    return {
        setting: value
        for setting, (names, _) in NAMES.items()
        if (value := next(filter(None, (_first(source, names) for source in sources)), None))
    }


def _read(path: Path) -> dict[str, str | None]:
    try:
        return dict(dotenv_values(path, interpolate=False)) if path.is_file() else {}
    except UnicodeDecodeError:
        raise WrongSetting(f"{path} holds bytes that are no text. Write it anew in UTF-8.") from None
    except OSError as error:
        raise WrongSetting(f"{path} cannot be read ({error.strerror}).") from None


def _first(known: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    for name in names:
        if value := known.get(name):
            return value
        if path := known.get(f"{name}_FILE"):
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise WrongSetting(f"{name}_FILE names a file that cannot be read ({error.strerror}).") from None
            except UnicodeDecodeError:
                raise WrongSetting(f"{name}_FILE names a file with bytes that are no text in UTF-8.") from None
            if not value:
                # As if it were not set, something else than was meant would begin: without a word, another database.
                raise WrongSetting(
                    f"{name}_FILE names a file that is empty. Put the value there, or take {name}_FILE away."
                )
            return value
    return None


def _database_url(given: Mapping[str, str], name: str) -> DatabaseUrl | None:
    url = given.get(name)
    if url is None:
        return None
    variable = NAMES[name][0][0]
    if url.startswith(("https://", "http://")):
        raise WrongSetting(
            f"{variable} holds the project's web address. Use the connection string from “Connect” in Supabase: "
            "it starts with postgresql://."
        )
    if "[" in url.split("@")[0] and "]" in url.split("@")[0]:
        raise WrongSetting(f"{variable} still holds the placeholder for the password; put the database password there.")
    mode = given.get("database_ssl_mode")
    if mode and "sslmode=" not in url:
        is_address = "://" in url
        url = f"{url}{('&' if '?' in url else '?') if is_address else ' '}sslmode={mode}"
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Without a cause: libpq quotes what it cannot read, password and all.
        raise WrongSetting(
            f"{variable} is no connection string: it should read postgresql://user:password@host/database."
        ) from None
    return DatabaseUrl(url, variable)


def _whole_number(
    given: Mapping[str, str], name: str, default: int, *, at_least: int, at_most: int | None = None
) -> int:
    text = given.get(name)
    if text is None:
        return default
    # A text that is longer than any of our numbers is none: Python refuses to read one of thousands of digits.
    number = int(text) if text.isdecimal() and len(text) < 19 else -1
    if number < at_least or (at_most is not None and number > at_most):
        within = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"
        raise WrongSetting(f"{NAMES[name][0][0]} must be a whole number {within}.")
    return number


def _listed(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in given.get(name, "").split(",") if one.strip())


def _path(given: Mapping[str, str], name: str) -> Path | None:
    text = given.get(name)
    return Path(text).expanduser() if text else None
