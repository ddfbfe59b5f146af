"""Servers over the tiny collection, asked by a client or in a browser, for every test of this folder."""

import shutil

import pytest

from browsing import browser, served
from serving import asked
from tuwen.collection import Collection


@pytest.fixture
def client(tiny_collection, tmp_path):
    """A client of a server over a collection of one's own."""
    with asked(tiny_collection, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def reader(_tiny_template, tiny_encoder, tmp_path_factory):
    """A client of one server for all tests of a file that change nothing."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(_tiny_template, folder / "tiny")
    with asked(Collection.open(folder / "tiny", encoder=tiny_encoder), folder, rate=0) as made:
        yield made


@pytest.fixture(scope="module")
def chromium():
    """One browser for the tests of a file: while it runs, no other event loop may."""
    with browser() as made:
        yield made


@pytest.fixture
def folder(_tiny_template, tmp_path):
    """A folder with two collections, both for this test alone."""
    for name in ("tiny", "second"):
        shutil.copytree(_tiny_template, tmp_path / name)
    return tmp_path


@pytest.fixture
def look(chromium, folder, tiny_encoder):
    """Opens the page at a place; settings are the server's. What a script complains of fails."""
    started, faults = [], []

    def opened(place="", locale="en-US", **settings):
        collections = {
            name: Collection.open(folder / name, encoder=tiny_encoder) for name in ("tiny", "second")
        }
        server = served(collections, folder, **settings)
        address = server.__enter__()
        context = chromium.new_context(locale=locale)
        started.append((context, server))
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{address}/{place}")
        return page

    yield opened
    for context, server in started:
        context.close()
        server.__exit__(None, None, None)
    assert not faults
