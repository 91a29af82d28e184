"""A run: what is requested, in which order, and what comes of it."""
