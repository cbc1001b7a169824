"""From paths to records: folders are walked, files opened, and values read from them whatever their size."""
