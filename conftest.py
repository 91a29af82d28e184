"""Registers the contract's options and fixtures; pytester is for the suite's own tests."""

pytest_plugins = ["contracts.pytest_plugin", "pytester"]
