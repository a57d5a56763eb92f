"""What tasks that were written for ewoks expect of their base class."""

from typing import Any

import pytest
from pydantic import BaseModel, Field
from workflow_samples import Add, Fail

from workflows import MISSING_DATA, Cancelled, CancelToken, GraphError, InputError, Task, TaskError
from workflows.tasks.task import TaskWithProgress
from workflows.tasks.validation import BaseInputModel, BaseOutputModel


class Bar:
    """Notes what a progress bar of ewoks would show."""

    def __init__(self):
        self.shown = []

    @property
    def progress(self):
        return self.shown[-1] if self.shown else 0

    @progress.setter
    def progress(self, value):
        self.shown.append(value)


class Positions(Task, input_names=["a"], n_required_positional_inputs=2, register=False):
    pass


def test_the_names_of_a_task_are_in_order_and_behave_as_sets():
    names = Add.input_names()

    assert names == ("a", "b")
    assert names == {"b", "a"}
    assert names != {"a"}
    assert names != ("b", "a")
    assert Add.required_input_names() | Add.optional_input_names() == {"a", "b"}
    assert {"a", "x"} - names == {"x"}
    assert {"x"} | names == {"a", "b", "x"}
    assert {"a", "x"} & names == names & ["a", "x"] == {"a"}
    assert names - {"a"} == ("b",)


def test_a_class_tells_its_positions_and_models():
    class Given(BaseModel):
        a: int

    class Modelled(Task, input_model=Given, output_model=Given, register=False):
        pass

    assert Positions.n_required_positional_inputs() == 2
    assert (Modelled.input_model(), Modelled.output_model()) == (Given, Given)
    assert (Add.input_model(), Add.output_model()) == (None, None)


def test_a_task_counts_and_orders_its_positions():
    task = Positions(inputs={2: "c", "1": "b", 0: "a", "a": 0})

    assert task.n_positional_inputs == 3
    assert task.get_positional_input_values() == ("a", "b", "c")
    assert task.get_named_input_values() == {"a": 0}


def test_outputs_are_read_with_a_default():
    task = Add(inputs={"a": 1})

    assert task.get_output_value("total") is MISSING_DATA
    assert task.get_output_value("total", 7) == 7
    task.execute()
    assert task.get_output_value("total", 7) == 1
    with pytest.raises(KeyError, match="no output 'sum'"):
        task.get_output_value("sum")


def test_the_old_spellings_of_values_are_read():
    task = Add(inputs={"a": 1})

    task.execute()

    assert (task.input_values, task.output_values) == ({"a": 1}, {"total": 1})


def test_a_task_knows_its_place():
    told = {"job_id": "job 1", "workflow_id": "demo"}

    task = Add({"a": 1}, {"root_uri": "/nowhere"}, node_id=("sub", ("deep", "add")), execinfo=told)
    alone = Add({"a": 1})

    assert (task.node_id, task.label) == (("sub", ("deep", "add")), "sub:deep:add")
    assert (task.job_id, task.workflow_id) == ("job 1", "demo")
    assert Add({"a": 1}, node_id="n", label="Sum").label == "Sum"
    assert (alone.node_id, alone.label, alone.job_id, alone.workflow_id) == (None, "Add", None, None)
    assert alone.task_identifier == Add.identifier()


def test_a_class_is_found_by_its_name_or_the_end_of_it():
    whole = Add.identifier()

    assert Task.get_subclass(whole) is Task.get_subclass("workflow_samples.Add") is Add
    task = Task.instantiate(whole, inputs={"a": 2})
    assert (type(task), task.get_input_values()) == (Add, {"a": 2})
    assert whole in Task.get_subclass_names()


def test_the_end_of_a_name_is_completed_when_only_one_class_has_it():
    class OnlyOneOfThisName(Task):
        pass

    assert Task.get_subclass("OnlyOneOfThisName") is OnlyOneOfThisName
    with pytest.raises(GraphError, match="there is no task class 'OnlyOneOfThatName'"):
        Task.get_subclass("OnlyOneOfThatName")


def test_a_class_may_have_another_identifier_than_its_dotted_name():
    class Named(Task, registry_name="beamline.special.Named"):
        pass

    class Child(Named):
        pass

    assert Named.identifier() == Named().task_identifier == "beamline.special.Named"
    assert Task.get_subclass("beamline.special.Named") is Named
    assert Child.identifier().endswith(".Child")
    with pytest.raises(TypeError, match="the registry name 'beamline"):

        class Other(Task, registry_name="beamline.special.Named"):
            pass


def test_errors_are_noted_when_they_are_not_to_be_raised():
    task = Fail()

    task.execute(raise_on_error=False)

    assert (task.done, task.succeeded, task.failed) == (True, False, True)
    assert isinstance(task.exception, TaskError)
    assert isinstance(task.exception.__cause__, ValueError)


def test_a_task_runs_again_when_asked_to():
    class Count(Task, input_names=["seen"], output_names=["n"], register=False):
        def run(self):
            self.inputs.seen.append(1)
            self.outputs.n = len(self.inputs.seen)

    task = Count(inputs={"seen": []})
    task.execute()
    task.execute(force_rerun=True)

    assert task.outputs.n == 2


def test_a_reset_task_is_as_new():
    task = Add(inputs={"a": 1})
    task.execute()
    task.cancel()

    task.reset_state()

    assert (task.done, task.succeeded, task.failed, task.exception) == (False, False, False, None)
    assert (task.cancelled, task.get_output_values()) == (False, {})
    assert task.is_ready_to_execute


def test_a_task_lets_go_of_its_inputs_when_asked_to():
    task = Add(inputs={"a": 1})

    task.execute(cleanup_references=True)

    assert (task.get_input_values(), task.outputs.total) == ({}, 1)
    assert not task.is_ready_to_execute


def test_progress_is_shown_by_the_object_that_was_given():
    class Halves(TaskWithProgress, register=False):
        def run(self):
            self.progress = 50
            self.progress = 100.0

    bar = Bar()
    Halves(progress=bar).execute()

    assert bar.shown == [50, 100]


def test_a_task_is_cancelled_with_the_run_it_belongs_to():
    run = CancelToken()
    task = Add(inputs={"a": 1}, cancel=run)

    run.cancel()

    assert task.cancelled
    with pytest.raises(Cancelled):
        task.check_cancelled()


def test_a_task_may_mark_itself_as_cancelled():
    task = Add(inputs={"a": 1})

    task.cancelled = True

    with pytest.raises(Cancelled):
        task.execute()


def test_bad_inputs_are_value_errors_and_failures_are_runtime_errors():
    with pytest.raises(ValueError, match="is required"):
        Add()
    with pytest.raises(RuntimeError, match="upside down"):
        Fail().execute()


def test_base_models_take_values_of_any_type():
    class Given(BaseInputModel):
        thing: Bar

    class Made(BaseOutputModel):
        thing: Bar

    class HandOn(Task, input_model=Given, output_model=Made, register=False):
        def run(self):
            self.outputs.thing = self.inputs.thing

    bar = Bar()
    task = HandOn(inputs={"thing": bar})
    task.execute()

    assert task.outputs.thing is bar
    with pytest.raises(InputError, match="input 'thing'"):
        HandOn(inputs={"thing": 1}).execute()


def test_a_default_of_missing_data_in_a_model_stays_missing():
    class Given(BaseInputModel):
        one: int
        two: Any = MISSING_DATA

    class Modelled(Task, input_model=Given, register=False):
        def run(self):
            pass

    task = Modelled(inputs={"one": "1"})
    task.execute()

    assert task.get_input_values() == {"one": 1}
    assert task.missing_inputs.two


def test_a_deprecated_input_is_warned_of_only_when_it_is_given():
    class Given(BaseModel):
        old: int = Field(2, deprecated="use new")

    class Modelled(Task, input_model=Given, output_names=["old"], register=False):
        def run(self):
            self.outputs.old = self.inputs.old

    task = Modelled()
    task.execute()
    with pytest.warns(DeprecationWarning, match="use new"):
        Modelled(inputs={"old": 3}).execute()

    assert task.outputs.old == 2
