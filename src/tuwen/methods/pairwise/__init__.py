"""Methods that score pairs and give no vectors."""
