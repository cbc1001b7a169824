"""The autonomic engine: events of clients, leads and procedures, and what is projected from them."""
