"""Signing in and out: a plain form on a route of its own, so that password managers work and no script is needed."""
