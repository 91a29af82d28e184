"""What several tests share: deployments in memory and on loopback addresses, storms, samples, browsers."""
