"""A server over a collection, asked without a network; what tests of the server share."""

from contextlib import contextmanager
from io import BytesIO

from PIL import Image
from starlette.testclient import TestClient

from tuwen.serve.application import application
from tuwen.serve.settings import Settings

API = "/api/v1"
COLLECTION = f"{API}/collections/tiny"


@contextmanager
def asked(collection, folder, **settings):
    """A client of a server over a collection, with settings of one's own."""
    chosen = Settings(**{"cache": folder / "cache", "threads": 2} | settings)
    app = application({"tiny": collection}, chosen)
    with TestClient(app, base_url="http://localhost:8000") as client:
        yield client


def picture(colour=(220, 30, 30), kind="PNG", size=(24, 18)):
    """The bytes of a small picture."""
    stream = BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    return stream.getvalue()


def problem(answer, status, code):
    """The body of an answer, which must be a problem of this status and code with all of its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code and body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return body
