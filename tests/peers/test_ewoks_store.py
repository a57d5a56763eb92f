"""ewokscore reads the results that are stored here, and the other way round."""

import numpy as np
import pytest

ewokscore = pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")

from ewokscore.hashing import UniversalHash  # noqa: E402
from ewokscore.persistence.proxy import DataUri  # noqa: E402
from ewokscore.variable import Variable, VariableContainer  # noqa: E402

from tests.workflows.store_samples import Echo, run_stored  # noqa: E402
from workflows import Task, UnsupportedError  # noqa: E402
from workflows.store import load_uri, open_store  # noqa: E402
from workflows.store.identity import task_identity  # noqa: E402

ADD = {"id": "add", "task_type": "method", "task_identifier": "operator.add", "label": "Adder"}
PLAIN = [None, True, 5, -0.0, 1.5, "text", "é", [1, [2, "a"]], {"a": {"b": []}}, []]
HDF5 = [True, 5, 1.5, "text", "é", [1, 2], (1.5, 2.5), ["a", "b"], np.arange(6.0).reshape(2, 3), b"a\0b"]


def save(store, value):
    key = store.claim(Echo, {"value": "given"}, title="Node").save({"value": value})
    return key, *store.uris(key)


def ewoks_run(root_uri, first, second, scheme="json"):
    inputs = [{"id": "add", "name": 0, "value": first}, {"id": "add", "name": 1, "value": second}]
    varinfo = {"root_uri": str(root_uri), "scheme": scheme}
    return ewokscore.execute_graph({"nodes": [ADD], "graph": {"id": "g"}}, inputs=inputs, varinfo=varinfo)


def in_ewoks(uri):
    return Variable(data_uri=DataUri(uri, UniversalHash("0" * 64))).value


def same(first, second):
    return type(first) is type(second) and np.array_equal(first, second)


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_ewoks_loads_our_values_by_their_uris(tmp_path, value):
    _, _, uris = save(open_store({"root_uri": str(tmp_path)}), value)

    assert repr(in_ewoks(uris["value"])) == repr(value)


def test_ewoks_loads_the_result_of_a_node_by_its_uri(tmp_path):
    key, task_uri, _ = save(open_store({"root_uri": str(tmp_path)}), 5)

    container = VariableContainer(data_uri=DataUri(task_uri, UniversalHash(key)))

    assert container.get_variable_values() == {"value": 5}
    assert container.metadata == {"title": "Node"}


@pytest.mark.parametrize(
    "root_uri", ["{}/root", "{}/root?path=/entry", "file://{}/root", "{}/root.json?path=/entry"]
)
def test_our_results_are_in_the_folder_where_ewoks_puts_its_own(tmp_path, root_uri):
    root_uri = root_uri.format(tmp_path)
    ewoks_run(root_uri, 1, 2)
    theirs = {path.parent.parent for path in tmp_path.rglob("return_value/*.json")}
    _, _, uris = save(open_store({"root_uri": root_uri}), 5)

    assert {f"json://{folder}" for folder in theirs} == {uris["value"].rpartition("/value/")[0]}


@pytest.mark.parametrize(("first", "second"), [(1, 2), ([1], ["a"]), ((1,), (2,)), (b"a", b"b"), (1.5, 2)])
def test_we_load_what_ewoks_wrote(tmp_path, first, second):
    ewoks_run(tmp_path, first, second)
    (output,) = tmp_path.rglob("return_value/*.json")
    (task,) = tmp_path.glob("task_results/*.json")

    assert same(load_uri(f"json://{output}"), first + second)
    assert load_uri(f"json://{task}") == {"return_value": first + second}


def test_what_ewoks_pickled_is_refused(tmp_path):
    ewoks_run(tmp_path, np.arange(3), 1)
    (output,) = tmp_path.rglob("return_value/*.json")

    with pytest.raises(UnsupportedError, match="pickle"):
        load_uri(f"json://{output}")


@pytest.mark.parametrize("place", ["results.h5", "results.nx?path=/entry", "folder"])
@pytest.mark.parametrize("value", HDF5, ids=repr)
def test_ewoks_loads_our_values_from_its_nexus_files(tmp_path, place, value):
    store = open_store({"root_uri": f"{tmp_path}/{place}", "scheme": "nexus"})

    key, task_uri, uris = save(store, value)

    assert task_uri.startswith("nexus://")
    assert same(in_ewoks(uris["value"]), value)
    container = VariableContainer(data_uri=DataUri(task_uri, UniversalHash(key)))
    assert same(container.get_variable_values()["value"], value)
    assert store.get(key) is not None


@pytest.mark.parametrize(
    "value", [None, {1}, [1, "a"], [[1], [2]], {}, {"a": 1}, np.array(["a"]), np.float64(1), 2**70]
)
def test_what_would_be_pickled_is_not_written_to_nexus_but_stored(tmp_path, value):
    store = open_store({"root_uri": str(tmp_path / "results.h5"), "scheme": "nexus"})

    key, _, uris = save(store, value)

    assert uris == {}
    assert repr(store.get(key)) == repr({"value": value})
    assert b"pickle\0" not in (tmp_path / "results.h5").read_bytes().replace(b"hdf5_pickle\0", b"")


def test_a_nexus_result_is_found_again_and_written_once(tmp_path):
    varinfo = {"root_uri": str(tmp_path / "results.h5"), "scheme": "nexus"}

    found = [run_stored(open_store(varinfo), Echo, {"value": 5}) for _ in range(2)]

    assert found == [({"value": 5}, False), ({"value": 5}, True)]


class SumA(ewokscore.Task, input_names=["a"], output_names=["result"], version="1"):
    def run(self):
        self.outputs.result = self.inputs.a


class SumB(SumA, version="2"):
    pass


def test_a_task_of_ewoks_is_known_by_its_version_and_source():
    identities = [
        task_identity(type("Adapter", (Task,), {"wrapped": wrapped}, register=False))
        for wrapped in (SumA, SumB)
    ]

    assert identities[0]["name"] == f"{__name__}.SumA"
    assert identities[0]["nonce"] == SumA.class_nonce() != identities[1]["nonce"]
    assert {__name__, "ewokscore.task"} <= identities[0]["modules"].keys()
