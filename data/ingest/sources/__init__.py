"""What records mean, one module per kind of source, and how a record's kind is told."""
