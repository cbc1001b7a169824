"""What admins do to the database from the pages: apply migrations, look into the server, end queries."""
