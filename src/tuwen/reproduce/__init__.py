"""Tables of published figures beside our own: what is printed, what we get, and why they differ."""
