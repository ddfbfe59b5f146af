import json
from types import SimpleNamespace

import pytest

from tuwen import encoders
from tuwen.cli import _run, _settings


@pytest.fixture
def command_line(capsys, monkeypatch, tmp_path):
    """Runs a command line in this process, untouched by settings of the machine; gives `code`, `out`, `err`
    and, for JSON lines, `rows`."""
    for name in _settings.SETTINGS:
        monkeypatch.delenv(f"TUWEN_{name.upper()}", raising=False)
    monkeypatch.delenv("TUWEN_DEBUG", raising=False)
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))

    def run(*arguments):
        code = _run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        lines = out.splitlines()
        rows = [json.loads(line) for line in lines] if lines and all(map(_is_object, lines)) else None
        return SimpleNamespace(code=code, out=out, err=err, rows=rows)

    return run


@pytest.fixture
def tuwen(command_line, monkeypatch, tiny_encoder):
    """`command_line` with the tiny encoder for every name."""
    monkeypatch.setattr(encoders, "load", lambda name: tiny_encoder)
    return command_line


@pytest.fixture
def tuwen_and_tiny(command_line, monkeypatch, tiny_encoder):
    """`command_line` with the encoders that there are, and the tiny one as `tiny`."""
    load = encoders.load
    monkeypatch.setattr(encoders, "load", lambda spec: tiny_encoder if str(spec) == "tiny" else load(spec))
    return command_line


def _is_object(line):
    return line.startswith("{") and line.endswith("}")
