"""Networks trained on a user's own pictures and words (`tuwen train`)."""
