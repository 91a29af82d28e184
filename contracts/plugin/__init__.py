"""What is behind `contracts.pytest_plugin`: options and what they mean, verdicts as outcomes, the session."""
