"""Methods that give shared vectors, in numpy."""
