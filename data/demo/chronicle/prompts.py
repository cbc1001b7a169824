"""Prompts that read like what people ask coding agents: openings, wishes about a subject, and endings combined."""

from __future__ import annotations

import numpy as np

from data.demo.chronicle.projects import Project

WISHES: tuple[str, ...] = (
    "find out why the {subject} is slow since the last release",
    "add a test for the {subject} that fails without the fix",
    "the {subject} breaks when the list is empty, please fix it",
    "refactor the {subject} so that the two code paths become one",
    "write down how the {subject} works, one page, no marketing",
    "the {subject} shows the wrong time zone for customers in India",
    "make the {subject} retry three times with backoff and then give up loudly",
    "remove the old feature flag from the {subject}",
    "why does {file} import so much? Slim it down",
    "look at {file} and tell me what could go wrong in production",
    "CI is red on {branch}, find the reason and fix it",
    "rebase {branch} on main and solve the conflicts",
    "bump the dependencies the {subject} uses and run everything",
    "the customer says the {subject} lost two rows yesterday evening. Check the logs and the code",
    "add an index for the query behind the {subject} and measure before and after",
    "translate the error messages of the {subject} to German and French",
    "review my changes on {branch} as a strict colleague would",
    "explain {file} to me, I am new here",
    "the numbers in the {subject} do not add up with the ledger, difference is 12.40 EUR",
    "split {file} into smaller modules without changing behaviour",
    "add logging to the {subject} so that we see which request fails",
    "write a migration that renames the column and keeps old readers working",
    "the flaky test around the {subject} fails every tenth run, make it reliable",
    "add pagination to the {subject}, 50 rows per page, keep the URL shareable",
    "check whether the {subject} leaks personal data into the logs",
    "draft release notes for {branch}",
    "make the {subject} work with the keyboard alone",
    "compare our {subject} with what the specification says and list the differences",
    "delete dead code around the {subject}",
    "cache the {subject} but never across customers",
    "write a script that backfills the {subject} for September and can be run twice",
    "the {subject} should answer within 200 ms, profile it",
)
# fmt: off
OPENINGS: tuple[str, ...] = (
    "", "", "", "Please ", "Can you ", "Next: ", "Good morning, ", "Quick one: ", "Urgent: ", "When you have that, ",
    "As discussed: ", "I need you to ",
)
ASKING = ("Please ", "Can you ", "I need you to ")  # these go before an order alone,
NO_ORDERS = ("the ", "CI ", "why ")  # which wishes that begin so are not
ENDINGS: tuple[str, ...] = (
    "", "", "", ".", ". Tests first.", ". Do not touch the public API.", ". Show me the plan before you start.",
    ". Keep the diff small.", ". Commit when green.", ". No new dependencies.", ". It has to go out today.",
    ". Ask if anything is unclear.",
)
FOLLOW_UPS: tuple[str, ...] = (
    "yes, go ahead", "looks good, commit it", "no, that is not what I meant. The error comes from {file}",
    "run the tests again", "continue", "and now the same for the {subject}", "why did you change {file}?",
    "undo the last change and try the simpler way", "push it and open a pull request",
    "the test passes locally but not in CI, have a look", "that is too clever, make it boring",
    "what would break if we deployed this now?", "write the commit message in one line", "use what is there instead",
    "still failing, here is the trace: KeyError: 'customer_id' in {file}", "good. Now update the documentation",
    "stop, first explain the {subject}", "ok", "please also check the staging logs", "sum up your work for the ticket",
)
# fmt: on


def prompt_texts(random: np.random.Generator, projects: list[Project], is_first: list[bool]) -> list[str]:
    """One prompt per project named, an order for the first prompt of a session, often a reply for the later ones."""
    picks = random.integers(0, 1 << 30, (len(projects), 6)).tolist()
    return [_prompt(*row) for row in zip(projects, is_first, picks, strict=True)]


def _prompt(project: Project, is_first: bool, pick: list[int]) -> str:
    if not is_first and pick[5] % 100 < 55:
        text = FOLLOW_UPS[pick[1] % len(FOLLOW_UPS)]
    else:
        opening, wish = OPENINGS[pick[0] % len(OPENINGS)], WISHES[pick[1] % len(WISHES)]
        if opening in ASKING and wish.startswith(NO_ORDERS):
            opening = ""
        text = opening + wish + ENDINGS[pick[2] % len(ENDINGS)]
    return text.format(
        subject=project.subjects[pick[3] % len(project.subjects)],
        file=project.code[pick[4] % len(project.code)],
        branch=project.branches[pick[3] % len(project.branches)],
    )
