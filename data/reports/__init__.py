"""What report pages read, one module per page. Every function takes the unit of work and returns rows."""
