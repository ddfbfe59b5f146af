"""Work is done ahead in threads, in order, within its budget, and stops when nobody wants it."""

import itertools
import os
import threading
import time

import pytest

from tuwen.ahead import ahead


def one(_):
    return 1


def test_results_come_in_the_order_of_the_items():
    def make(number):
        time.sleep(0.002 * (number % 3))
        return number * number

    assert list(ahead(make, range(20), weigh=one)) == [(n, n * n) for n in range(20)]
    assert list(ahead(make, [], weigh=one)) == []


def test_work_goes_on_while_the_caller_is_busy():
    made = []
    results = ahead(made.append, range(50), weigh=one, budget=20)
    next(results)
    for _ in range(200):
        if len(made) >= 20:
            break
        time.sleep(0.01)
    assert len(made) >= 20
    results.close()


def test_no_more_waits_than_the_budget_allows():
    read = []
    results = ahead(one, (read.append(n) or n for n in itertools.count()), weigh=lambda _: 10, budget=200)
    for _ in range(30):
        next(results)
    assert len(read) - 30 <= 20 + 1
    results.close()


def test_items_larger_than_the_budget_still_keep_every_core_busy():
    read = []
    results = ahead(one, (read.append(n) or n for n in range(100)), weigh=lambda _: 1000, budget=1)
    next(results)
    assert len(read) == (os.cpu_count() or 1) + 2
    assert len(list(results)) == 99


def test_what_an_item_raises_is_raised_in_its_turn_and_ends_the_rest():
    begun = []

    def make(number):
        begun.append(number)
        time.sleep(0.001)
        return 1 // (number - 3)

    results = ahead(make, range(10_000), weigh=one)
    assert [number for number, _ in itertools.islice(results, 3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) < 10_000


def test_leaving_early_leaves_no_thread_behind():
    def names():
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]

    before = len(names())
    for _ in ahead(one, range(1000), weigh=one):
        break
    assert len(names()) == before


def test_what_the_source_raises_comes_after_what_it_gave():
    def source():
        yield from range(3)
        raise OSError("gone")

    results = ahead(one, source(), weigh=one, budget=1)
    with pytest.raises(OSError, match="gone"):
        list(results)
