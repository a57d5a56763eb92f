"""Tasks, functions and graphs for the tests of the engine."""

import threading
import weakref

from pydantic import BaseModel, Field

from workflows import InputError, Task

CLASS, METHOD = "class", "method"


class Add(Task, input_names=["a"], optional_input_names=["b"], output_names=["total"]):
    """Add two numbers."""

    def run(self):
        self.outputs.total = self.inputs.a + self.get_input_value("b", 0)


class AppendOne(Task, input_names=["items"], output_names=["items"]):
    def run(self):
        self.inputs.items.append(1)
        self.outputs.items = self.inputs.items


class Choose(Task, input_names=["value"], output_names=["value", "never"]):
    def run(self):
        self.outputs.value = self.inputs.value


class Fail(Task, optional_input_names=["a"], output_names=["total"]):
    def run(self):
        raise ValueError("the detector is\nupside down")


class Refuse(Task, optional_input_names=["a"], output_names=["total"]):
    def run(self):
        raise InputError("must be positive", input_name="a")


class Forget(Task, output_names=["total"]):
    def run(self):
        pass


class Halfway(Task, optional_input_names=["a"], output_names=["total"]):
    def run(self):
        for percent in (50, 50.01, 200):
            self.progress = percent
        self.outputs.total = 1


class Window(BaseModel):
    low: float = Field(ge=0)
    high: float = 10.0


class Width(Task, input_model=Window, output_names=["width"]):
    def run(self):
        self.outputs.width = self.inputs.high - self.inputs.low


class Endless(Task, output_names=["total"]):
    """Loop until somebody cancels."""

    running = threading.Event()

    def run(self):
        Endless.running.set()
        while True:
            self.check_cancelled()


class Meeting(Task, optional_input_names=["a"], output_names=["total"]):
    """Wait for a second task of this class: cannot succeed unless two run at once."""

    barrier = threading.Barrier(2)

    def run(self):
        Meeting.barrier.wait(timeout=20)
        self.outputs.total = 1


class Frames:
    """Something large."""


class Track(Task, optional_input_names=["before"], output_names=["made"]):
    """Make something, and note how many of what was made before are still there."""

    alive = []
    made = weakref.WeakSet()

    def run(self):
        Track.alive.append(len(Track.made))
        self.outputs.made = Frames()
        Track.made.add(self.outputs.made)


def add(a, b=0):
    """Add two numbers."""
    return a + b


def describe(**inputs):
    return sorted(inputs)


def error_text(WorkflowException):  # noqa: N803 -- the name is part of the format
    return WorkflowException["errorMessage"]


def node(node_id, task, **attributes):
    """Make the document of a node from a task class or a function."""
    task_type = CLASS if isinstance(task, type) else METHOD
    identifier = f"{task.__module__}.{task.__qualname__}"
    defaults = [{"name": name, "value": value} for name, value in attributes.pop("defaults", {}).items()]
    return {
        "id": node_id,
        "task_type": task_type,
        "task_identifier": identifier,
        "default_inputs": defaults,
        **attributes,
    }


def link(source, target, mapping=None, **attributes):
    """Make the document of a link; ``mapping`` is source output -> target input."""
    items = [{"source_output": output, "target_input": name} for output, name in (mapping or {}).items()]
    return {"source": source, "target": target, "data_mapping": items, **attributes}


def graph(nodes, links=(), **attributes):
    return {"graph": {"id": "sample", **attributes}, "nodes": list(nodes), "links": list(links)}


def diamond():
    """1 -> left (+10), right (+100) -> 112."""
    return graph(
        [
            node("top", Add, defaults={"a": 1}),
            node("left", Add, defaults={"b": 10}),
            node("right", Add, defaults={"b": 100}),
            node("bottom", Add),
        ],
        [
            link("top", "left", {"total": "a"}),
            link("top", "right", {"total": "a"}),
            link("left", "bottom", {"total": "a"}),
            link("right", "bottom", {"total": "b"}),
        ],
    )


def chain(length):
    """Add one, ``length`` times."""
    nodes = [node(f"n{i}", Add, defaults={"b": 1}) for i in range(length)]
    nodes[0]["default_inputs"].append({"name": "a", "value": 0})
    return graph(nodes, [link(f"n{i}", f"n{i + 1}", {"total": "a"}) for i in range(length - 1)])
