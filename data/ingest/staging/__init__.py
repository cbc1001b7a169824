"""From records to rows: keys, times and escapes, the staging table, and how it joins what the database knows."""
