"""Adoption: systems whose tables were there before the console, mostly in `public`, become readable where they are.

The staging views are the one seam that knows where a system's tables are. Adopting puts a view of our columns between
a table and its staging view, so that reports, exports and acts work on either; or it moves the tables into our
schemas and leaves views under the old names.
"""

from data.adoption.allowing import ACKNOWLEDGING, CANCELLING, DECIDING, NOTING, RETRYING, Deed, explained, impossible
from data.adoption.comparing import compare
from data.adoption.doing import adopt, release
from data.adoption.errors import AdoptionError
from data.adoption.findings import ColumnFinding, SystemFinding, TableFinding
from data.adoption.keeping import Adopted, examine, has_unread, point_again
from data.adoption.needs import SYSTEMS, tables_of
from data.adoption.sight import every_row

__all__ = [
    "ACKNOWLEDGING",
    "CANCELLING",
    "DECIDING",
    "NOTING",
    "RETRYING",
    "SYSTEMS",
    "Adopted",
    "AdoptionError",
    "ColumnFinding",
    "Deed",
    "SystemFinding",
    "TableFinding",
    "adopt",
    "compare",
    "every_row",
    "examine",
    "explained",
    "has_unread",
    "impossible",
    "point_again",
    "release",
    "tables_of",
]
