"""The parts of the list of sessions and of the page of one session."""
