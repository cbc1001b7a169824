"""The gate: one piece of middleware that decides what answers to whom, the websocket included."""
