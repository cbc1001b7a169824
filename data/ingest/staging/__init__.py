"""From records to rows: keys, times, escapes, and the staging table."""
