"""Why a connection could not be opened, told from what the driver says: in a sentence that repeats nothing of the
address, because a piece of the password may stand where the host or the role should."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class Reason:
    """One reason: a word for the log, how the driver or the server says it, and our sentence with a place for the name
    of the address."""

    word: str
    said: re.Pattern[str]
    sentence: str


def _reason(word: str, said: str, sentence: str) -> Reason:
    return Reason(word, re.compile(said, re.IGNORECASE), sentence)


# In this order: a server that was tried with and without TLS says two things, and what it said about who asks counts.
REASONS = (
    _reason(
        "password missing",
        r"no password supplied|empty password",
        "The database wants a password, and {address} holds none. Put it there.",
    ),
    _reason(
        "role unknown",
        r'role "[^"]*" does not exist|no such user|user not found|not permitted to log in',
        "The database knows no role of the name in {address} that may log in. Put the right name there, or make the "
        "role.",
    ),
    _reason(
        "password refused",
        r"(password|SASL|SCRAM|peer|ident) authentication failed|wrong password",
        "The database refused the password in {address}, or has no such role. Put the right ones there; special "
        "characters are written percent-encoded.",
    ),
    _reason(
        "database missing",
        r'database "[^"]*" does not exist|no such database',
        "The server answers but has no database of the name in {address}. Put the right name there, or make the "
        "database.",
    ),
    _reason(
        "no place left",
        r"too many (clients|connections)|connection slots",
        "The database of {address} has no connection left. Close others, or try again in a moment.",
    ),
    _reason(
        "starting or stopping",
        r"is starting up|is shutting down|not yet accepting|not accepting connections|in recovery mode",
        "The database of {address} is starting or stopping. Try again in a moment.",
    ),
    _reason(
        "TLS refused",
        r"not support SSL|SSL error|certificate|sslmode|no encryption",
        "The connection of {address} found no agreement about TLS. Check its sslmode against what the server offers, "
        "and the certificates.",
    ),
    _reason(
        "not let in",
        r"pg_hba\.conf|permission denied for database",
        "The database answers but does not let the role of {address} in from this machine. Its pg_hba.conf and the "
        "grants on the database say who may.",
    ),
    _reason(
        "host not found",
        r"translate host name|resolve|name or service not known|nodename nor servname|name resolution",
        "The host in {address} is not found. Check its name, and that special characters of the password are written "
        "percent-encoded.",
    ),
    _reason(
        "nothing listens",
        r"connection refused|no such file or directory",
        "Nothing listens where {address} leads. Check that the database runs, and host and port.",
    ),
    _reason(
        "refused",
        r"FATAL:",
        "The database answers but refused the connection of {address}. Its log says why.",
    ),
)
_NO_ANSWER = _reason(
    "no answer", "", "The database does not answer. Check that it runs and that {address} is right, then try again."
)


def reason_of(error: psycopg.Error) -> Reason:
    """Why a connection could not be opened."""
    said = str(error)
    return next((reason for reason in REASONS if reason.said.search(said)), _NO_ANSWER)


def sentence_of(error: psycopg.Error, address: str) -> str:
    """The same in a sentence that calls the address by this name."""
    return reason_of(error).sentence.format(address=address)
