"""What to request from a deployment, as flows that know nothing of the network."""
