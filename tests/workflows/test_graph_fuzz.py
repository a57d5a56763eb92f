"""Whatever a stranger sends is run or refused in one sentence; nothing is imported, read or executed for it.

``GRAPH_MUTATIONS=10000`` tries that many instead of the usual 1,500.
"""

import base64
import json
import os
import pickle
import random
import signal
import sys
from contextlib import contextmanager

import pytest
from fuzz_samples import IDENTIFIERS, PIPELINES, deep, mutate, seeds
from workflow_samples import Add, graph, node

from workflows import ClosedList, GraphError, PolicyError, WorkflowError, find_problems, load_graph, run_graph
from workflows.catalog.announcements import Announcement
from workflows.catalog.installed import InstalledTasks
from workflows.values import own_copy

N_MUTATIONS = int(os.environ.get("GRAPH_MUTATIONS", "1500"))
N_PARTS = 10
SEEDS = seeds()
POLICIES = [
    ClosedList(IDENTIFIERS),
    InstalledTasks([Announcement(kind, "fuzz_samples") for kind in ("class", "method")]),
]
WATCHED = (
    "open",
    "import",
    "exec",
    "compile",
    "os.system",
    "os.exec",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
)
_watchers = []


def _note(event, arguments):
    if _watchers and event in WATCHED:
        _watchers[-1].append((event, str(arguments)[:200]))


sys.addaudithook(_note)


@contextmanager
def watching():
    """Collect what Python reports of files, imports, processes and code meanwhile."""
    _watchers.append([])
    try:
        yield _watchers[-1]
    finally:
        _watchers.pop()


@contextmanager
def within(seconds):
    """End what hangs, as an error of the test."""

    def stop(*_):
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_sentence(text):
    assert text
    assert "\n" not in text
    assert len(text) < 2000
    assert "Traceback" not in text


def attempt(source):
    """Load, validate and run under each policy; returns what came of it."""
    with watching() as seen:
        modules = set(sys.modules)
        try:
            loaded = load_graph(source, with_files=False)
        except WorkflowError as error:
            check_sentence(error.message)
            for problem in getattr(error, "problems", ()):
                check_sentence(problem)
            assert set(sys.modules) == modules
            assert seen == []
            return ["not loaded"]
        assert seen == []
        assert set(sys.modules) == modules
    return [run_under(policy, loaded) for policy in POLICIES]


def run_under(policy, loaded):
    for problem in find_problems(loaded, policy):
        check_sentence(problem)
    modules = set(sys.modules)
    with watching() as seen:
        try:
            result = run_graph(loaded, policy=policy, max_rounds=20, timeout=20)
        except WorkflowError as error:
            check_sentence(error.message)
            if isinstance(error, PolicyError):
                assert seen == []
                assert set(sys.modules) == modules
            return "refused"
    for each in result.nodes.values():
        if each.error is not None:
            check_sentence(each.error.message)
    return str(result.state)


def mutated(seed):
    """Make the mutation of that number: a dict, or every other time a JSON text where that is possible."""
    rng = random.Random(seed)
    document = own_copy(rng.choice(SEEDS))
    changes = [mutate(document, rng) for _ in range(rng.choice((1, 1, 2, 4)))]
    if rng.random() < 0.5:
        try:
            return json.dumps(document), changes
        except (RecursionError, ValueError):
            pass
    return document, changes


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Let Python import what it imports at the first refusal."""
    for seed in range(300):
        source, _ = mutated(-1 - seed)
        try:
            loaded = load_graph(source, with_files=False)
            for policy in POLICIES:
                find_problems(loaded, policy)
                run_graph(loaded, policy=policy, max_rounds=20)
        except WorkflowError:
            continue


@pytest.mark.parametrize("document", SEEDS, ids=lambda document: document["graph"]["id"])
def test_the_graphs_themselves_are_loaded(document):
    load_graph(document, with_files=False)


def test_the_graphs_run_except_those_whose_tasks_are_not_allowed():
    allowed, refused = SEEDS[: -len(PIPELINES)], SEEDS[-len(PIPELINES) :]

    assert [attempt(document)[0] for document in allowed] == ["succeeded"] * len(allowed)
    assert [attempt(document) for document in refused] == [["refused"] * 2] * len(refused)


@pytest.mark.parametrize("part", range(N_PARTS))
def test_a_mutated_graph_is_run_or_refused_in_one_sentence(part):
    for seed in range(part, N_MUTATIONS, N_PARTS):
        source, changes = mutated(seed)
        try:
            with within(10):
                attempt(source)
        except Exception as error:
            error.add_note(f"mutation number {seed}: {changes}")
            raise


# What ran in ewokscore


def payloads(marker):
    """Return documents that make ewokscore touch a file, by the way in which they do."""
    touch = f"open({str(marker)!r}, 'w').close()"
    package = marker.parent / "lab_hostile_sample"
    package.mkdir()
    package.joinpath("__init__.py").write_text(touch)
    package.joinpath("tasks.py").write_text("def run(): pass")
    package.joinpath("script.py").write_text(touch)
    package.joinpath("notes.ipynb").write_text("{}")
    sys.path.insert(0, str(marker.parent))

    def task(task_type, identifier, value=None, **attributes):
        defaults = [] if value is None else [{"name": 0, "value": value}]
        item = {"id": "n", "task_type": task_type, "task_identifier": identifier, **attributes}
        return graph([{**item, "default_inputs": defaults}])

    pickled = base64.b64encode(pickle.dumps(Touch(str(marker)))).decode()
    serialized = {**task("method", "operator.neg", pickled)}
    return {
        "os.system": task("method", "os.system", f"touch {marker}"),
        "Popen": task("method", "subprocess.Popen", ["touch", str(marker)]),
        "eval": task("method", "builtins.eval", touch),
        "exec": task("method", "builtins.exec", touch),
        "importlib": task("method", "importlib.import_module", "lab_hostile_sample"),
        "parent module": task("method", "lab_hostile_sample.tasks.run"),
        "ppfmethod": task("ppfmethod", "lab_hostile_sample.tasks.run"),
        "class": task("class", "lab_hostile_sample.tasks.Task"),
        "command": task("script", f"touch {marker}"),
        "script": task("script", str(package / "script.py")),
        "generator": task("generated", touch, task_generator="builtins.exec"),
        "path": task("class", f"{package / 'script.py'}::Task"),
        "notebook": task("notebook", str(package / "notes.ipynb")),
        "pickle": {"__ewoks_serialize__": {"serializer": "json_pickle"}, **serialized},
        "pickle in HDF5": {"__ewoks_serialize__": {"serializer": "hdf5_pickle"}, **serialized},
        "YAML": f"graph: !!python/object/apply:os.system ['touch {marker}']\nnodes: []\n",
        "YAML name": "graph: {}\nnodes: !!python/name:os.system\n",
    }


class Touch:
    """Pickled, this makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize(
    "policy", [ClosedList(IDENTIFIERS), InstalledTasks()], ids=["closed list", "installed"]
)
@pytest.mark.parametrize("as_text", [False, True], ids=["", "text"])
def test_what_executes_code_in_ewoks_is_refused_and_nothing_happens(policy, as_text, tmp_path):
    marker = tmp_path / "marker"
    path_before = list(sys.path)
    documents = payloads(marker)
    try:
        for name, document in documents.items():
            source = json.dumps(document) if as_text and isinstance(document, dict) else document
            modules = set(sys.modules)
            with pytest.raises((GraphError, PolicyError)) as refused:
                run_graph(source, policy=policy)
            check_sentence(refused.value.message)
            assert not marker.exists(), name
            assert not {each for each in set(sys.modules) - modules if "hostile" in each}, name
    finally:
        sys.path[:] = path_before


def test_the_marker_appears_when_such_a_graph_is_run_by_somebody_who_may(tmp_path):
    marker = tmp_path / "marker"
    path_before = list(sys.path)
    document = payloads(marker)["os.system"]
    sys.path[:] = path_before

    run_graph(document)

    assert marker.exists()


# What such graphs brought to light


@pytest.mark.parametrize("position", [1000, 2**63, "999999"])
def test_a_position_is_not_larger_than_any_task_has(position):
    inputs = [{"name": position, "value": 1}]
    item = {"id": "n", "task_type": "method", "task_identifier": "builtins.print"}

    for source, given in ((graph([{**item, "default_inputs": inputs}]), []), (graph([item]), inputs)):
        with pytest.raises(WorkflowError, match="below 1000"):
            run_graph(source, given)


@pytest.mark.parametrize(
    "value",
    [10**5000, "x" * 5000, deep(3000, "list", 1), {"a": "x\n" * 5000}],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("name", ["id", "task_type", "task_identifier", "force_start_node", "default_inputs"])
def test_a_sentence_about_a_huge_value_is_short(name, value):
    documents = [
        graph([{**node("n", Add), name: value}]),
        graph([node("n", Add)], [{"source": value, "target": "n"}]),
    ]

    for document in documents:
        problems = find_problems(document)
        for problem in problems:
            check_sentence(problem)


def test_a_closed_list_allows_what_runs_nothing():
    document = graph([{"id": "port", "task_type": "ppfport"}])

    assert run_graph(document, policy=ClosedList([])).state == "succeeded"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e308, "5"])
def test_a_time_limit_is_a_number_of_seconds(timeout):
    with pytest.raises(WorkflowError, match="timeout is a number of seconds above 0"):
        run_graph(graph([]), timeout=timeout)
