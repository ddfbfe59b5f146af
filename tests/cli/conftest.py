import json
from types import SimpleNamespace

import pytest

from tuwen import encoders
from tuwen.cli import _run, _settings


@pytest.fixture
def tuwen(capsys, monkeypatch, tmp_path, tiny_encoder):
    """Runs a command line in this process, with the tiny encoder for every name; gives `code`, `out`, `err`
    and, for JSON lines, `rows`."""
    for name in _settings.SETTINGS:
        monkeypatch.delenv(f"TUWEN_{name.upper()}", raising=False)
    monkeypatch.delenv("TUWEN_DEBUG", raising=False)
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr(encoders, "load", lambda name: tiny_encoder)

    def run(*arguments):
        code = _run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        lines = out.splitlines()
        rows = [json.loads(line) for line in lines] if lines and all(map(_is_object, lines)) else None
        return SimpleNamespace(code=code, out=out, err=err, rows=rows)

    return run


def _is_object(line):
    return line.startswith("{") and line.endswith("}")
