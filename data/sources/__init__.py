"""Which source tables each named query reads, and which pages rest on a column: found out from a database, kept in
files, asked by the cache and by whoever adopts a table without that column."""

from data.sources.known import COLUMNS_FILE, FILE, of_queries, pages_on

__all__ = ["COLUMNS_FILE", "FILE", "of_queries", "pages_on"]
