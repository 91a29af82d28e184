"""What a run of the suite costs, measured beside other tools on the same deployment."""
