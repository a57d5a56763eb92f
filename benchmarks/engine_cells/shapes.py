"""Graphs of no-op tasks; every link is marked as required.

Without ``"required": true`` ewokscore 5 asks of each link whether it may be left out, which takes twice as
long with every further node of a chain: it would never end.
"""

from typing import Any

Document = dict[str, Any]

TASKS = {
    "function": {"task_type": "method", "task_identifier": "operator.pos"},
    "class": {"task_type": "class", "task_identifier": "native_tasks.PassOn"},
    "ewoks class": {"task_type": "class", "task_identifier": "ewoks_tasks.PassOn"},
}
N_LANES = 10


def make_graph(shape: str, n_nodes: int, task: str = "function") -> Document:
    """Return a graph of one of the shapes ``SOURCES``; the value 1 is handed along."""
    name_in, name_out = (0, "return_value") if task == "function" else ("value", "value")
    given = {"default_inputs": [{"name": name_in, "value": 1}]}
    mapping = [{"source_output": name_out, "target_input": name_in}]
    nodes, links = [], []
    for place in range(n_nodes):
        sources = SOURCES[shape](place)
        nodes.append({"id": f"n{place}", **TASKS[task], **({} if sources else given)})
        for rank, source in enumerate(sources):  # the first hands the value on, the others are waited for
            link = {"source": f"n{source}", "target": f"n{place}", "required": True}
            links.append(link | ({} if rank else {"data_mapping": mapping}))
    return {"graph": {"id": shape, "schema_version": "1.2"}, "nodes": nodes, "links": links}


def make_loop(n_rounds: int, task_module: str) -> Document:
    """Return a graph whose middle node leads to itself until it has run ``n_rounds`` times."""
    mapping = [{"source_output": "value", "target_input": "value"}]
    again, no_more = ([{"source_output": "again", "value": value}] for value in (True, False))
    fields = {"task_type": "class", "task_identifier": f"{task_module}.Count"}
    until = {"default_inputs": [{"name": "until", "value": n_rounds}]}
    start = {"default_inputs": [{"name": "until", "value": 0}, {"name": "value", "value": -1}]}
    return {
        "graph": {"id": "loop", "schema_version": "1.2"},
        "nodes": [{"id": "begin", **fields, **start}, *({"id": name, **fields, **until} for name in "se")],
        "links": [
            {"source": "begin", "target": "s", "data_mapping": mapping},
            {"source": "s", "target": "s", "data_mapping": mapping, "conditions": again},
            {"source": "s", "target": "e", "data_mapping": mapping, "conditions": no_more},
        ],
    }


def make_branches(function: str, run_in: str) -> Document:
    """Return two independent nodes that take one second each."""
    fields = {"task_type": "method", "task_identifier": f"native_tasks.{function}", "run_in": run_in}
    return {"graph": {"id": "branches"}, "nodes": [{"id": name, **fields} for name in ("left", "right")]}


def _of_layers(place: int) -> tuple[int, ...]:
    """Each node follows its own lane, and waits for the neighbour."""
    layer, lane = divmod(place, N_LANES)
    before = (layer - 1) * N_LANES
    return (before + lane, before + (lane + 1) % N_LANES) if layer else ()


SOURCES = {
    "chain": lambda place: (place - 1,) if place else (),
    "fan": lambda place: (0,) if place else (),
    "layers": _of_layers,
    "independent": lambda _: (),
}
"""For each shape the places of the nodes that lead to the one at a place."""
