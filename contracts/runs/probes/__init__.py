"""What to ask a deployment, as generators: `exchange = yield request`. Knows nothing of the network."""
