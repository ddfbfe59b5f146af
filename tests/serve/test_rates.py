from tuwen.serve import rates
from tuwen.serve.rates import Rates


def test_a_bucket_gives_its_burst_and_then_its_rate():
    now = [0.0]
    made = Rates(2, 3, clock=lambda: now[0])
    assert [made.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert made.take("b") == 0
    now[0] = 0.5
    assert made.take("a") == 0 and made.take("a") == 0.5


def test_a_rate_of_zero_is_no_limit():
    made = Rates(0, 1)
    assert not any(made.take("a") for _ in range(100))


def test_no_more_clients_are_remembered_than_said(monkeypatch):
    monkeypatch.setattr(rates, "CLIENTS", 3)
    made = Rates(1, 1, clock=lambda: 0.0)
    for client in "abcd":
        made.take(client)
    assert made.take("d") > 0 and made.take("a") == 0


def test_what_is_given_back_was_never_counted():
    rates = Rates(1, 2, lambda: 0.0)
    for _ in range(5):
        assert rates.take("a") == 0
        rates.give("a")
    rates.give("nobody")
    assert [rates.take("a") for _ in range(3)] == [0, 0, 1]
