"""A browser and a server that it can ask: what tests of the page share."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from tuwen.serve.application import application
from tuwen.serve.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def browser():
    """A headless Chromium; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the page's tests need playwright")
    if not CHROMIUM.is_file():
        pytest.skip(f"the page's tests need {CHROMIUM}")
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@contextmanager
def served(collections, folder, **settings):
    """The address of a server over some collections."""
    app = application(
        collections, Settings(**{"cache": folder / "cache", "threads": 2, "rate": 0} | settings)
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
