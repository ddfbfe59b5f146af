"""What encoders see of pictures and texts: pixels and token ids, described as plain data."""
