import copy
import pickle

import pytest
from pydantic import BaseModel
from workflow_samples import Add, AppendOne, Fail, Forget, Halfway, Refuse, Width, Window

from workflows import (
    MISSING_DATA,
    Cancelled,
    InputError,
    Task,
    TaskError,
    is_missing_data,
)
from workflows.errors import InputWarning


def test_a_task_computes_its_outputs_from_its_inputs():
    task = Add(inputs={"a": 1, "b": 2})

    task.execute()

    assert task.get_output_values() == {"total": 3}
    assert (task.done, task.succeeded, task.failed, task.exception) == (True, True, False, None)


def test_a_subclass_adds_names_to_those_it_inherits():
    class Scaled(
        Add, input_names=["factor"], optional_input_names=["a"], output_names=["scaled"], register=False
    ):
        pass

    assert Scaled.required_input_names() == ("a", "factor")
    assert Scaled.optional_input_names() == ("b",)
    assert Scaled.input_names() == ("a", "factor", "b")
    assert Scaled.output_names() == ("total", "scaled")


def test_a_misspelt_class_keyword_is_refused_with_a_suggestion():
    with pytest.raises(TypeError, match="'input_name'; did you mean 'input_names'"):

        class Misspelt(Task, input_name=["a"]):
            pass


@pytest.mark.parametrize("names", ["abc", [1], [""]])
def test_names_are_texts_in_a_list(names):
    with pytest.raises(TypeError, match="must be a list of names"):

        class BadNames(Task, input_names=names):
            pass


def test_names_and_a_model_are_not_mixed():
    with pytest.raises(TypeError, match="not by both"):

        class Mixed(Task, input_names=["a"], input_model=Window):
            pass

    with pytest.raises(TypeError, match="not by both"):

        class MixedLater(Width, input_names=["a"]):
            pass


def test_the_model_of_a_subclass_derives_from_the_inherited_one():
    class Other(BaseModel):
        low: float

    with pytest.raises(TypeError, match="must derive from the inherited Window"):

        class Wider(Width, input_model=Other):
            pass


def test_a_missing_input_is_refused_by_name():
    with pytest.raises(InputError) as refusal:
        Add(inputs={"b": 1})

    assert refusal.value.message == "Add, input 'a': is required but was not given"
    assert (refusal.value.code, refusal.value.input_name) == ("bad_input", "a")


def test_an_unexpected_input_is_kept_with_a_warning_that_suggests_a_name():
    class Bins(Task, optional_input_names=["n_bins"], register=False):
        pass

    with pytest.warns(InputWarning) as warned:
        task = Bins(inputs={"n_bin": 1}, node_id="integrate")

    expected = "node 'integrate' (Bins), input 'n_bin': there is no such input; did you mean 'n_bins'?"
    assert [str(warning.message) for warning in warned] == [expected]
    assert warned[0].filename == __file__
    assert task.get_input_values() == {"n_bin": 1}
    assert task.inputs.n_bin == 1


def test_an_unexpected_input_is_warned_of_each_time():
    inputs = {"a": 1, "c": 2}

    with pytest.warns(InputWarning) as warned:
        _ = [Add(inputs=inputs), Add(inputs=inputs)]

    assert len(warned) == 2


def test_missing_data_counts_as_not_given():
    task = Add(inputs={"a": 1, "b": MISSING_DATA})

    assert task.missing_inputs.b is True
    assert task.missing_inputs["a"] is False
    assert task.get_input_values() == {"a": 1}
    with pytest.raises(InputError):
        Add(inputs={"a": MISSING_DATA})


def test_missing_data_is_false_and_survives_copies():
    copies = [copy.copy(MISSING_DATA), copy.deepcopy(MISSING_DATA), pickle.loads(pickle.dumps(MISSING_DATA))]

    assert all(is_missing_data(each) for each in copies)
    assert not MISSING_DATA
    assert not is_missing_data(None)


def test_inputs_are_read_by_attribute_name_and_position():
    class Mixed(Task, input_names=["a"], n_required_positional_inputs=1, register=False):
        pass

    task = Mixed(inputs={"a": "named", "0": "first", 1: "second"})

    assert (task.inputs.a, task.inputs["a"], task.inputs[0], task.inputs[1]) == (
        "named",
        "named",
        "first",
        "second",
    )
    assert task.get_named_input_values() == {"a": "named"}
    assert task.get_positional_input_values() == ("first", "second")


def test_positions_have_no_gaps():
    class Positions(Task, n_required_positional_inputs=1, register=False):
        pass

    for inputs, missing in (({}, 0), ({0: "x", 2: "z"}, 1)):
        with pytest.raises(InputError) as refusal:
            Positions(inputs=inputs)
        assert refusal.value.input_name == missing


def test_a_task_without_positions_warns_of_one():
    with pytest.warns(InputWarning, match="input 0: there is no such input"):
        task = Add(inputs={"a": 1, 0: 5})

    assert task.inputs[0] == 5


def test_inputs_are_read_only():
    task = Add(inputs={"a": 1})

    with pytest.raises(AttributeError, match="read only"):
        task.inputs.a = 2
    with pytest.raises(TypeError):
        task.inputs["a"] = 2
    assert task.inputs.a == 1


def test_names_that_do_not_exist_are_refused_with_a_suggestion():
    task = Add(inputs={"a": 1})

    with pytest.raises(AttributeError, match="no output 'totl'; did you mean 'total'"):
        task.outputs.totl = 1
    with pytest.raises(KeyError, match="no output 'totl'"):
        task.outputs["totl"] = 1
    with pytest.raises(AttributeError, match="no input 'c'"):
        _ = task.inputs.c
    with pytest.raises(KeyError, match="no input 'c'"):
        task.get_input_value("c", 1)
    with pytest.raises(IndexError):
        _ = task.inputs[0]


def test_an_input_that_was_not_given_has_the_default_of_the_caller():
    task = Add(inputs={"a": 1})

    assert task.get_input_value("b") is MISSING_DATA
    assert task.get_input_value("b", 5) == 5
    assert task.inputs.b is MISSING_DATA


def test_none_is_a_value():
    task = Add(inputs={"a": None})

    assert task.get_input_value("a", 5) is None


def test_a_failure_is_a_task_error_chained_to_its_cause():
    task = Fail(node_id="turn", label="Turn it")

    with pytest.raises(TaskError) as failure:
        task.execute()

    assert failure.value.message == "node 'turn' (Fail) failed: ValueError: the detector is upside down"
    assert (failure.value.code, failure.value.node_id, failure.value.label) == (
        "task_failed",
        "turn",
        "Turn it",
    )
    assert isinstance(failure.value.__cause__, ValueError)
    assert (task.done, task.succeeded, task.failed) == (True, False, True)
    assert task.exception is failure.value


def test_a_refusal_by_the_author_names_node_and_input():
    with pytest.raises(InputError) as refusal:
        Refuse(inputs={"a": -1}, node_id="check").execute()

    assert refusal.value.message == "node 'check' (Refuse), input 'a': must be positive"


def test_exit_in_a_task_is_a_failure():
    class Leave(Task, register=False):
        def run(self):
            raise SystemExit(3)

    with pytest.raises(TaskError, match="SystemExit: 3"):
        Leave().execute()


def test_a_task_that_implements_nothing_fails():
    class Nothing(Task, register=False):
        pass

    with pytest.raises(TaskError, match=r"does not implement run\(\)"):
        Nothing().execute()


def test_an_error_keeps_its_place_when_it_is_pickled():
    error = InputError("too long", input_name="a", node_id="n", task_name="T")

    copied = pickle.loads(pickle.dumps(error))

    assert copied.message == error.message == "node 'n' (T), input 'a': too long"


def test_outputs_that_were_not_set_are_missing_and_not_an_error():
    task = Forget()

    task.execute()

    assert task.succeeded
    assert task.missing_outputs.total
    assert task.get_output_values() == {}


def test_a_model_validates_converts_and_fills_in():
    task = Width(inputs={"low": "2.5"})

    task.execute()

    assert task.outputs.width == 7.5
    assert Width.required_input_names() == ("low",)
    assert Width.optional_input_names() == ("high",)


def test_a_model_refuses_by_name():
    with pytest.raises(InputError) as refusal:
        Width(inputs={"low": -1}, node_id="w").execute()

    assert (
        refusal.value.message == "node 'w' (Width), input 'low': Input should be greater than or equal to 0"
    )


def test_an_output_model_holds_the_task_to_its_promise():
    class Promised(BaseModel):
        total: int

    class Breach(Task, output_model=Promised, register=False):
        def run(self):
            self.outputs.total = "many"

    with pytest.raises(TaskError, match="ValidationError"):
        Breach().execute()


def test_progress_is_reported_when_it_moves_and_stays_within_0_and_100():
    reported = []

    Halfway(on_progress=reported.append).execute()
    Halfway().execute()

    assert reported == [50.0, 100.0]


def test_a_cancelled_task_stops_where_it_looks():
    task = AppendOne(inputs={"items": []})

    task.cancel()

    assert task.cancelled
    with pytest.raises(Cancelled):
        task.check_cancelled()
    with pytest.raises(Cancelled):
        task.execute()
    assert task.inputs.items == []


def test_a_failure_caused_by_cancelling_is_not_a_failure():
    class Killed(Task, register=False):
        def run(self):
            self.cancel()
            raise OSError("the process was killed")

    with pytest.raises(Cancelled) as stop:
        Killed().execute()

    assert isinstance(stop.value.__cause__, OSError)
