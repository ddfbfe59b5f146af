"""From what a user names to an encoder: the small language, what a path holds, the hubs, checkpoints."""
