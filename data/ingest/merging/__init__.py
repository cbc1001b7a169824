"""What a file told joins what the database knows: one module per step, each with its queries in data/sql/ingest.*."""
