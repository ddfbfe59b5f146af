"""A server on a real socket: bind rules, slow clients, headers, a stop that finishes writes."""

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvicorn
from PIL import Image

from serving import API, COLLECTION
from tuwen.errors import InputError
from tuwen.serve import running
from tuwen.serve.application import application
from tuwen.serve.guard import HEADER_BYTES
from tuwen.serve.settings import Settings, check_name, check_origin, check_proxy, is_loopback
from tuwen.serve.tokens import Tokens


@contextmanager
def listening(collection, folder, **settings):
    """A server in a thread; gives its port."""
    chosen = Settings(cache=folder / "cache", threads=2, **settings)
    app = application({"tiny": collection}, chosen)
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=0, http=running.protocol(chosen), ws="none", log_config=None,
            access_log=False, h11_max_incomplete_event_size=HEADER_BYTES,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def talk(port, *pieces, pause=0.0):
    """What a server answers to bytes sent piece by piece, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def request(line, *headers, body=b""):
    return "\r\n".join([line, "Host: localhost", *headers, "", ""]).encode("latin-1") + body


def test_a_slow_header_is_cut_off(tiny_collection, tmp_path):
    with listening(tiny_collection, tmp_path, header_seconds=0.2) as port:
        start = time.monotonic()
        drops = [b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 40]
        assert talk(port, *drops, pause=0.02) == b""
        assert talk(port) == b""  # nor does a connection without a word stay open
        assert time.monotonic() - start < 3
        again = request(f"GET {API}/health/live HTTP/1.1", "Connection: close")
        assert talk(port, again).startswith(b"HTTP/1.1 200")


def test_a_slow_second_request_is_cut_off_too(tiny_collection, tmp_path):
    with listening(tiny_collection, tmp_path, header_seconds=0.2) as port:
        answer = talk(port, request(f"GET {API}/health/live HTTP/1.1"), *[b"G"] * 20, pause=0.03)
        assert answer.startswith(b"HTTP/1.1 200") and answer.count(b"HTTP/1.1") == 1


def test_an_answer_may_take_longer_than_a_header(tiny_collection, tmp_path, monkeypatch):
    search = type(tiny_collection).search

    def slow(self, *arguments, **options):
        time.sleep(0.4)
        return search(self, *arguments, **options)

    monkeypatch.setattr(type(tiny_collection), "search", slow)
    with listening(tiny_collection, tmp_path, header_seconds=0.1) as port:
        asked = request(f"GET {COLLECTION}/search?q=red HTTP/1.1", "Connection: close")
        assert talk(port, asked).startswith(b"HTTP/1.1 200")


def test_a_slow_body_is_cut_off(tiny_collection, tmp_path):
    with listening(tiny_collection, tmp_path, body_seconds=0.2) as port:
        head = request(
            f"POST {COLLECTION}/search HTTP/1.1", "Content-Type: application/json", "Content-Length: 500"
        )
        answer = talk(port, head, *[b"{"] * 3, pause=0.15)
        assert answer.startswith(b"HTTP/1.1 408") and b"problem+json" in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (
            request(
                f"GET {API}/health/live HTTP/1.1", "X-Request-Id: a\r\n Set-Cookie: b", "Connection: close"
            ),
            None,
        ),
        (request(f"GET {API}/health/live HTTP/1.1", "X: " + "y" * 70_000, "Connection: close"), 4),
        (request(f"GET {API}/health/live%0d%0aSet-Cookie:%20x=y HTTP/1.1", "Connection: close"), 404),
        (request("GET /page/a%0d%0aX-Evil:1 HTTP/1.1", "Connection: close"), 404),
        (
            request("GET / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close"),
            None,
        ),
        (request("POST / HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET " + b"/a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 4),
    ],
)
def test_headers_cannot_be_slipped_in(tiny_collection, tmp_path, sent, status):
    with listening(tiny_collection, tmp_path, header_seconds=0.3) as port:
        answer = talk(port, sent, pause=0.4)
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head and b"x-evil" not in head
    if status is not None:
        assert answer.startswith(f"HTTP/1.1 {status}".encode())


def test_an_address_that_is_taken_is_said_in_one_sentence(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_set_logs", lambda: None)  # of the whole process
    with listening(tiny_collection, tmp_path, read_only=True) as port:
        settings = Settings(port=port, cache=tmp_path, read_only=True)
        with pytest.raises(InputError, match=f"{port} cannot be listened at"):
            running.run({"tiny": tiny_collection}, settings)


def test_only_this_machine_connects_without_a_token(tmp_path):
    path = tmp_path / "tokens.json"
    running.check(Settings(tokens=path))
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(InputError, match="tuwen token add"):
            running.check(Settings(host=host, tokens=path))
    with pytest.raises(InputError, match="asked for"):
        running.check(Settings(require_token=True, tokens=path))
    Tokens(path).add("alice", ["read"])
    running.check(Settings(host="0.0.0.0", tokens=path))


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("LocalHost", True),
     ("0.0.0.0", False), ("::", False), ("localhost.example.org", False), ("", False)],
)  # fmt: skip
def test_what_is_this_machine_only(host, local):
    assert is_loopback(host) is local


def test_origins_are_named_one_by_one():
    assert check_origin("HTTPS://A.example/") == "https://a.example"
    for wrong in ("*", "a.example", "https://*.example", "https://a.example/path", "file://x"):
        with pytest.raises(InputError, match="not a web origin"):
            check_origin(wrong)


def test_what_is_no_request_is_answered_with_a_problem(tiny_collection, tmp_path):
    with listening(tiny_collection, tmp_path) as port:
        answer = talk(port, b"GARBAGE\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert told["code"] == "not-http" and f"X-Request-Id: {told['request_id']}".encode() in head


def test_one_client_does_not_take_all_connections(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CONNECTIONS_OF_ONE", 5)
    asks = request(f"GET {API}/health/live HTTP/1.1", "Connection: close")
    with listening(tiny_collection, tmp_path) as port, ExitStack() as opened:
        held = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(5)]
        assert talk(port, asks) == b""
        held[0].close()
        time.sleep(0.1)
        assert talk(port, asks).startswith(b"HTTP/1.1 200")
    with listening(tiny_collection, tmp_path, proxies=("127.0.0.0/8",)) as port, ExitStack() as opened:
        for _ in range(7):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert talk(port, asks).startswith(b"HTTP/1.1 200")


def test_a_connection_too_many_is_told_that_it_is_busy(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CONNECTIONS", 2)
    asks = request(f"GET {API}/health/live HTTP/1.1", "Connection: close")
    with listening(tiny_collection, tmp_path) as port, ExitStack() as opened:
        for _ in range(2):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        answer = talk(port, asks)
        assert answer.startswith(b"HTTP/1.1 503") and b"problem+json" in answer and b"retry-after" in answer
        for _ in range(2):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert talk(port, asks) == b""


def test_proxies_and_names_are_what_they_seem():
    assert [check_proxy(each) for each in ("127.0.0.1", "[::1]", "172.16.0.0/12")] == [
        "127.0.0.1", "::1", "172.16.0.0/12",
    ]  # fmt: skip
    for wrong in ("*", "localhost", "0.0.0.0/0", "::/0", "10.0.0.1/8", ""):
        with pytest.raises(InputError):
            check_proxy(wrong)
    assert check_name("Search.Example.org") == "search.example.org" and check_name("[::1]") == "[::1]"
    for wrong in ("https://a.example", "a.example:443", "a.example/", "*", ""):
        with pytest.raises(InputError, match="no name to be asked under"):
            check_name(wrong)


def test_a_client_that_reads_nothing_is_let_go(tiny_collection, tmp_path):
    Image.new("RGB", (3000, 2000)).save(tmp_path / "large.bmp")
    vector = tiny_collection.vectors("image", ["red-0"])
    tiny_collection.add_vectors("image", ["large"], vector, path=[str(tmp_path / "large.bmp")])
    asks = request(f"GET {COLLECTION}/pictures/large HTTP/1.1")
    with listening(tiny_collection, tmp_path, send_seconds=0.2) as port:
        whole = talk(port, request(f"GET {COLLECTION}/pictures/large HTTP/1.1", "Connection: close"))
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", port))
            slow.sendall(asks)
            time.sleep(0.6)
            slow.settimeout(5)
            taken = 0
            with suppress(ConnectionResetError):
                while more := slow.recv(1 << 20):
                    taken += len(more)
    assert len(whole) > 18_000_000 > taken
