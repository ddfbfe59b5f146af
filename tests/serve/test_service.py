"""What the routes share."""

import threading
import time

from serving import API, COLLECTION, asked


def test_what_takes_long_does_not_keep_searches_waiting(tiny_collection, tmp_path, monkeypatch):
    """As many requests for duplicates as there are threads, and a search is answered all the same."""
    gate, asking = threading.Event(), []

    def slow(*_):
        gate.wait(10)
        return []

    monkeypatch.setattr("tuwen.serve.asking.find_duplicates", slow)
    with asked(tiny_collection, tmp_path, threads=1, answer_seconds=5) as client:
        for bits in range(3):
            address = f"{COLLECTION}/duplicates?distance={bits}"
            asking.append(threading.Thread(target=client.get, args=(address,)))
            asking[-1].start()
        begun = time.monotonic()
        assert client.get(f"{COLLECTION}/search?q=red").status_code == 200
        assert time.monotonic() - begun < 3
        gate.set()
        for thread in asking:
            thread.join()
        assert client.get(f"{API}/health/ready").is_success
