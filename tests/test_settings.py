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


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SIGNALBOX_PORT=9000\nSIGNALBOX_HOSTS='a.example, B.example'\n")
    settings = load({"SIGNALBOX_PORT": "9001"}, env_file)
    assert (settings.port, settings.hosts) == (9001, ("a.example", "b.example"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIGNALBOX_ENV", "prod", "development, staging or production"),
        ("SIGNALBOX_PORT", "eighty", "SIGNALBOX_PORT must be a whole number"),
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


def test_the_ssl_mode_joins_a_url_that_says_none() -> None:
    environ = {"DATABASE_URL": "postgresql://h/d?connect_timeout=5", "DATABASE_SSL_MODE": "require"}
    assert load(environ, NO_FILE).database_url == "postgresql://h/d?connect_timeout=5&sslmode=require"
