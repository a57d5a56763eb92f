"""What every engine must give: one list of graphs, with what comes out of each by the rules of the format."""

from dataclasses import dataclass, field

from engine_samples import trace
from workflow_samples import (
    Add,
    Choose,
    Endless,
    Fail,
    Halfway,
    Refuse,
    add,
    diamond,
    error_text,
    graph,
    link,
    node,
)

from workflows import CancelToken, Task, run_graph

OK, FAILED, SKIPPED, CANCELLED = "succeeded", "failed", "skipped", "cancelled"


class Count(Task, input_names=["number"], output_names=["number", "go_on"]):
    def run(self):
        self.outputs.number = self.inputs.number + 1
        self.outputs.go_on = self.outputs.number < 3


@dataclass
class Case:
    """A graph, the state and the number of runs of each node, the outputs and the error."""

    document: dict
    states: dict
    outputs: dict
    state: str = OK
    error: tuple | None = None
    """The code, the message and the node."""
    n_runs: dict = field(default_factory=dict)
    cancel_at: str | None = None
    """The node whose start makes the caller cancel the run."""


def when(value, output):
    return {"conditions": [{"source_output": output, "value": value}]}


def on_error(source, target):
    names = ("WorkflowException", "WorkflowExceptionInstance")
    return link(source, target, {name: name for name in names}, on_error=True)


def fan(width):
    nodes = [node(f"n{i}", Add, defaults={"a": i, "b": 100}) for i in range(width)]
    nodes.append(node("sum", add, defaults={"a": 0}))
    return graph(nodes, [link("n0", "sum", {"total": "a"}), link("n1", "sum", {"total": "b"})])


CASES = {
    "acyclic": Case(diamond(), dict.fromkeys(("top", "left", "right", "bottom"), OK), {"total": 112}),
    "parallel": Case(
        fan(6),
        dict.fromkeys((*(f"n{i}" for i in range(6)), "sum"), OK),
        {"total": 105, "return_value": 201},
    ),
    "conditional": Case(
        graph(
            [
                node("choose", Choose, defaults={"value": "b"}),
                node("first", add, defaults={"a": 1}),
                node("second", add, defaults={"a": 2}),
                node("after", add, defaults={"b": 40}),
            ],
            [
                link("choose", "first", **when("a", "value")),
                link("choose", "second", **when("b", "value")),
                link("first", "after", {"return_value": "a"}),
                link("second", "after", {"return_value": "a"}),
            ],
        ),
        {"choose": OK, "first": SKIPPED, "second": OK, "after": OK},
        {"return_value": 42},
    ),
    "loop": Case(
        graph(
            [
                node("start", Add, defaults={"a": 0}),
                node("count", Count),
                node("end", add, defaults={"b": 0}),
            ],
            [
                link("start", "count", {"total": "number"}),
                link("count", "count", {"number": "number"}, **when(value=True, output="go_on")),
                link("count", "end", {"number": "a"}, **when(value=False, output="go_on")),
            ],
        ),
        {"start": OK, "count": OK, "end": OK},
        {"return_value": 3},
        n_runs={"count": 3},
    ),
    "handled": Case(
        graph(
            [node("bad", Fail), node("after", Add), node("handler", error_text)],
            [
                link("bad", "after", {"total": "a"}),
                link("bad", "handler", {"WorkflowException": "WorkflowException"}, on_error=True),
            ],
        ),
        {"bad": FAILED, "after": SKIPPED, "handler": OK},
        {"return_value": "the detector is\nupside down"},
    ),
    "failing": Case(
        graph(
            [
                node("good", Add, defaults={"a": 1}),
                node("bad", Fail),
                node("after", Add),
                node("other", Halfway),
            ],
            [link("good", "bad", {"total": "a"}), link("bad", "after", {"total": "a"})],
        ),
        {"good": OK, "bad": FAILED, "after": SKIPPED, "other": OK},
        {"total": 1},
        FAILED,
        ("task_failed", "node 'bad' (Fail) failed: ValueError: the detector is upside down", "bad"),
    ),
    "refused": Case(
        graph([node("bad", Refuse, defaults={"a": -1})]),
        {"bad": FAILED},
        {},
        FAILED,
        ("bad_input", "node 'bad' (Refuse), input 'a': must be positive", "bad"),
    ),
    "default error node": Case(
        graph(
            [
                node("good", Add, defaults={"a": 1}),
                node("bad", Fail),
                node("any", trace, default_error_node=True),
            ],
            [link("good", "bad", {"total": "a"})],
        ),
        {"good": OK, "bad": FAILED, "any": OK},
        None,
    ),
    "nested": Case(
        graph(
            [
                node(
                    "give",
                    Choose,
                    defaults={"value": {"scans": [{"energy": 12.4, "frames": [1, 2]}], "none": None}},
                ),
                node("take", Choose),
            ],
            [link("give", "take", {"value": "value"})],
        ),
        {"give": OK, "take": OK},
        {"value": {"scans": [{"energy": 12.4, "frames": [1, 2]}], "none": None}},
    ),
    "cancelled": Case(
        graph(
            [node("first", Add, defaults={"a": 1}), node("loop", Endless), node("after", Add)],
            [link("first", "loop"), link("loop", "after", {"total": "a"})],
        ),
        {"first": OK, "loop": CANCELLED, "after": CANCELLED},
        {},
        CANCELLED,
        ("cancelled", "the workflow was cancelled: 1 of 3 nodes had succeeded", None),
        cancel_at="loop",
    ),
    "empty": Case(graph([]), {}, {}),
}


def check(name, **options):
    """Run a case and compare everything that an engine may get wrong."""
    case = CASES[name]
    token, events = CancelToken(), []

    def note(event):
        events.append(event)
        if event.type == "start" and event.context == "node" and event.node_id == case.cancel_at:
            token.cancel()

    result = run_graph(case.document, events=[note], cancel=token, **options)

    problem = result.error and result.error.message
    assert {node_id: str(each.state) for node_id, each in result.nodes.items()} == case.states, problem
    assert result.state == case.state, problem
    if case.outputs is None:
        check_error_handler(result)
    else:
        assert result.outputs == case.outputs
    told = result.error and (result.error.code, result.error.message, getattr(result.error, "node_id", None))
    assert told == case.error
    check_runs(case, result)
    check_events(case, result, events)


def check_error_handler(result):
    """The error of ``bad`` arrived as it was raised, with the place."""
    kind, text, trace_text = result.outputs["return_value"]
    assert (kind, text) == ("ValueError", "the detector is\nupside down")
    assert trace_text.startswith("Traceback")
    assert 'raise ValueError("the detector is\\nupside down")' in trace_text
    cause = result.nodes["bad"].error.__cause__
    assert (type(cause), str(cause)) == (ValueError, "the detector is\nupside down")


def check_runs(case, result):
    for node_id, each in result.nodes.items():
        started = case.states[node_id] in (OK, FAILED) or node_id == case.cancel_at
        assert each.n_runs == (case.n_runs.get(node_id, 1) if started else 0)
        assert (each.started_at is not None, each.ended_at is not None) == (started, started)
        if started:
            assert each.started_at <= each.ended_at


def check_events(case, result, events):
    """Each run of a node has a start, then progress, then its end, and comes after its sources."""
    assert [(e.context, e.type) for e in (events[0], events[-1])] == [
        ("job", "start"),
        ("job", "end"),
    ]
    assert events[-1].state == case.state
    for node_id, each in result.nodes.items():
        told = [(e.type, e.progress, e.state) for e in events if e.context == "node" and e.node_id == node_id]
        ends = [one for one in told if one[0] == "end"]
        assert [kind for kind, _, _ in told if kind != "progress"] == ["start", "end"] * each.n_runs or [
            "end"
        ]
        assert ends[-1] == ("end", None, case.states[node_id])
        assert not any(kind == "progress" for kind, _, _ in told[:1] + told[-1:])
    places = {(e.node_id, e.type): place for place, e in enumerate(events) if e.context == "node"}
    for item in case.document["links"]:
        source, target = item["source"], item["target"]
        if source != target and result.nodes[target].n_runs and result.nodes[source].n_runs:
            assert places[source, "end"] < places[target, "start"]
