"""From evidence to verdicts: requirements, checks, and the judge."""
