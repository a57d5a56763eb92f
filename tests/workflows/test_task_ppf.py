import pytest

from workflows import InputError, TaskError
from workflows.catalog.resolve import resolve_task
from workflows.tasks.ppf import ppf_task


def add_one(a=None, **others):
    return {"a": a + 1, "is_done": a == 1}


def exact(a):
    return {"b": a}


def nothing(**items):
    return None


def run(task_class, inputs):
    task = task_class(inputs=inputs)
    task.execute()
    return task.get_output_values()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"a": 1}, {"a": 2, "is_done": True}),
        ({"a": 1, "x": "kept"}, {"a": 2, "is_done": True, "x": "kept"}),
        ({"_ppfdict": {"a": 3, "x": 0}}, {"a": 4, "is_done": False, "x": 0}),
        ({"a": 1, "_ppfdict": {"a": 5}}, {"a": 6, "is_done": False}),
        ({"a": 1, "_ppfdict": None}, {"a": 2, "is_done": True}),
    ],
)
def test_the_dict_of_inputs_is_updated_with_what_the_function_returns(inputs, expected):
    assert run(ppf_task(add_one), inputs) == {"_ppfdict": expected}


def test_the_dict_that_was_given_is_not_changed():
    given = {"a": 1}

    run(ppf_task(add_one), {"_ppfdict": given})

    assert given == {"a": 1}


def test_a_function_that_does_not_take_all_items_fails():
    with pytest.raises(TaskError, match="unexpected keyword argument 'x'"):
        run(ppf_task(exact), {"_ppfdict": {"a": 1, "x": 2}})


def test_a_function_returns_a_dict():
    with pytest.raises(TaskError, match="nothing failed: TypeError: it must return a dict, not NoneType"):
        run(ppf_task(nothing), {})


def test_positions_are_refused():
    with pytest.raises(InputError, match="input 0: there is no such input"):
        ppf_task(add_one)(inputs={0: 1})


def test_the_interface_tells_the_parameters_and_that_outputs_are_inside_the_dict():
    interface = ppf_task(exact).interface

    assert (interface.required, interface.optional) == ((), ("_ppfdict", "a"))
    assert (interface.outputs, interface.nested_output) == (("_ppfdict",), "_ppfdict")
    assert interface.accepts("anything")


def test_a_port_hands_on_what_it_gets():
    port = resolve_task("ppfport", None)

    assert run(port, {"b": 2, "_ppfdict": {"a": 1, "b": 3}}) == {"_ppfdict": {"a": 1, "b": 3}}
    assert run(port, {}) == {"_ppfdict": {}}
    assert port.interface.nested_output == "_ppfdict"
