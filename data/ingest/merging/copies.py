"""Sessions that begin with a copy of another one: what both tell of is the original's, and counts once.

Resuming a session, or branching off one, can copy its entries into a new file under a new session id. A record is
known by its session and its id, so each file keeps its own; but both name one event, which notes in `also_in` who else
holds it, as replies do. Whose it is says one rule, in the query `settle_copies`, and it is asked again whenever one of
these sessions has something new.
"""

from __future__ import annotations

from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import KnownSession, Staged, Touched


def settle(do: Statements, staged: Staged, touched: Touched, shared_events: int, shared_replies: int) -> None:
    """Give what the sessions of the file share with others to the original; notes which sessions these are."""
    if shared_events:
        do.run("ingest.copies.note_holders")
    is_linked = (shared_events or shared_replies) and do.run("ingest.copies.link_sessions") > 0
    if is_linked or (touched.any_shares and staged.report.has_changed):
        concerned = do.rows("ingest.copies.settle_copies", sessions=touched.ids)
        told = set(touched.ids)
        touched.related = [KnownSession(row["id"], row["started_at"]) for row in concerned if row["id"] not in told]
