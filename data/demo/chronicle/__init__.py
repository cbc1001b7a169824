"""Sessions of coding agents: drawn stretch by stretch, written as rows of Chronicle and of the import."""
