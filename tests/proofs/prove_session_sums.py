"""After every step of a long random history what is stored of sessions, and of what happened in them, is what the
tables say: what each holds, costs and how many calls it made.

`make prove` takes all steps; the tests take a seeded tenth of them.
"""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from tests import test_session_calls, test_session_contents

Owner = psycopg.Connection[DictRow]


@pytest.mark.parametrize("drops", [False, True])
def test_what_sessions_hold_and_cost(owner: Owner, drops: bool) -> None:
    test_session_contents.step_by_step(owner, test_session_contents.STEPS, drops=drops)


@pytest.mark.parametrize("drops", [False, True])
def test_how_many_calls_they_made(owner: Owner, drops: bool) -> None:
    test_session_calls.step_by_step(owner, test_session_calls.STEPS, drops=drops)
