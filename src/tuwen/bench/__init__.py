"""Methods side by side on the same pairs: cells are planned, run, kept, compared."""
