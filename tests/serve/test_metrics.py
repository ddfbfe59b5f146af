from serving import COLLECTION
from tuwen.serve.metrics import Metrics


def test_requests_are_counted_by_route_status_and_time():
    metrics = Metrics()
    metrics.answered("GET", "/a", 200, 0.004)
    metrics.answered("GET", "/a", 200, 0.3)
    metrics.answered("BREW", "/a", 404, 20.0)
    lines = metrics.text([("size", "Of it.", {"name": 'a"b\n'}, 3)]).splitlines()
    assert 'tuwen_requests_total{method="GET",route="/a",status="200"} 2' in lines
    assert 'tuwen_requests_total{method="other",route="/a",status="404"} 1' in lines
    assert 'tuwen_request_seconds_bucket{route="/a",le="0.005"} 1' in lines
    assert 'tuwen_request_seconds_bucket{route="/a",le="0.5"} 2' in lines
    assert 'tuwen_request_seconds_bucket{route="/a",le="+Inf"} 3' in lines
    assert 'tuwen_request_seconds_sum{route="/a"} 20.304' in lines
    assert lines[-1] == 'size{name="a\\"b\\n"} 3'


def test_a_server_counts_without_what_was_asked(client):
    client.get(f"{COLLECTION}/search", params={"q": "secret words"})
    client.get("/api/v1/nowhere/secret")
    answer = client.get("/api/v1/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'route="/collections/{collection}/search",status="200"} 1' in answer.text
    assert 'tuwen_items{collection="tiny",kind="image"} 16' in answer.text
    assert "secret" not in answer.text
