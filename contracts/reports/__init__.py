"""What a run comes to, for people and for machines: from the result alone, never from the network."""
