"""What OpenAPI says beside the types."""

import importlib
import pkgutil

import pytest
from pydantic import BaseModel

import tuwen.serve
from serving import API, COLLECTION
from tuwen.serve import describing


@pytest.fixture
def schema(client):
    return client.get(f"{API}/openapi.json").json()


def operations(schema):
    return [(path, method, each) for path, ways in schema["paths"].items() for method, each in ways.items()]


def examples(schema, media):
    """The examples of what is sent or answered, its own or those of its schema."""
    if "example" in media:
        return [media["example"]]
    named = media["schema"].get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"].get(named, {}).get("examples", [])


def test_everything_has_an_example(schema):
    for path, method, operation in operations(schema):
        for parameter in operation.get("parameters", ()):
            assert "example" in parameter, (method, path, parameter["name"])
        sent = operation.get("requestBody", {}).get("content", {})
        good = [answer for status, answer in operation["responses"].items() if status < "3"]
        for media, told in [
            *sent.items(),
            *(pair for each in good for pair in each.get("content", {}).items()),
        ]:
            if media in ("application/json", "application/x-ndjson", "multipart/form-data"):
                assert examples(schema, told), (method, path, media)


def test_every_answer_but_good_ones_is_a_problem(schema):
    for path, method, operation in operations(schema):
        assert operation["summary"] and operation["description"], (method, path)
        for status, answer in operation["responses"].items():
            if status >= "4" and (path, status) != (f"{API}/health/ready", "503"):
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
                assert examples(schema, answer["content"]["application/problem+json"])


def test_examples_are_what_they_are_examples_of():
    models = {}
    for module in pkgutil.iter_modules(tuwen.serve.__path__):
        for name, kind in vars(importlib.import_module(f"tuwen.serve.{module.name}")).items():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                models[name] = kind
    for name, example in describing.EXAMPLES.items():
        if name not in models:
            assert name.startswith("Body_"), name
            continue
        models[name].model_validate(example)
        assert set(example) <= set(models[name].model_fields)


def test_the_examples_of_forms_hold_what_their_schema_names(schema):
    for name, part in schema["components"]["schemas"].items():
        if name.startswith("Body_"):
            assert set(part["examples"][0]) <= set(part["properties"])
            assert set(part.get("required", ())) <= set(part["examples"][0])


def test_operations_have_short_names_and_the_scope_they_need(schema):
    named = {each["operationId"]: each for _, _, each in operations(schema)}
    assert len(named) == len(operations(schema))
    assert named["search"]["security"] == [{"token": ["read"]}]
    assert named["add_items"]["security"] == [{"token": ["write"]}]
    assert named["live"]["security"] == []


def test_the_example_of_a_search_is_answered(client, schema):
    (media,) = schema["paths"][f"{API}/collections/{{collection}}/search"]["post"]["requestBody"][
        "content"
    ].values()
    asked = examples(schema, media)[0]
    assert client.post(f"{COLLECTION}/search", json=asked).status_code == 200
