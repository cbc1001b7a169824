"""What the documents of the five systems name and count, compared with a live database, system by system.

Each system has a TOML file here, transcribed from its document by hand: `names` by kind of object, `instead` where an
object has another name or place here and why, `counts` with the reason where ours is another one.
"""

from data.migration.documents.comparing import Count, Named, SystemReport, compare, read_documents

__all__ = ["Count", "Named", "SystemReport", "compare", "read_documents"]
