"""Files of arrays, whatever wrote them, as pairs."""
