import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_what_the_commands_say():
    spec = importlib.util.spec_from_file_location("make_cli", DOCS / "make_cli.py")
    make_cli = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_cli)
    written = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert written == make_cli.page(), "run: python docs/make_cli.py"
