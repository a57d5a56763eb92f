"""ewokscore, the reference: graphs without conditions that are made by chance give the same, node by node."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ewokscore = pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")

from ewokscore.missing_data import is_missing_data  # noqa: E402

from workflows import execute_graph  # noqa: E402

SETTINGS = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
EXAMPLES = "ewokscore.tests.examples.tasks"
VALUES = st.integers(-5, 5)
# map_all_data hands over what the target has no input for: ewoks warns and goes on
pytestmark = pytest.mark.filterwarnings("ignore::ewoksutils.exceptions.TaskInputWarning")


class Shift(ewokscore.Task, optional_input_names=["a", "b"], output_names=["a", "b", "never"]):
    """A task whose outputs have the names of its inputs, and one that it does not set."""

    def run(self):
        self.outputs.a = self.get_input_value("b", 10)
        self.outputs.b = self.get_input_value("a", 20)


@dataclass(frozen=True)
class Kind:
    """A task, with the inputs that it needs, those that it may have, and its outputs."""

    task_type: str
    task_identifier: str
    required: tuple
    optional: tuple
    outputs: tuple


KINDS = [
    Kind("class", f"{EXAMPLES}.sumtask.SumTask", ("a",), ("b",), ("result",)),
    Kind("class", f"{EXAMPLES}.condsumtask.CondSumTask", ("a",), ("b",), ("result", "too_small")),
    Kind("class", f"{EXAMPLES}.errorsumtask.ErrorSumTask", (), ("a", "b"), ("result",)),
    Kind("class", f"{EXAMPLES}.nooutputtask.NoOutputTask", (), (), ()),
    Kind("class", f"{__name__}.Shift", (), ("a", "b"), ("a", "b")),
    Kind("method", f"{EXAMPLES}.simplemethods.add", (0, 1, 2), (), ("return_value",)),
    Kind("method", "operator.sub", (0, 1), (), ("return_value",)),
]


@st.composite
def graphs(draw):
    """Make a graph and its execution inputs; every required input has a value from somewhere."""
    nodes, links, inputs, kinds = [], [], [], []
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(KINDS))
        linked = set()
        for source in draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else ():
            attributes, fed = draw(hand_overs(kinds[source], kind, linked))
            linked |= fed
            links.append({"source": f"n{source}", "target": f"n{number}", **attributes})
        defaults = []
        for key in (*kind.required, *kind.optional):
            if (key in kind.required and key not in linked) or draw(st.integers(0, 2)) == 0:
                place = draw(st.sampled_from(("default", "execution", "both")))
                if place != "execution":
                    defaults.append({"name": key, "value": draw(VALUES)})
                if place != "default":
                    inputs.append({"id": f"n{number}", "name": key, "value": draw(VALUES)})
        task = {"task_type": kind.task_type, "task_identifier": kind.task_identifier}
        nodes.append({"id": f"n{number}", **task, "default_inputs": defaults})
        kinds.append(kind)
    nodes = draw(st.permutations(nodes))
    return {"graph": {"id": "random"}, "nodes": nodes, "links": links}, inputs


@st.composite
def hand_overs(draw, source, target, linked):
    """Choose what a link hands over, and tell which inputs that are; no input has two required links."""
    attributes = {"required": True} if draw(st.integers(0, 4)) == 0 else {}
    same = {*source.outputs} & {*target.required, *target.optional}
    if target.task_type == "class" and not same & linked and draw(st.booleans()):
        return attributes | {"map_all_data": True}, same
    free = [key for key in (*target.required, *target.optional) if key not in linked]
    if not free or not source.outputs:
        return attributes, set()
    name = draw(st.sampled_from(free))
    mapping = {"source_output": draw(st.sampled_from(source.outputs)), "target_input": name}
    return attributes | {"data_mapping": [mapping]}, {name}


def outcome(function, document, inputs, **options):
    outputs = function(document, inputs=inputs, outputs=[{"all": True}], merge_outputs=False, **options)
    return {
        node_id: {name: value for name, value in values.items() if not is_missing_data(value)}
        for node_id, values in outputs.items()
        if values
    }


@SETTINGS
@given(graphs(), st.sampled_from([1, 4]))
def test_every_node_gives_what_it_gives_in_ewokscore(sample, n_workers):
    document, inputs = sample

    expected = outcome(ewokscore.execute_graph, document, inputs)

    assert outcome(execute_graph, document, inputs, max_workers=n_workers) == expected
