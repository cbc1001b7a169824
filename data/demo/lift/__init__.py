"""lift-sys: sessions that turn a prompt into code, with every revision of their intermediate representation."""
