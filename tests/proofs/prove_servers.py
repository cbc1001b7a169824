"""The Supabase CLI and its advisors on every server at hand, each as a superuser and as a hosted project's owner.

The tests take the newest server as the one and the oldest as the other.
"""

from __future__ import annotations

from tests import test_advisors as advisors
from tests import test_supabase_cli as with_cli
from tests.servers import any_server, as_superuser_and_as_owner
from tests.test_advisors import migrated
from tests.test_supabase_cli import Cli, anybodys_url, cli, own, program

__all__ = ["any_server", "anybodys_url", "cli", "migrated", "own", "program"]


@as_superuser_and_as_owner
def test_what_our_runner_applied_is_up_to_date_for_the_cli(own: Cli, anybodys_url: str) -> None:
    with_cli.test_what_our_runner_applied_is_up_to_date_for_the_cli(own, anybodys_url)


@as_superuser_and_as_owner
def test_what_the_cli_pushed_is_up_to_date_for_our_runner(own: Cli, anybodys_url: str) -> None:
    with_cli.test_what_the_cli_pushed_is_up_to_date_for_our_runner(own, anybodys_url)


@as_superuser_and_as_owner
def test_supabase_advisors_have_nothing_to_warn_of(own: Cli, migrated: str, role: str) -> None:
    advisors.test_supabase_advisors_have_nothing_to_warn_of(own, migrated, role)
