"""Bytes held for clients, bounded for all together and for each."""

from tuwen.serve.held import Held


def test_one_client_has_half_and_all_have_the_whole():
    held = Held(100)
    assert held.fits("a", 50) and not held.fits("a", 51)
    held.take("a", 50)
    assert not held.fits("a", 1) and held.fits("b", 50)
    held.take("b", 50)
    assert not held.fits("c", 1)
    held.give("a", 50)
    assert held.fits("c", 50) and held.total == 50
