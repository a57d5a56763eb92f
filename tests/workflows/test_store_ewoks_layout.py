"""Results are where ewoks looks for them, and those of ewoks are read without executing anything."""

import json
import logging
import sys
from functools import reduce

import numpy as np
import pytest

from tests.workflows.store_samples import Echo
from workflows import UnsupportedError, WorkflowError
from workflows.store import ResultStore, load_uri, open_store
from workflows.store.content import content_digest

INFO = {"serializer": "json", "serializer_version": "1.0.0"}


def save(store, outputs, **options):
    return store.claim(Echo, {"value": 1}, **options).save(outputs)


@pytest.mark.parametrize(
    "varinfo", [None, {}, {"root_uri": ""}, {"root_uri": None, "scheme": "json"}, {"enable_hashing": True}]
)
def test_without_a_root_there_is_no_store(varinfo):
    assert open_store(varinfo) is None


@pytest.mark.parametrize(
    ("root_uri", "folder"),
    [
        ("{}/root", "root"),
        ("file://{}/root", "root"),
        ("{}/root?path=/entry/sub", "root/entry/sub"),
        ("{}/root::/entry", "root/entry"),
        ("file://{}/root%20a", "root a"),
        ("json://{}/root.json?path=entry", "root/entry"),
        ("{}/root.v1", "root.v1"),
    ],
)
def test_the_root_is_a_path_or_a_uri(tmp_path, root_uri, folder):
    assert (
        open_store({"root_uri": root_uri.format(tmp_path), "has_data_proxy": True}).root == tmp_path / folder
    )


def test_a_relative_root_is_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert open_store({"root_uri": "results"}).root == tmp_path / "results"


@pytest.mark.parametrize(
    ("varinfo", "sentence"),
    [
        ({"root_url": "a"}, "varinfo has no key 'root_url'; did you mean 'root_uri'?"),
        ({"root_uri": "a", "scheme": "jsom"}, "varinfo has no scheme 'jsom'; did you mean 'json'?"),
        ({"root_uri": 5}, "the root_uri of varinfo is a path or a URI, not 5"),
        ({"root_uri": "a?path=../b"}, "leaves its folder"),
        ({"root_uri": "a", "scheme": ["json"]}, "varinfo has no scheme"),
    ],
)
def test_a_misspelt_varinfo_is_refused(varinfo, sentence):
    with pytest.raises(WorkflowError) as caught:
        open_store(varinfo)

    assert sentence in caught.value.message


def test_a_result_is_written_as_ewoks_does(tmp_path):
    store = open_store({"root_uri": str(tmp_path)})

    key = save(store, {"value": [1, {"a": None}]}, title="My node")

    digest = content_digest([1, {"a": None}])
    output = tmp_path / "task_results" / "value" / f"{digest}.json"
    task = tmp_path / "task_results" / f"{key}.json"
    listed = {"value": {"uri": f"json://{output}", "uhash": digest}}
    assert json.loads(output.read_text()) == {
        "data": {"value": [1, {"a": None}]},
        "__ewoks_serialize__": INFO,
    }
    assert json.loads(task.read_text()) == {
        "data": {"title": "My node", "task_results": listed},
        "__ewoks_serialize__": INFO,
    }
    assert store.uris(key) == (f"json://{task}", {"value": f"json://{output}"})


def test_values_are_read_by_their_uris(tmp_path):
    store = open_store({"root_uri": str(tmp_path)})
    key = save(store, {"value": {"a": [1.5, "b"]}, "none": None})
    task_uri, uris = store.uris(key)

    assert load_uri(uris["value"]) == {"a": [1.5, "b"]}
    assert load_uri(task_uri) == {"value": {"a": [1.5, "b"]}, "none": None}


@pytest.mark.parametrize(
    "value", [(1, 2), {1: "a"}, float("nan"), np.zeros(2), b"a", {"a": {1}}, np.float64(1)]
)
def test_what_json_does_not_hold_exactly_is_stored_but_not_written_for_ewoks(tmp_path, value):
    store = open_store({"root_uri": str(tmp_path)})

    key = save(store, {"value": value, "plain": 1})

    assert list(store.uris(key)[1]) == ["plain"]
    assert content_digest(store.get(key)["value"]) == content_digest(value)


@pytest.mark.parametrize("name", ["../../up", "/etc/x", "a\0b", "", "..", "x" * 300])
def test_the_name_of_an_output_never_leaves_the_folder(tmp_path, name):
    store = open_store({"root_uri": str(tmp_path / "root")})

    key = save(store, {name: 1})

    assert store.get(key) == {name: 1}
    assert store.uris(key)[1] == {}
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_store_without_layout_or_result_has_no_uris(tmp_path):
    plain = ResultStore(tmp_path)

    assert plain.uris(save(plain, {"value": 1})) == (None, {})
    assert open_store({"root_uri": str(tmp_path / "other")}).uris("0" * 64) == (None, {})


def test_prune_removes_the_files_for_ewoks_that_no_other_result_needs_and_none_of_ewoks(tmp_path):
    store = open_store({"root_uri": str(tmp_path)})
    foreign = tmp_path / "task_results" / "value" / f"{'0' * 64}.json"
    save(store, {"value": 1})
    foreign.write_text("{}")

    store.clear()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [foreign]


def test_where_the_files_for_ewoks_cannot_be_written_the_result_is_stored_nevertheless(tmp_path, caplog):
    (tmp_path / "task_results").write_text("a file")
    store = open_store({"root_uri": str(tmp_path)})

    with caplog.at_level(logging.ERROR, logger="workflows.store"):
        key = save(store, {"value": 1})

    assert store.get(key) == {"value": 1}
    assert "not written for programs of others" in caplog.text


def written(tmp_path, document):
    path = tmp_path / "value.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return f"json://{path}"


def tagged(value):
    info = INFO | {"serializer": "json_pickle"}
    return {"data": {"value": value}, "__ewoks_serialize__": info}


def test_tags_of_ewoks_are_read_as_long_as_there_is_no_pickle(tmp_path):
    value = {
        "t": {"__ewoks__": "tuple", "items": [1, {"__ewoks__": "set", "items": [2]}]},
        "b": {"__ewoks__": "bytes", "data": "AAE="},
    }

    assert load_uri(written(tmp_path, tagged(value))) == {"t": (1, {2}), "b": b"\x00\x01"}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (tagged([{"__ewoks__": "pickle", "data": ""}]), "contains a 'pickle'"),
        (
            {"data": {"value": 1}, "__ewoks_serialize__": INFO | {"serializer": "hdf5_pickle"}},
            "'hdf5_pickle'",
        ),
        ({"data": {"value": 1}, "__ewoks_serialize__": INFO | {"serializer_version": "2"}}, "not read here"),
    ],
)
def test_what_could_execute_code_is_refused_with_the_reason(tmp_path, document, sentence):
    with pytest.raises(UnsupportedError) as caught:
        load_uri(written(tmp_path, document))

    assert sentence in caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        *(
            "",
            "[]",
            "{",
            "[" * 100_000,
            '{"value": 1}',
            {"data": 5},
            {"data": {}},
            {"data": {"task_results": 5}},
        ),
        *(
            {"data": {"value": 1}, "__ewoks_serialize__": 5},
            tagged({"__ewoks__": "tuple"}),
            tagged({"__ewoks__": []}),
        ),
        *({"data": {"task_results": {"a": 5}}}, {"data": {"task_results": {"a": {"uri": 5}}}}),
        tagged(reduce(lambda inner, _: [inner], range(900), [])),
    ],
)
def test_any_other_file_is_refused_with_a_sentence(tmp_path, document):
    with pytest.raises(WorkflowError):
        load_uri(written(tmp_path, document))


@pytest.mark.parametrize(
    "uri",
    ["", "json://", "json:///nothing.json", "json:///", "nexus:///a.h5?path=/x", "http://a", 5, "json://\0"],
)
def test_a_uri_that_leads_nowhere_is_refused(uri):
    with pytest.raises(WorkflowError):
        load_uri(uri)


def test_nexus_without_ewokscore_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ewokscore", None)

    with pytest.raises(UnsupportedError, match="ewokscore"):
        open_store({"root_uri": str(tmp_path), "scheme": "nexus"})
