"""Jobs of agents, what they ask people, and the events of the engine about both."""
