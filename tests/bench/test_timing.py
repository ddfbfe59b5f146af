import builtins
import sys
import time

import pytest

from tuwen.bench.timing import Stopwatch


@pytest.fixture
def slow_module(tmp_path, monkeypatch):
    """A module that takes 0.2 s to load and loads another that takes as long."""
    (tmp_path / "slow_outer.py").write_text("import time\ntime.sleep(0.2)\nimport slow_inner\n")
    (tmp_path / "slow_inner.py").write_text("import time\ntime.sleep(0.2)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "slow_outer"
    for name in ("slow_outer", "slow_inner"):
        sys.modules.pop(name, None)


def test_work_counts_and_loading_does_not(slow_module):
    began = time.perf_counter()
    with Stopwatch() as watch:
        __import__(slow_module)
        time.sleep(0.1)
    assert 0.1 <= watch.seconds < 0.3
    assert time.perf_counter() - began >= 0.5


def test_importing_is_as_it_was_afterwards():
    plain = builtins.__import__
    with pytest.raises(ModuleNotFoundError), Stopwatch():
        import no_such_module  # noqa: F401
    assert builtins.__import__ is plain
