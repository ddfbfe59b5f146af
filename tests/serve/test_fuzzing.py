"""The API asked at random from its own OpenAPI: no answer may be a fault of the server.

TUWEN_FUZZ=200 asks for longer: so many requests an operation.
"""

import os
import warnings
from collections import Counter
from contextlib import suppress

import pytest

from serving import API, asked

EXAMPLES = int(
    os.environ.get("TUWEN_FUZZ", "3")
)  # an operation, of requests that the schema allows and of those that it forbids


@pytest.fixture
def schemathesis():
    """The fuzzer, with the warnings of its own imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("schemathesis", reason="schemathesis is not installed")


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_nothing_that_the_schema_allows_or_forbids_is_a_fault(schemathesis, mode, tiny_collection, tmp_path):
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.generation import GenerationMode

    run = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    statuses = Counter()
    with asked(tiny_collection, tmp_path, rate=0, answer_seconds=60) as client:
        schema = schemathesis.openapi.from_dict(of_what_is_there(client.get(f"{API}/openapi.json").json()))

        def check(case):
            answer = send(client, case)
            statuses[answer.status_code] += 1
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

        for found in schema.get_all_operations():
            strategy = found.ok().as_strategy(generation_mode=GenerationMode[mode])
            with suppress(Unsatisfiable):  # some operations have nothing that could be wrong
                seed(1)(run(given(strategy)(check)))()
        assert client.get(f"{API}/health/ready").json() == {"status": "ready"}
    assert statuses[200 if mode == "POSITIVE" else 422] > 10, statuses


def send(client, case):
    """Send a made-up request as it is; a token, which nobody has, would hide the rest."""
    made = case.as_transport_kwargs(base_url="http://localhost:8000")
    headers = {name: value for name, value in made["headers"].items() if name != "Authorization"}
    body = {name: made[name] for name in ("json", "files", "data") if made.get(name) is not None}
    if isinstance(body.get("data"), bytes | str):
        body["content"] = body.pop("data")
    return client.request(made["method"], made["url"], params=made.get("params"), headers=headers, **body)


def of_what_is_there(schema):
    """The schema with names that exist, so that requests come past the first check."""
    known = {"collection": ["tiny"], "id": ["red-0", "blue-0#en", "a/b"], "wait": [0, 0.01]}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["schema"] = {"enum": known[parameter["name"]]}
    return schema
