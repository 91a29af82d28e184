"""Witnesses: what proves that a requirement is broken, cut down to the facts that it takes."""
