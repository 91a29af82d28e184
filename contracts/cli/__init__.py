"""The command `bifrost-contracts`: its commands, and what several of them share."""
