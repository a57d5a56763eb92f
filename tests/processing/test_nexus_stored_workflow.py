import json

import h5py
import pytest

from processing.nexus.stored_workflow import read_stored_workflow
from processing.nexus.writer import append_process
from workflows import GraphError, execute_graph, load_graph

WORKFLOW = {
    "graph": {"id": "inside", "schema_version": "1.2"},
    "nodes": [{"id": "n", "task_type": "method", "task_identifier": "operator.neg"}],
    "links": [],
}
RECORD = {
    "version": "1",
    "job_id": "j",
    "attempt": 1,
    "environment": [],
    "parameters": [],
    "input_files": [],
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "result.nxs"
    with h5py.File(path, "w") as file:
        file.create_group("entry").attrs["NX_class"] = "NXentry"
    return path


def test_the_workflow_of_a_processed_file_can_be_run_again(path):
    append_process(path, record=RECORD, workflow_json=json.dumps(WORKFLOW))

    outputs = execute_graph(path, [{"name": 0, "value": 5}])

    assert load_graph(path).to_dict() == WORKFLOW
    assert outputs == {"return_value": -5}


def test_the_last_of_several_processes_counts(path):
    for graph_id in ("first", "second"):
        workflow = WORKFLOW | {"graph": {"id": graph_id}}
        append_process(path, record=RECORD, workflow_json=json.dumps(workflow))

    assert load_graph(path).id == "second"


def test_a_workflow_that_acquisition_left_in_the_raw_file_is_found(path):
    with h5py.File(path, "a") as file:
        process = file["entry"].create_group("process_eiger")
        process.attrs["NX_class"] = "NXprocess"
        process["program"] = "ewoks"
        process["configuration/data"] = json.dumps({"workflow": WORKFLOW, "inputs": []})

    assert load_graph(path).id == "inside"


@pytest.mark.parametrize("content", [None, "no JSON", "[1, 2]", '{"nothing": 1}'])
def test_a_file_without_a_workflow_is_refused_with_a_sentence(path, content):
    if content is not None:
        append_process(path, record=RECORD, workflow_json=content)

    with pytest.raises(GraphError, match="no workflow was found in the binary file"):
        load_graph(path)


def test_what_is_not_hdf5_holds_no_workflow(tmp_path):
    other = tmp_path / "other.nxs"
    other.write_bytes(b"\0" * 100)

    assert read_stored_workflow(other) is None
