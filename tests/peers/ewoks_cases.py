"""The graphs of ewoks' own test suites, with what comes out of each node.

Expected are the values that those suites state for the nodes. Where a suite
asserts nothing, since what it expects is not keyed by nodes (ewoksppf 18, 19, 22)
or is an effect of its cache or of its timing (9, 25), or skips the graph (23,
``self_trigger`` in ewoksppf), the values follow from the tasks by hand, as
the comment at the case tells.
"""

import itertools
import shutil
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from ewokscore.missing_data import is_missing_data
from ewokscore.tests.examples.graphs import get_graph, graph_names

ACTORS = "ewoksppf.tests.test_ppf_actors"
QUICK_ACTORS = "quick_ppf_actors"

LOOPS = ("cyclic1", "self_trigger", "triangle1", "ppf10", "ppf17 loop", "ppf19", "ppf22", "ppf end")


@dataclass
class Case:
    """A graph, its inputs, and what its nodes give; None for a node that gives nothing."""

    document: dict
    nodes: dict
    outputs: dict
    """The merged outputs of the end nodes: those that are looked at."""
    inputs: list = field(default_factory=list)
    error: str | None = None
    """Part of the message when the run fails."""
    n_runs: dict = field(default_factory=dict)


def quick_actors(folder):
    """Copy the tasks of ewoksppf, which sleep for a second, into a package without pause."""
    package = Path(folder, QUICK_ACTORS)
    shutil.copytree(Path(import_module(ACTORS).__file__).parent, package)
    package.joinpath("__init__.py").write_text("SLEEP_TIME = 0\n")


def quick(document):
    """Let a graph use the tasks without pause."""
    nodes = [dict(item) for item in document.get("nodes", ())]
    for item in nodes:
        task = item.get("task_identifier")
        if isinstance(task, dict):
            item["task_identifier"] = quick(task)
        elif isinstance(task, str):
            item["task_identifier"] = task.replace(ACTORS, QUICK_ACTORS)
    return {**document, "nodes": nodes}


def ppf(number):
    return import_module(f"ewoksppf.tests.test_ppf_workflow{number}")


def given(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


def ppfdict(**values):
    return {"_ppfdict": values}


CORE_OUTPUTS = {"acyclic3": {}, "empty": {}, "acyclic2": {"result": 13}}
CORE_RUNS = {
    # 1 | 2 | 5 4 | 4 (< 10, task2: 5 8 7 | 8 11 10, task5: 9 9, task6 < 10, task2: 10 13 12 | 11 11, 12
    "cyclic1": {"task1": 1, "task2": 4, "task3": 4, "task4": 4, "task5": 2, "task6": 2, "task7": 1},
    # task1 adds 1 until 10 is reached; each round leads to task3, and what the last one gives counts
    "self_trigger": {"task1": 10, "task2": 1, "task3": 10},
    # task1 hands on what it gets, task2 and task3 add 1: 1 2 3 | 3 4 5 | 5 6 7 | 7 8 9 | 9 10
    "triangle1": {"task1": 5, "task2": 5, "task3": 4},
}


def core_case(name):
    document, expected = get_graph(name)
    nodes = {node_id: {} if is_missing_data(value) else value for node_id, value in expected.items()}
    last = next(reversed(nodes.values()), {})
    if name == "triangle1":  # upstream looks at the merged outputs only, in which task2 is the last one
        nodes = {"task1": {"result": 9}, "task2": nodes["task3"], "task3": {"result": 9}}
    return Case(document, nodes, CORE_OUTPUTS.get(name, last), n_runs=CORE_RUNS.get(name, {}))


def stated(number, *arguments, inputs=()):
    """Make a case of a module whose function ``workflow<number>`` states the values of the nodes."""
    document, nodes = getattr(ppf(number), f"workflow{number}")(*arguments)
    (last,) = [nodes[name] for name in list(nodes)[-1:]]
    return Case(document, nodes, last or {}, inputs=list(inputs))


def left_out(case, *node_ids):
    case.nodes.update(dict.fromkeys(node_ids))
    return case


def ppf9():
    # Upstream states a value of addtask3, found in its cache; its condition (value 3) does not hold.
    document, nodes = ppf(9).workflow9()
    return Case(document, {**nodes, "addtask3": None}, ppfdict(value=3))


def ppf10():
    document, outputs = ppf(10).workflow10({"value": 1, "limit": 10})
    return Case(document, {"check": outputs}, outputs, n_runs={"addWithoutSleep": 9, "check": 9})


def ppf12(start):
    case = stated(12, start, 1)
    inner = [("submodel12", name) for name in ("in", "addtask2a", "addtask2b", "out")]
    if start == 0:
        left_out(case, *inner, "addtask2").outputs = {}  # the only end node did not run
    return case


def ppf13(start):
    case = stated(13, start, 1)
    if start == 0:
        left_out(case, "addtask2").outputs = {}
    return case


def ppf17(loops):
    # 1, 2, 3 and, in the loop, 4, 5, then once more task2 (6) and task3 (7)
    document, outputs = ppf(17).workflow17(loops)
    nodes = {"task1": ppfdict(value=1), "task3": outputs}
    return Case(document, nodes, outputs, n_runs={"task1": 1, "task2": 1 + loops, "task3": 1 + loops})


def ppf18(do_task4):
    # 0+1 and 10+1; task3 gets its value from task1 only; task4 follows task2 when that gives 11.
    document, outputs = ppf(18).workflow18(do_task4)
    nodes = {"task1": ppfdict(value=1), "task2": ppfdict(value=11), "task3": ppfdict(value=2)}
    return Case(document, {**nodes, "task4": ppfdict(value=12) if do_task4 else None}, outputs)


def ppf19():
    # d: 1+2+4 = 7 -> task3: a=7+1, b=1 -> d: 8+1+4 = 13 -> task4 -> d: 13+1+4 = 18 -> task5 ("else")
    document, outputs = ppf(19).workflow19()
    n_runs = {"task1": 3, "task2": 3, "task3": 1, "task4": 1, "task5": 1}
    return Case(document, {"task5": outputs}, outputs, n_runs=n_runs)


def ppf21(on_error, value):
    document = ppf(21).workflow21(on_error)
    taken, other, number = ("out1", "out2", 1) if value > 10 else ("out2", "out1", 2)
    nodes = {taken: {"return_value": number}, other: None, "out": {"return_value": number}}
    return Case(document, nodes, {"return_value": number}, inputs=given(a=value))


def ppf22():
    # a, b: 2, 1 | 3, 2 | 4, 3 | 5, 3: out by a == 5 -> 6, 3
    document, outputs = ppf(22).workflow()
    nodes = {"AddA outside loop": {"_ppfdict": outputs}, "AddB outside loop": None}
    return Case(document, nodes, {"_ppfdict": outputs}, n_runs={"AddA in loop": 3, "AddB in loop": 2})


def ppf23(on_error, optional):
    # Skipped upstream ("branches that merge again are not handled yet"), which also expects that worka and
    # workb fill one set together. Here no node changes what another one has: of two values for one
    # input that of the last link counts. By the rules of the format the links from worka and workb
    # are required, so that "out" does not run after an error unless the graph says they are not.
    document = ppf(23).workflow()
    for item in document["links"]:
        if optional and item["source"] in ("worka", "workb"):
            item["required"] = False
    inputs = given(limit=10, value=0 if on_error else 20, tasks=set(), groups=set())
    last = "c" if on_error else "b"
    done = None if on_error and not optional else ppfdict(tasks={last}, groups={(last,)})
    nodes = dict.fromkeys(("worka", "workb") if on_error else ("workc",)) | {"out": done}
    return Case(document, nodes, done or {}, inputs=inputs, n_runs={"out": 0 if done is None else 1})


def ppf24(*failing, succeeded):
    inputs = given(succeeded=(), raise_on_names=failing)
    return Case(ppf(24).workflow(), {}, ppfdict(succeeded=succeeded), inputs=inputs)


PPF24 = {
    "ppf24": ppf24(succeeded=("task1", "task2", "task3")),
    "ppf24 one": ppf24("task3", succeeded=("task1", "task2", "subtask1", "subtask2", "subtask3")),
    "ppf24 two": ppf24(
        "task3",
        "subtask2",
        succeeded=("task1", "task2", "subtask1", "subsubtask1", "subsubtask2", "subsubtask3"),
    ),
    "ppf24 three": ppf24(
        "task3",
        "subtask3",
        "subsubtask1",
        succeeded=("task1", "task2", "subtask1", "subtask2", "subsub_handler"),
    ),
}


def ppf25(order):
    # Upstream some of the optional inputs get lost, by its timing; here "gather" waits until none can come.
    times = dict(zip(order, (0, 0.01, 0.02), strict=True))
    kinds = ("required", "optional", "retained")
    everything = {f"{kind}{number}": True for kind in kinds for number in (1, 2)}
    case = Case(ppf(25).workflow(), {"gather": {"cached": everything}}, {"cached": everything})
    case.inputs = ppf(25).get_inputs(**times)
    case.n_runs = {"gather": 1}
    return case


def ppf_end():
    # a = b = 3 after task3, once round by task4: 6, once round by task5 ("else", as b is not tested): 9
    document, outputs = import_module("ewoksppf.tests.test_ppf_end").workflow()
    n_runs = {"task1": 1, "task2": 3, "task3": 3, "task4": 1, "task5": 1}
    return Case(document, {"task3": outputs}, outputs, n_runs=n_runs)


def all_cases():
    cases = {name: core_case(name) for name in graph_names()}
    cases |= {f"ppf{number}": stated(number) for number in (1, 3, 6, 7, 8, 11, 14, 15, 16)}
    cases["ppf2"] = stated(2)
    cases["ppf2"].error = "Intentional error in pythonErrorHandlerTest!"
    cases["ppf9"] = ppf9()
    cases["ppf10"] = ppf10()
    for start in (0, 1):
        cases[f"ppf12 from {start}"] = ppf12(start)
        cases[f"ppf13 from {start}"] = ppf13(start)
    for yes, text in ((True, "loop"), (False, "no loop")):
        cases[f"ppf17 {text}"] = ppf17(yes)
    for yes, text in ((True, "task4"), (False, "no task4")):
        cases[f"ppf18 {text}"] = ppf18(yes)
    cases["ppf19"] = ppf19()
    cases["ppf20"] = Case(ppf(20).workflow20(), {"task2": ppfdict(value=7)}, ppfdict(value=7))
    cases["ppf20"].inputs = given(value=5)
    for on_error, value in itertools.product((True, False), (0, 20)):
        cases[f"ppf21 {'error' if on_error else 'condition'} {value}"] = ppf21(on_error, value)
    cases["ppf22"] = ppf22()
    for on_error, optional in itertools.product((True, False), repeat=2):
        name = f"ppf23{' error' if on_error else ''}{' optional' if optional else ''}"
        cases[name] = ppf23(on_error, optional)
    cases |= PPF24
    for order in itertools.permutations(("required", "optional", "retained")):
        cases[f"ppf25 {'-'.join(order)}"] = ppf25(order)
    cases["ppf end"] = ppf_end()
    return cases
