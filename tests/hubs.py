"""A small server on this machine that answers as Hugging Face and as ModelScope do."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "a1b2c3d4" * 5


class Hub:
    """What the server has and does, and what it was asked.

    Attributes:
        models: Files by name, by id.
        fails: Status for a path that holds this text.
        cut: Bytes after which the first answers of weights break off, one each.
        asked: Path and `Range` of every request.
    """

    def __init__(self):
        self.models, self.fails, self.cut, self.asked, self.headers = {}, {}, [], [], []
        self.wrong_sums = set()
        self.ranges = True
        self.retry_after = ""
        self.redirect = ""

    def sum(self, name, content):
        return "0" * 64 if name in self.wrong_sums else hashlib.sha256(content).hexdigest()

    def listing(self, model):
        """As Hugging Face lists: large files with their SHA-256, small ones as git objects."""
        files = []
        for name, content in self.models[model].items():
            entry = {"rfilename": name, "size": len(content)}
            if name.endswith((".json", ".txt")):
                blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                entry["blobId"] = "0" * 40 if name in self.wrong_sums else blob
            else:
                entry["lfs"] = {"sha256": self.sum(name, content), "size": len(content)}
            files.append(entry)
        return {"sha": COMMIT, "siblings": files}

    def modelscope(self, model):
        files = [
            {"Path": name, "Name": name.split("/")[-1], "Type": "blob", "Size": len(content),
             "Sha256": self.sum(name, content)}
            for name, content in self.models[model].items()
        ]  # fmt: skip
        folders = [{"Path": "assets", "Name": "assets", "Type": "tree", "Size": 0}]
        return {"Code": 200, "Success": True, "Data": {"Files": folders + files}}


@contextmanager
def serving(hub):
    """The server's address, while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked = urlsplit(self.path)
            hub.asked.append((self.path, self.headers.get("Range", "")))
            hub.headers.append(dict(self.headers))
            failing = next((code for text, code in hub.fails.items() if text in self.path), None)
            if failing:
                self.send_response(failing)
                if hub.retry_after:
                    self.send_header("Retry-After", hub.retry_after)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            parts, query = unquote(asked.path).strip("/").split("/"), parse_qs(asked.query)
            if parts[:2] == ["api", "models"]:
                return self.listed("/".join(parts[2:4]), hub.listing)
            if parts[:3] == ["api", "v1", "models"]:
                model = "/".join(parts[3:5])
                if parts[5:] == ["repo", "files"]:
                    return self.listed(model, hub.modelscope)
                return self.file(model, query["FilePath"][0])
            if hub.redirect and "resolve" in parts:
                self.send_response(302)
                self.send_header("Location", hub.redirect)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            return self.file("/".join(parts[:2]), "/".join(parts[4:]))

        def listed(self, model, how):
            if model not in hub.models:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            return self.content(json.dumps(how(model)).encode(), 200, {})

        def file(self, model, name):
            content = hub.models[model][name]
            start = self.headers.get("Range", "")
            if start and hub.ranges:
                first = int(start.removeprefix("bytes=").removesuffix("-"))
                span = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"}
                return self.content(content[first:], 206, span, name)
            return self.content(content, 200, {}, name)

        def content(self, content, code, headers, name=""):
            self.send_response(code)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if hub.cut and name.endswith((".safetensors", ".bin", ".pt")):
                content = content[: hub.cut.pop(0)]
                self.close_connection = True
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
