"""Which source tables each named query reads: found out from a database, kept in a file, asked by the cache."""

from data.sources.known import FILE, of_queries

__all__ = ["FILE", "of_queries"]
