"""What travels between a client and a worker as JSON comes back as it was."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from engine_samples import RaiseStrict
from workflow_samples import Fail, Refuse, diamond, graph, link, node

from workflows import run_graph
from workflows.engines.json_values import JsonError, from_json, to_json
from workflows.engines.records import read_error, read_results, run_record


def there_and_back(value):
    return from_json(json.loads(json.dumps(to_json(value))))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        10**30,
        0.1,
        "text",
        b"\x00\xff",
        (1, (2, [3])),
        {"a": {"b": ()}},
        {1: "one", (2, 3): "pair", "x": None},
        {"__reprise_type__": "tuple", "value": [1]},
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    ],
)
def test_a_value_comes_back_as_it_was(value):
    back = there_and_back(value)

    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("dtype", ["f4", ">i2", "c16", "?", "U5", "M8[ns]"])
def test_an_array_comes_back_with_its_type_and_shape(dtype):
    array = np.zeros((2, 0, 3), dtype) if dtype == "?" else np.ones((2, 3), "i8").astype(dtype)

    back = there_and_back(array)

    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_a_number_of_numpy_comes_back_as_one():
    back = there_and_back(np.float32(0.1))

    assert (type(back), back) == (np.float32, np.float32(0.1))


def deeply_nested():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "a object cannot be sent as JSON"),
        ({"a": [{1, 2}]}, "a set cannot be sent as JSON"),
        (np.array([None]), "a ndarray cannot be sent as JSON"),
        (deeply_nested(), "the value is nested too deeply"),
    ],
)
def test_other_values_are_refused_with_a_sentence(value, message):
    with pytest.raises(JsonError, match=message):
        to_json(value)


@pytest.mark.parametrize(
    "document",
    [
        {"__reprise_type__": "object", "value": 1},
        {"__reprise_type__": "tuple"},
        {"__reprise_type__": "bytes", "value": 3},
        {"__reprise_type__": "array", "value": ["O", [1], "AAAAAAAAAAA=", True]},
        {"__reprise_type__": "array", "value": ["f8", [1000000], "", True]},
        {"__reprise_type__": "dict", "value": [[[], 1]]},
        {"__reprise_type__": ["tuple"], "value": []},
        deeply_nested(),
    ],
)
def test_what_is_not_a_value_is_refused(document):
    with pytest.raises(JsonError):
        from_json(document)


@pytest.mark.parametrize("task", [Fail, Refuse, RaiseStrict])
def test_a_run_comes_back_as_it_was(task):
    document = diamond()
    document["nodes"].append(node("bad", task))
    document["links"].append(link("bottom", "bad"))
    result = run_graph(document)

    record = json.loads(json.dumps(run_record(result)))
    results, left_behind = read_results(record)
    error = read_error(record["error"])

    assert not left_behind
    for node_id, before in result.nodes.items():
        after = results[node_id]
        assert (after.state, after.outputs, after.n_runs) == (before.state, before.outputs, before.n_runs)
        assert (after.started_at, after.ended_at) == (before.started_at, before.ended_at)
    assert (error.code, error.message, error.node_id) == (
        result.error.code,
        result.error.message,
        result.error.node_id,
    )
    assert str(error.__cause__) == str(result.error.__cause__)


def test_the_path_of_a_node_in_a_sub_graph_comes_back():
    document = graph([node("x", Fail)])
    document["nodes"][0]["id"] = ["sub", ["inner", "x"]]
    result = run_graph(document)

    record = json.loads(json.dumps(run_record(result)))

    assert list(read_results(record)[0]) == [("sub", ("inner", "x"))]
    assert read_error(record["error"]).node_id == ("sub", ("inner", "x"))
