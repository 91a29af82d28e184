"""One short function for each requirement; the catalogue joins it with its sentence."""
