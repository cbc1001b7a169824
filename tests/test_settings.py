"""Settings: where they come from, which names they take, what happens to wrong ones, and that README tells them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import WrongSetting
from data.settings import NAMES, load

README = Path(__file__).parent.parent / "README.md"
NO_FILE = Path("no-such-file")


def table() -> str:
    """The settings as README shows them."""
    lines = ["| setting | meaning |", "| --- | --- |"]
    for names, meaning in NAMES.values():
        older = f" (also {', '.join(f'`{name}`' for name in names[1:])})" if names[1:] else ""
        lines.append(f"| `{names[0]}`{older} | {meaning} |")
    return "\n".join(lines)


def test_readme_lists_every_setting() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip() == table()


def test_without_anything_the_console_brings_its_own_database() -> None:
    settings = load({}, NO_FILE)
    assert settings.is_embedded
    assert (settings.environment, settings.database_pool_size) == ("development", 5)
    assert settings.statement_timeout_ms == 30_000


@pytest.mark.parametrize(("environment", "pool", "timeout_ms"), [("staging", 10, 15_000), ("production", 20, 10_000)])
def test_limits_follow_the_environment(environment: str, pool: int, timeout_ms: int) -> None:
    settings = load({"SIGNALBOX_ENV": environment}, NO_FILE)
    assert (settings.database_pool_size, settings.statement_timeout_ms) == (pool, timeout_ms)


@pytest.mark.parametrize("name", ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_KEY"])
def test_older_names_are_accepted(name: str) -> None:
    assert load({name: "sb_publishable_x"}, NO_FILE).supabase_publishable_key == "sb_publishable_x"


def test_a_value_can_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("abc\n")
    assert load({"SIGNALBOX_METRICS_TOKEN_FILE": str(secret)}, NO_FILE).metrics_token == "abc"


def test_a_file_that_is_not_there_is_named_by_its_setting() -> None:
    with pytest.raises(WrongSetting, match="SIGNALBOX_METRICS_TOKEN_FILE"):
        load({"SIGNALBOX_METRICS_TOKEN_FILE": "/nowhere/token"}, NO_FILE)


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (b" \n", "empty"), (b"postgresql://\xff@h/d", "UTF-8")])
def test_a_file_without_a_value_is_named_by_its_setting(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "vault").write_bytes(content)
    with pytest.raises(WrongSetting, match=f"^DATABASE_URL_FILE names a file .*{told}"):
        load({"DATABASE_URL_FILE": str(tmp_path / "vault")}, NO_FILE)


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SIGNALBOX_HOSTS=caf\xe9.example\n")
    with pytest.raises(WrongSetting, match=r"\.env holds bytes that are no text"):
        load({}, tmp_path / ".env")


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SIGNALBOX_PORT=9000\nSIGNALBOX_HOSTS='a.example, B.example'\n")
    settings = load({"SIGNALBOX_PORT": "9001"}, env_file)
    assert (settings.port, settings.hosts) == (9001, ("a.example", "b.example"))


@pytest.mark.parametrize("variable", ["DATABASE_URL_FILE", "SUPABASE_POOLER_URL", "SUPABASE_POOLER_URL_FILE"])
def test_the_environment_wins_under_each_of_its_names(tmp_path: Path, variable: str) -> None:
    env_file, vault = tmp_path / ".env", tmp_path / "url"
    env_file.write_text("DATABASE_URL=postgresql://file/d\n")
    vault.write_text("postgresql://environment/d\n")
    value = str(vault) if variable.endswith("_FILE") else "postgresql://environment/d"
    assert load({variable: value}, env_file).database_url == "postgresql://environment/d"


def test_the_file_of_an_environment_wins_over_the_common_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("SIGNALBOX_PORT=9000\nSIGNALBOX_METRICS_TOKEN=common\n")
    Path(".env.staging").write_text("SIGNALBOX_PORT=9001\n")
    Path(".env.production").write_text("SIGNALBOX_PORT=9002\n")
    staging = load({"SIGNALBOX_ENV": "staging"})
    assert (staging.port, staging.metrics_token) == (9001, "common")
    assert load({}).port == 9000
    Path(".env").write_text("SIGNALBOX_PORT=9000\nSIGNALBOX_ENV=production\n")
    assert (load({}).port, load({}).environment) == (9002, "production")
    assert load({"SIGNALBOX_ENV": "staging"}).port == 9001, "the environment wins"


def test_a_value_of_an_env_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    """A password may hold what a shell would replace."""
    env_file = tmp_path / ".env"
    env_file.write_text("HOME_OF=nowhere\nDATABASE_URL='postgresql://u:pa${HOME_OF}ss@h/d'\n")
    assert load({}, env_file).database_url == "postgresql://u:pa${HOME_OF}ss@h/d"


def test_an_empty_value_is_none(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SIGNALBOX_PORT=9000\nDATABASE_URL=\n")
    settings = load({"SIGNALBOX_PORT": "", "SIGNALBOX_METRICS_TOKEN": ""}, env_file)
    assert (settings.port, settings.metrics_token, settings.is_embedded) == (9000, None, True)


def test_migrations_go_where_reports_are_read_unless_said_otherwise() -> None:
    assert load({"DATABASE_URL": "postgresql://h/d"}, NO_FILE).admin_database_url == "postgresql://h/d"
    given = {"DATABASE_URL": "postgresql://h/d", "ADMIN_DATABASE_URL": "postgresql://owner@h/d"}
    assert load(given, NO_FILE).admin_database_url == "postgresql://owner@h/d"


def test_folders_may_lie_below_the_home_of_the_person() -> None:
    settings = load({"SIGNALBOX_HOME": "~/sb", "CLAUDE_CONFIG_DIR": "~/claude"}, NO_FILE)
    assert (settings.home, settings.claude_config_dir) == (Path.home() / "sb", Path.home() / "claude")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_POOL_SIZE", "1", "DATABASE_POOL_SIZE must be a whole number of at least 2"),
        ("SIGNALBOX_PORT", "0", "SIGNALBOX_PORT must be a whole number from 1 to 65535"),
        ("SIGNALBOX_PORT", "99999", "SIGNALBOX_PORT must be a whole number from 1 to 65535"),
        ("SIGNALBOX_EMBEDDED_PORT", "99999", "SIGNALBOX_EMBEDDED_PORT must be a whole number from 0 to 65535"),
        ("BACKUP_EVERY_HOURS", "9" * 5000, "BACKUP_EVERY_HOURS must be a whole number of at least 1"),
        ("DATABASE_SSL_MODE", "foo", "DATABASE_SSL_MODE must be one of disable, allow"),
        ("DATABASE_URL", "postgresql://h:x:y/d?z", "DATABASE_URL is no connection string"),
        ("SIGNALBOX_ENV", "prod", "development, staging or production"),
        ("SIGNALBOX_PORT", "eighty", "SIGNALBOX_PORT must be a whole number"),
        ("BACKUP_EVERY_HOURS", "0", "BACKUP_EVERY_HOURS must be a whole number of at least 1"),
        ("BACKUP_EVERY_HOURS", "daily", "BACKUP_EVERY_HOURS must be a whole number of at least 1"),
        ("DATABASE_URL", "https://ref.supabase.co", "project's web address"),
        ("DATABASE_URL", "postgresql://postgres:[YOUR-PASSWORD]@host/postgres", "placeholder"),
    ],
)
def test_a_wrong_value_is_a_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(WrongSetting, match=said):
        load({name: value}, NO_FILE)


def test_secrets_do_not_show() -> None:
    settings = load({"DATABASE_URL": "postgresql://u:geheim@h/d", "SUPABASE_SECRET_KEY": "sb_secret_x"}, NO_FILE)
    assert "geheim" not in repr(settings)
    assert "sb_secret" not in repr(settings)


def test_the_ssl_mode_of_a_url_stays() -> None:
    environ = {"DATABASE_URL": "postgresql://h/d?sslmode=verify-full", "DATABASE_SSL_MODE": "require"}
    assert load(environ, NO_FILE).database_url == "postgresql://h/d?sslmode=verify-full"


def test_a_backup_is_due_every_day_unless_told_otherwise() -> None:
    assert load({}, NO_FILE).backup_every_hours == 24
    assert load({"BACKUP_EVERY_HOURS": "6"}, NO_FILE).backup_every_hours == 6


def test_the_ssl_mode_joins_a_url_that_says_none() -> None:
    environ = {"DATABASE_URL": "postgresql://h/d?connect_timeout=5", "DATABASE_SSL_MODE": "require"}
    assert load(environ, NO_FILE).database_url == "postgresql://h/d?connect_timeout=5&sslmode=require"
