"""Methods that learn bits without a network."""
