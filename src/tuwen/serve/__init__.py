"""The HTTP API and the page over collections (`tuwen serve`)."""
