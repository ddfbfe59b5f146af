"""Heads that make one question of a picture and words: learned from triples, or from a user's own pairs."""

from tuwen.fusion.heads import HEADS, Fusion, load, opened

__all__ = ["HEADS", "Fusion", "load", "opened"]
