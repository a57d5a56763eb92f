"""Tasks of ewokscore and ewoksppf give the same results here as there."""

import threading
import time

import pytest

pytest.importorskip("ewokscore")
pytest.importorskip("ewoksppf")

from ewokscore import missing_data
from ewokscore.inittask import instantiate_task
from ewokscore.model import BaseInputModel, BaseOutputModel
from ewokscore.task import Task as EwoksTask
from ewokscore.taskwithprogress import TaskWithProgress as EwoksTaskWithProgress
from ewoksutils.exceptions import TaskInputWarning

from workflows import Cancelled, GraphError, InputError, TaskError, run_graph
from workflows.catalog.resolve import resolve_task
from workflows.tasks.foreign import ForeignTask

EXAMPLES = "ewokscore.tests.examples.tasks"
ACTORS = "ewoksppf.tests.test_ppf_actors"


class Window(BaseInputModel):
    low: int
    high: int = 10


class Width(BaseOutputModel):
    width: float


class Measure(EwoksTask, input_model=Window, output_model=Width, version="3"):
    """Measure a window."""

    def run(self):
        self.outputs.width = str(self.inputs.high - self.inputs.low)


class Positions(EwoksTask, n_required_positional_inputs=2, output_names=["all"]):
    def run(self):
        self.outputs.all = self.get_positional_input_values()


class Anything(EwoksTask, output_names=["given", "never"]):
    def run(self):
        self.outputs.given = self.get_input_values()


class Place(EwoksTask, output_names=["place"]):
    def run(self):
        self.outputs.place = (self.node_id, self.label, self.job_id)


class Configured(EwoksTask, output_names=["option"]):
    def __init__(self, *args, option="none", **arguments):
        self.option = option
        super().__init__(*args, **arguments)

    def run(self):
        self.outputs.option = self.option


class Patient(EwoksTaskWithProgress, input_names=["started"]):
    def run(self):
        self.stop = False
        self.inputs.started.set()
        deadline = time.monotonic() + 30
        while not self.stop and time.monotonic() < deadline:
            time.sleep(0.005)
        raise RuntimeError("interrupted")

    def cancel(self):
        self.stop = True


class Watchful(EwoksTask, input_names=["started"], output_names=["noticed"]):
    def run(self):
        self.inputs.started.set()
        deadline = time.monotonic() + 30
        while not self.cancelled and time.monotonic() < deadline:
            time.sleep(0.005)
        self.outputs.noticed = self.cancelled


def generate(name):
    class Generated(EwoksTask, output_names=["name"], registry_name=name):
        def run(self):
            self.outputs.name = name

    return Generated


def here(task_type, identifier, inputs, **generator):
    task = resolve_task(task_type, identifier, **generator)(inputs=dict(inputs))
    task.execute()
    return task.get_output_values()


def there(task_type, identifier, inputs, **generator):
    default_inputs = [{"name": name, "value": value} for name, value in inputs.items()]
    node = {"task_type": task_type, "default_inputs": default_inputs, **generator}
    if identifier is not None:
        node["task_identifier"] = identifier
    task = instantiate_task("node", node)
    task.execute()
    return task.get_output_values()


@pytest.mark.parametrize(
    ("task_type", "identifier", "inputs"),
    [
        ("class", f"{EXAMPLES}.sumtask.SumTask", {"a": 1, "b": 2}),
        ("class", f"{EXAMPLES}.sumtask.SumTask", {"a": 1, "delay": 0.001}),
        ("class", f"{EXAMPLES}.condsumtask.CondSumTask", {"a": 9}),
        ("class", f"{EXAMPLES}.condsumtask.CondSumTask", {"a": 9, "b": 1}),
        ("class", f"{EXAMPLES}.errorsumtask.ErrorSumTask", {"b": 2}),
        ("class", f"{EXAMPLES}.sumlist.SumList", {"list": [1, 2, 3]}),
        ("class", f"{EXAMPLES}.nooutputtask.NoOutputTask", {}),
        ("class", f"{__name__}.Measure", {"low": "3"}),
        ("class", f"{__name__}.Measure", {"low": 3, "high": 5}),
        ("class", f"{__name__}.Positions", {"0": "a", 1: "b"}),
        ("class", f"{__name__}.Positions", {0: "a", 1: "b", 2: "c"}),
        ("class", f"{__name__}.Anything", {0: "position"}),
        ("class", "sumtask.SumTask", {"a": 4}),
        ("method", f"{EXAMPLES}.simplemethods.add", {0: 1, 1: 2}),
        ("method", f"{EXAMPLES}.simplemethods.append", {"1": "b", "0": "a"}),
        ("method", f"{EXAMPLES}.addfunc.addfunc", {"arg": 5}),
        ("method", "builtins.dict", {"x": 1}),
        ("ppfmethod", f"{ACTORS}.pythonActorAddWithoutSleep.run", {"value": 1, "x": 3}),
        ("ppfmethod", f"{ACTORS}.pythonActorAddA.run", {"_ppfdict": {"a": 4, "x": 3}}),
        ("ppfmethod", f"{ACTORS}.pythonActorAddA.run", {"a": 1, "_ppfdict": {"a": 4}}),
        ("ppfmethod", f"{ACTORS}.pythonActorAddB.run", {"b": 3}),
        ("ppfmethod", f"{ACTORS}.pythonActorCheck.run", {"value": 9, "limit": 9}),
        ("ppfmethod", f"{ACTORS}.pythonActorTest.run", {"name": "x"}),
        ("ppfmethod", f"{ACTORS}.pythonActorDiamondTest.no_processing", {"_ppfdict": {"e": 1}}),
        ("ppfport", None, {"_ppfdict": {"a": 1, "b": 3}}),
        ("ppfport", None, {}),
        ("script", "echo a b", {"n": 1, "all": "", "0": "x", "_capture_output": True}),
        ("script", "ls /no/such/place", {"_capture_output": True}),
        ("script", "ls /no/such/place", {"_capture_output": True, "_merge_err": True}),
        ("script", "true", {1: "a", 3: "b"}),
    ],
)
def test_a_task_gives_the_same_outputs_here_as_under_ewokscore(task_type, identifier, inputs):
    assert here(task_type, identifier, inputs) == there(task_type, identifier, inputs)


def test_a_generated_task_gives_the_same_outputs():
    generator = {"task_generator": f"{__name__}.generate"}

    assert here("generated", "peer.one", {}, **generator) == {"name": "peer.one"}
    assert there("generated", "peer.two", {}, **generator) == {"name": "peer.two"}


@pytest.mark.parametrize(
    ("task_type", "identifier", "inputs"),
    [
        ("class", f"{EXAMPLES}.errorsumtask.ErrorSumTask", {"raise_error": True}),
        ("class", f"{EXAMPLES}.sumlist.SumList", {"list": None}),
        ("ppfmethod", f"{ACTORS}.pythonActorAddA.run", {}),
        ("ppfmethod", f"{ACTORS}.pythonErrorHandlerTest.run", {"name": "x"}),
        ("method", f"{EXAMPLES}.addfunc.addfunc", {"arg": "text"}),
        ("script", "false", {"_raise_on_error": True}),
    ],
)
def test_a_failure_has_the_same_original_exception(task_type, identifier, inputs):
    with pytest.raises(RuntimeError) as expected:
        there(task_type, identifier, inputs)
    with pytest.raises(TaskError) as failure:
        here(task_type, identifier, inputs)

    cause = failure.value.__cause__
    assert type(cause) is type(expected.value.__cause__)
    assert str(cause) == str(expected.value.__cause__)


def test_the_interface_is_that_of_the_wrapped_class():
    measure = resolve_task("class", f"{__name__}.Measure")

    assert issubclass(measure, ForeignTask)
    assert (measure.wrapped, measure.__name__, measure.__doc__) == (Measure, "Measure", "Measure a window.")
    assert (measure.required_input_names(), measure.optional_input_names()) == (("low",), ("high",))
    assert measure.output_names() == ("width",)
    assert (measure.input_model(), measure.output_model()) == (Window, Width)
    assert measure.identifier() == f"{__name__}.Measure"
    assert resolve_task("class", f"{__name__}.Positions").n_required_positional_inputs() == 2


def test_a_missing_input_is_refused_before_anything_runs():
    with pytest.raises(InputError, match="input 'a': is required"):
        resolve_task("class", f"{EXAMPLES}.sumtask.SumTask")(inputs={})


def test_a_value_that_the_model_refuses_is_a_bad_input():
    with pytest.raises(InputError, match="valid integer"):
        here("class", f"{__name__}.Measure", {"low": "wide"})


def test_an_unexpected_input_reaches_the_wrapped_task_which_warns():
    with pytest.warns(TaskInputWarning, match="Unexpected inputs"):
        outputs = here("class", f"{__name__}.Anything", {"x": 1})

    assert outputs == {"given": {"x": 1}}


def test_an_output_that_was_not_set_is_missing():
    outputs = here("class", f"{__name__}.Anything", {})

    assert outputs == {"given": {}}
    assert not any(missing_data.is_missing_data(value) for value in outputs.values())


def test_the_wrapped_task_knows_its_node_and_sends_no_events():
    task = resolve_task("class", f"{__name__}.Place")(
        node_id=("sub", "n"), label="Here", execinfo={"job_id": "1"}
    )

    task.execute()

    assert task.outputs.place == (("sub", "n"), "Here", None)


def test_task_options_are_arguments_of_the_constructor_as_in_ewoks():
    task = resolve_task("class", f"{__name__}.Configured")(options={"option": "fast"})

    task.execute()

    assert task.outputs.option == "fast"


def test_progress_of_the_wrapped_task_is_that_of_the_task():
    reported = []
    task = resolve_task("class", f"{EXAMPLES}.sumlist.SumList")(
        inputs={"list": [1, 2, 3, 4]}, on_progress=reported.append
    )

    task.execute()

    assert reported == [25.0, 50.0, 75.0, 100.0]


def start(task_class):
    started = threading.Event()
    task = task_class(inputs={"started": started})
    thread = threading.Thread(target=task.execute, kwargs={"raise_on_error": False})
    thread.start()
    assert started.wait(20)
    return task, thread


def test_cancelling_calls_cancel_of_the_wrapped_task():
    task, thread = start(resolve_task("class", f"{__name__}.Patient"))

    task.cancel()
    thread.join(20)

    assert isinstance(task.exception, Cancelled)
    assert isinstance(task.exception.__cause__, RuntimeError)


def test_a_wrapped_task_without_cancel_may_look_whether_it_is_cancelled():
    task, thread = start(resolve_task("class", f"{__name__}.Watchful"))

    task.cancel()
    thread.join(20)

    assert task.get_output_values() == {"noticed": True}


def test_a_wrapped_class_is_not_a_function():
    with pytest.raises(GraphError, match="its task type is 'class'"):
        resolve_task("method", f"{__name__}.Anything")


def test_a_graph_of_ewoks_tasks_runs():
    graph = {
        "graph": {"id": "mixed"},
        "nodes": [
            {
                "id": "sum",
                "task_type": "class",
                "task_identifier": f"{EXAMPLES}.sumtask.SumTask",
                "default_inputs": [{"name": "a", "value": 1}],
            },
            {"id": "more", "task_type": "method", "task_identifier": f"{EXAMPLES}.addfunc.addfunc"},
        ],
        "links": [
            {
                "source": "sum",
                "target": "more",
                "data_mapping": [{"source_output": "result", "target_input": "arg"}],
            }
        ],
    }

    result = run_graph(graph, inputs=[{"name": "b", "value": 4}])

    assert result.outputs == {"return_value": 6}
