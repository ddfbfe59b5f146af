"""The picture for a headline, the text for a picture: several rankings of a library, with their reasons."""
