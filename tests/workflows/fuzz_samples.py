"""Graphs of all kinds, and what a stranger may make of them: one value anywhere replaced or moved."""

from workflow_samples import graph, link, node

from processing.pipelines import shipped_pipelines
from workflows import Task
from workflows.values import own_copy

PIPELINES = list(shipped_pipelines())


class Sum(Task, input_names=["a"], optional_input_names=["b"], output_names=["result", "too_small"]):
    def run(self):
        self.outputs.result = self.inputs.a + self.get_input_value("b", 0)
        self.outputs.too_small = self.outputs.result < 10


class Bad(Task, optional_input_names=["a"], output_names=["result"]):
    def run(self):
        raise ValueError("intended")


def plus_one(value=0, **_):
    return {"value": value + 1}


def pair(*values, **named):
    return (values, sorted(named))


def nested(node_id, document, **attributes):
    return {"id": node_id, "task_type": "graph", "task_identifier": document, **attributes}


def ppf(node_id, **attributes):
    identifier = f"{__name__}.plus_one"
    return {"id": node_id, "task_type": "ppfmethod", "task_identifier": identifier, **attributes}


def when(value, name="too_small"):
    return {"conditions": [{"source_output": name, "value": value}]}


RESULT_TO_A = {"result": "a"}


def acyclic():
    nodes = [node("n1", Sum, defaults={"a": 1}, label="first", uiProps={"position": {"x": 1, "y": 2.5}})]
    nodes += [node(f"n{i}", Sum, defaults={"b": i}) for i in (2, 3)]
    nodes.append(node("n4", pair, defaults={0: 7, "name": [1, {"b": None}]}))
    links = [link("n1", "n2", RESULT_TO_A), link("n1", "n3", RESULT_TO_A, required=True)]
    links.append(link("n3", "n4", {"result": 1}))
    return graph(nodes, links, label="Acyclic", schema_version="1.2", requirements=["numpy"])


def loop():
    nodes = [node("start", Sum, defaults={"a": 1}), node("again", Sum, defaults={"b": 3})]
    nodes.append(node("end", Sum, conditions_else_value="other"))
    links = [link("start", "again", RESULT_TO_A), link("again", "again", RESULT_TO_A, **when(value=True))]
    links.append(link("again", "end", RESULT_TO_A, **when(value=False)))
    return graph(nodes, links)


def self_start():
    nodes = [node("n", Sum, defaults={"a": 1}, force_start_node=True), node("end", Sum)]
    return graph(nodes, [link("n", "n", {"result": "b"}, **when(value=True)), link("n", "end", RESULT_TO_A)])


def errors():
    nodes = [node("bad", Bad), node("handler", pair), node("after", Sum)]
    nodes.append(node("any", pair, default_error_node=True, default_error_attributes={"map_all_data": True}))
    nodes.append(node("other", Bad))
    names = {"WorkflowException": "text"}
    links = [link("bad", "handler", names, on_error=True), link("bad", "after", RESULT_TO_A)]
    return graph(nodes, links)


def sub_graphs():
    aliases = {
        "input_nodes": [{"id": "in", "node": "i1"}, {"id": "in", "node": "i2"}],
        "output_nodes": [{"id": "out", "node": "i1", "link_attributes": {"required": False}}],
    }
    innermost = graph([node("i1", Sum, defaults={"b": 1}), node("i2", Sum)], **aliases)
    middle = graph([nested("deep", innermost)], id="middle")
    middle["graph"]["input_nodes"] = [{"id": "in", "node": "deep", "sub_node": "in"}]
    nodes = [node("n", Sum, defaults={"a": 2}), nested("sub", middle, label="Sub"), node("end", Sum)]
    links = [link("n", "sub", RESULT_TO_A, sub_target="in", sub_target_attributes={"label": "x"})]
    links.append(link("sub", "end", RESULT_TO_A, sub_source=["deep", "i1"]))
    return graph(nodes, links)


def ppf_ports():
    nodes = [{"id": "in", "task_type": "ppfport"}, ppf("p", default_inputs=[{"name": "value", "value": 1}])]
    nodes += [ppf("q", conditions_else_value="else"), {"id": ["out", "x"], "task_type": "ppfport"}]
    links = [{"source": "in", "target": "p", "map_all_data": True}]
    links.append({"source": "p", "target": "q", "map_all_data": True, **when(2, "value")})
    links.append({"source": "q", "target": ["out", "x"], "map_all_data": True, "cache_if_optional": True})
    return graph(nodes, links)


def old_spelling():
    item = {"id": "old", "class": f"{__name__}.Sum", "inputs": {"a": 1}, "inputs_complete": True}
    return graph([item], schema_version="1.0")


def seeds():
    """Return a dozen graphs of all kinds; the pipelines of the portal are among them."""
    documents = [
        acyclic(),
        loop(),
        self_start(),
        errors(),
        sub_graphs(),
        ppf_ports(),
        old_spelling(),
        graph([]),
    ]
    return documents + PIPELINES


IDENTIFIERS = [f"{__name__}.{name}" for name in ("Sum", "Bad", "plus_one", "pair")]

_TEXTS = ("", "n1", "in", "sub", "os.system", "1", "0", "\0", "\ud800", "é" * 3, "x" * 5000, "../etc/passwd")
_NUMBERS = (0, -1, 2**63, 10**4000, 10**5000, 1e308, float("nan"), float("inf"), -0.0)
_OTHERS = (None, True, False, [], {}, [[]], {"": {}}, ["n1", "n1"], {"id": "n1"}, [None], "graph", "method")
_TYPES = ("script", "notebook", "generated", "class", "ppfport", "ppfmethod", "graph")
CHANGES = (*["replace"] * 6, *["delete", "duplicate", "swap", "nest", "rename"] * 2, "cycle")
REPLACEMENTS = (*_TEXTS, *_NUMBERS, *_OTHERS, *_TYPES)


def places(value):
    """List the (container, key) of every value inside."""
    found, pending, seen = [], [value], set()
    while pending:
        container = pending.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
            found.append((container, key))
            if isinstance(item, dict | list):
                pending.append(item)
    return found


def mutate(document, rng):
    """Change one place of a document in one of many ways; returns the name of the change."""
    found = places(document)
    container, key = rng.choice(found)
    change = rng.choice(CHANGES)
    if change == "delete":
        del container[key]
    elif change == "duplicate" and isinstance(container, list):
        container.append(container[key])
    elif change == "swap":
        other, other_key = rng.choice(found)
        container[key], other[other_key] = own_copy(other[other_key]), own_copy(container[key])
    elif change == "nest":
        container[key] = deep(rng.choice((5, 90, 3000)), rng.choice(("list", "dict")), container[key])
    elif change == "rename" and isinstance(container, dict):
        container[rng.choice((*_TEXTS, "id", "value", "conditions", "on_error"))] = container.pop(key)
    elif change == "cycle":
        container[key] = document
    else:
        container[key] = own_copy(rng.choice(REPLACEMENTS))
    return change


def deep(depth, kind, value):
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value
