"""A run that was killed goes on where it was: what has finished is not run again, what may differ is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflow_samples import graph, link

ROOT = Path(__file__).parents[2]

TASKS = """
import os
import time
from workflows import Task

def note(name):
    with open(os.environ["RESUME_LOG"], "a") as log:
        log.write(name + "\\n")

class Step(Task, input_names=["name"], optional_input_names=["a", "b"], output_names=["value"]):
    def run(self):
        note(self.inputs.name)
        time.sleep(0.01)
        self.outputs.value = self.get_input_value("a", 0) + self.get_input_value("b", 0) + 1
"""

MORE_TASKS = """
import os
from pathlib import Path
from resume_tasks import Step, note
from workflows import Task

class Double(Step):
    def run(self):
        super().run()
        self.outputs.value *= 2

class Read(Task, input_names=["name", "path"], output_names=["value"]):
    def run(self):
        note(self.inputs.name)
        self.outputs.value = int(Path(self.inputs.path).read_text())

class Count(Step, output_names=["more"]):
    def run(self):
        super().run()
        self.outputs.more = self.outputs.value < 5

class Fragile(Step):
    def run(self):
        super().run()
        if "RESUME_BROKEN" in os.environ:
            raise ValueError("the shutter is closed")
"""

RUNNER = """
import json, sys
from workflows import run_graph
from workflows.events.files import JsonLinesHandler

document, options, events = json.loads(sys.argv[1])
result = run_graph(document, events=[JsonLinesHandler(events)], **options)
states = {name: [each.state, each.n_runs] for name, each in result.nodes.items()}
print(json.dumps([result.state, states, result.outputs]))
"""


class Lab:
    """A folder with tasks of its own, in which graphs are run by other processes."""

    def __init__(self, folder):
        self.folder = folder
        self.modules = {"resume_tasks": TASKS, "resume_more_tasks": MORE_TASKS}
        self.n_runs = 0

    def start(self, document, *, stored=True, environment=None, **options):
        self.n_runs += 1
        code = self.folder / "code"
        code.mkdir(exist_ok=True)
        for name, text in self.modules.items():
            path = code / f"{name}.py"
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
        self.log, self.events = (self.folder / f"{self.n_runs}.{kind}" for kind in ("log", "jsonl"))
        if stored:
            options["varinfo"] = {"root_uri": str(self.folder / "store")}
        arguments = [json.dumps([document, options, str(self.events)])]
        known = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(code)]),
            "RESUME_LOG": str(self.log),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-c", RUNNER, *arguments],
            cwd=self.folder,
            env={**os.environ, **known, **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, document, **options):
        """Run to the end; return the state, that of each node, and the outputs."""
        with self.start(document, **options) as process:
            output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        state, nodes, outputs = json.loads(output)
        return state, {name: each[0] for name, each in nodes.items()}, outputs

    def run_killed(self, document, *, after, **options):
        """Kill the run when so many nodes have ended; return those that had."""
        with self.start(document, **options) as process:
            while len(self.ended()) < after and process.poll() is None:
                time.sleep(0.001)
            process.kill()
        assert process.returncode == -9
        return set(self.ended())

    def ended(self):
        """List the nodes that have ended, with the states that the events tell."""
        text = self.events.read_text() if self.events.exists() else ""
        events = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return {e["node_id"]: e["state"] for e in events if (e["context"], e["type"]) == ("node", "end")}

    def executed(self):
        """List the nodes whose tasks ran in the last run, in order."""
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def step(name, task="resume_tasks.Step", **values):
    defaults = [{"name": key, "value": value} for key, value in {"name": name, **values}.items()]
    return {"id": name, "task_type": "class", "task_identifier": task, "default_inputs": defaults}


def value_to(name):
    return {"value": name}


def ladder(**first):
    """Make two rails of ten nodes, each node fed by the one before on its own rail; ``r`` also by ``l``."""
    nodes, links = [], []
    for number in range(10):
        nodes += [step(f"l{number}", **(first if number == 0 else {})), step(f"r{number}")]
        links.append(link(f"l{number}", f"r{number}", value_to("b")))
        if number:
            links += [link(f"{rail}{number - 1}", f"{rail}{number}", value_to("a")) for rail in "lr"]
    return graph(nodes, links)


# l9 is 10; r_n = r_(n-1) + l_n + 1 with l_n = n + 1, so r9 = (1 + 2 + ... + 10) + 10
RESULT = {"value": 65}


def test_a_run_that_is_not_interrupted_runs_every_node_once(lab):
    state, states, outputs = lab.run(ladder())

    assert (state, outputs) == ("succeeded", RESULT)
    assert set(states.values()) == {"succeeded"}
    assert sorted(lab.executed()) == sorted(states)


THREAD, PROCESS = {}, {"pool": "process", "max_workers": 2}


@pytest.mark.parametrize(
    ("after", "options"),
    [(1, THREAD), (10, THREAD), (19, THREAD), (5, PROCESS), (15, PROCESS)],
    ids=["1", "10", "19", "5 in processes", "15 in processes"],
)
def test_what_had_finished_when_a_run_was_killed_is_not_run_again(lab, after, options):
    finished = lab.run_killed(ladder(), after=after, **options)

    state, states, outputs = lab.run(ladder(), **options)

    assert len(finished) >= after
    assert (state, outputs) == ("succeeded", RESULT)
    assert not finished & set(lab.executed())
    assert {states[name] for name in finished} == {"cached"}
    assert {name for name, each in states.items() if each == "succeeded"} == set(lab.executed())
    assert lab.ended() == states


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(lab):
    executed = []
    for after in (4, 8, 15):
        lab.run_killed(ladder(), after=after)
        executed += lab.executed()

    _, _, outputs = lab.run(ladder())

    assert outputs == RESULT
    assert len(executed + lab.executed()) <= 20 + 3  # each kill interrupts one node at most


def test_a_changed_input_runs_again_what_depends_on_it(lab):
    nodes = [step(name) for name in ("a", "b", "c", "d")]
    links = [link("a", "b", value_to("a")), link("b", "d", value_to("a")), link("c", "d", value_to("b"))]
    lab.run(graph(nodes, links))
    nodes[1] = step("b", b=10)

    _, states, outputs = lab.run(graph(nodes, links))

    assert lab.executed() == ["b", "d"]
    assert states == {"a": "cached", "b": "succeeded", "c": "cached", "d": "succeeded"}
    assert outputs == {"value": 14}


@pytest.mark.parametrize(("factor", "executed"), [("*= 3", ["double", "after"]), ("+= 1", ["double"])])
def test_a_task_whose_source_changed_runs_again_and_what_depends_on_its_result(lab, factor, executed):
    nodes = [step("first"), step("double", "resume_more_tasks.Double"), step("after"), step("other")]
    links = [link("double", "after", value_to("a")), link("first", "other", value_to("a"))]
    document = graph(nodes, links)
    lab.run(document)
    lab.modules["resume_more_tasks"] = MORE_TASKS.replace("*= 2", factor)

    _, states, _ = lab.run(document)

    assert lab.executed() == executed
    assert {name for name, state in states.items() if state == "cached"} == set(states) - set(executed)


def test_a_changed_file_runs_again_what_reads_it_and_what_depends_on_that(lab):
    path = lab.folder / "number.txt"
    path.write_text("5")
    read = step("read", "resume_more_tasks.Read", path=str(path))
    document = graph([read, step("after"), step("other")], [link("read", "after", value_to("a"))])
    lab.run(document)
    path.write_text("7")

    _, states, _ = lab.run(document)

    assert lab.executed() == ["read", "after"]
    assert states == {"read": "succeeded", "after": "succeeded", "other": "cached"}


def test_every_round_of_a_loop_is_stored(lab):
    count = step("count", "resume_more_tasks.Count", a=0)
    conditions = {value: [{"source_output": "more", "value": value}] for value in (True, False)}
    links = [link("count", "count", value_to("a"), conditions=conditions[True])]
    links.append(link("count", "end", value_to("a"), conditions=conditions[False]))
    document = graph([{**count, "force_start_node": True}, step("end")], links)
    first = lab.run(document)
    executed = lab.executed()

    again = lab.run(document)

    assert first == ("succeeded", {"count": "succeeded", "end": "succeeded"}, {"value": 6})
    assert executed == ["count"] * 5 + ["end"]
    assert again == ("succeeded", {"count": "cached", "end": "cached"}, {"value": 6})
    assert lab.executed() == []


def test_a_node_that_failed_is_run_again(lab):
    nodes = [step("before"), step("fragile", "resume_more_tasks.Fragile"), step("after")]
    document = graph(
        nodes, [link("before", "fragile", value_to("a")), link("fragile", "after", value_to("a"))]
    )
    broken = lab.run(document, environment={"RESUME_BROKEN": "yes"})

    repaired = lab.run(document)

    assert broken == ("failed", {"before": "succeeded", "fragile": "failed", "after": "skipped"}, {})
    assert repaired[1] == {"before": "cached", "fragile": "succeeded", "after": "succeeded"}
    assert lab.executed() == ["fragile", "after"]
    assert repaired[2] == {"value": 3}


def test_without_varinfo_nothing_is_stored(lab):
    for _ in range(2):
        lab.run(ladder(), stored=False)
        assert len(lab.executed()) == 20

    assert {path.name for path in lab.folder.iterdir()} == {"code", "1.log", "1.jsonl", "2.log", "2.jsonl"}
