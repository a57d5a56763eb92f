import operator

import pytest
from workflow_samples import add, describe

from workflows import InputError, TaskError
from workflows.tasks.functions import function_task


def call(function, inputs):
    task = function_task(function)(inputs=inputs)
    task.execute()
    return task.outputs.return_value


def keyword_only(*, a, b=1):
    return a, b


def any_number(*numbers):
    return sum(numbers)


@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [
        (add, {"a": 1, "b": 2}, 3),
        (add, {0: 1, "b": 2}, 3),
        (add, {"0": 1, "1": 2}, 3),
        (add, {"a": 1}, 1),
        (keyword_only, {"a": 1}, (1, 1)),
        (any_number, {0: 1, 1: 2, 2: 3}, 6),
        (describe, {"x": 1, "y": 2}, ["x", "y"]),
        (operator.sub, {0: 5, 1: 3}, 2),
        (max, {0: 5, 1: 3}, 5),
    ],
)
def test_names_are_keywords_and_positions_are_positional(function, inputs, expected):
    assert call(function, inputs) == expected


@pytest.mark.parametrize(
    ("function", "inputs", "message"),
    [
        (add, {}, "add, input 'a': is required but was not given"),
        (add, {"b": 1}, "add, input 'a': is required but was not given"),
        (add, {"a": 1, "bb": 1}, "add, input 'bb': there is no such input; did you mean 'b'?"),
        (add, {0: 1, 1: 2, 2: 3}, "add, input 2: there is no such input; known: 'a', 'b'"),
        (add, {0: 1, "a": 2}, "add, input 'a': is given twice, also as position 0"),
        (add, {1: 1, "a": 2}, "add, input 0: is required but was not given"),
        (keyword_only, {0: 1}, "keyword_only, input 0: there is no such input; known: 'a', 'b'"),
        (operator.sub, {0: 5}, "sub, input 1: is required but was not given"),
        (operator.sub, {"a": 5}, "sub, input 'a': there is no such input"),
    ],
)
def test_what_the_signature_does_not_accept_is_refused(function, inputs, message):
    with pytest.raises(InputError) as refusal:
        function_task(function)(inputs=inputs)

    assert refusal.value.message == message


def test_an_exception_of_the_function_is_a_task_error():
    with pytest.raises(TaskError, match="add failed: TypeError"):
        call(add, {"a": 1, "b": "x"})


def test_a_function_task_has_the_name_and_the_text_of_its_function():
    task = function_task(add)

    assert (task.__name__, task.__doc__) == ("add", "Add two numbers.")
