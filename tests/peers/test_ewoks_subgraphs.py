"""ewokscore, which defines the format: nested graphs made by chance are flattened alike.

Left out is what ewokscore 5.0.0 does against its own rules: a graph without
``input_nodes`` gets those of its sub-graphs, which are then wrong names; link
attributes of one alias leak into those of another when a link fans out, or when
both stand for the same alias of a sub-graph; error links across a boundary do
not count when default error nodes are linked.
"""

import random

import pytest

from tests.peers.test_ewoks_documents import ewoks_network, flat_parts

N_GRAPHS = 300


def random_graph(chance, depth):
    nodes = [random_node(chance, f"n{i}", depth) for i in range(chance.randint(1, 4))]
    pairs = [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :] if chance.random() < 0.5]
    graph = {
        "id": "g",
        "input_nodes": random_aliases(chance, nodes, "input_nodes"),
        "output_nodes": random_aliases(chance, nodes, "output_nodes"),
    }
    if chance.random() < 0.4:
        nodes.append(task("handler", default_error_node=True))
    return {"graph": graph, "nodes": nodes, "links": [random_link(chance, *pair) for pair in pairs]}


def random_node(chance, node_id, depth):
    node = task(node_id)
    if depth and chance.random() < 0.5:
        node |= {"task_type": "graph", "task_identifier": random_graph(chance, depth - 1)}
    for name, value in (("default_inputs", [{"name": "a", "value": node_id}]), ("force_start_node", True)):
        if chance.random() < 0.3:
            node[name] = value
    return node


def task(node_id, **attributes):
    return {"id": node_id, "task_type": "method", "task_identifier": "f", **attributes}


def random_aliases(chance, nodes, part):
    """Name nodes, each name once; only the first may have attributes, or stand for names of sub-graphs."""
    aliases = []
    for name in ("one", "two"):
        node = chance.choice(nodes)
        alias = {"id": name, "node": node["id"]}
        if node["task_type"] == "graph":
            alias["sub_node"] = random_end(chance, node, part, with_names=name == "one")
        if part == "input_nodes" and name == "one" and chance.random() < 0.5:
            alias["link_attributes"] = {chance.choice("pq"): node["id"]}
        aliases.append(alias)
    return aliases


def random_end(chance, node, part, *, with_names=True):
    """Choose a node of a sub-graph by a name, its id or its path."""
    inner = node["task_identifier"]
    ends = [alias["id"] for alias in inner["graph"][part]] if with_names else []
    for each in inner["nodes"]:
        if each["task_type"] == "graph":
            ends.append((each["id"], random_path(chance, each)))
        else:
            ends.append(each["id"])
    return chance.choice(ends)


def random_path(chance, node):
    inner = chance.choice(node["task_identifier"]["nodes"])
    return (inner["id"], random_path(chance, inner)) if inner["task_type"] == "graph" else inner["id"]


def random_link(chance, source, target):
    link = {"source": source["id"], "target": target["id"], "p": "link"}
    if source["task_type"] == "graph":
        link["sub_source"] = random_end(chance, source, "output_nodes")
    if target["task_type"] == "graph":
        link["sub_target"] = random_end(chance, target, "input_nodes")
    elif source["task_type"] != "graph":
        link["on_error"] = chance.random() < 0.2
    return link


@pytest.mark.parametrize("seed", range(N_GRAPHS))
def test_a_random_nested_graph_is_flattened_alike(seed):
    document = random_graph(random.Random(seed), depth=3)
    network = ewoks_network(document)

    nodes, links = flat_parts(document)

    assert nodes == dict(network.nodes.items())
    assert links == dict(network.edges.items())
